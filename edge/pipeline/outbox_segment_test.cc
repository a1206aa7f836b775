#include "edge/pipeline/outbox_segment.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/testing/new_folder.h"
#include "common/testing/status_matchers.h"
#include "edge/pipeline/outbox_record.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::weir::testing::IsOk;
using ::weir::testing::NewFolder;
using ::weir::testing::StatusIs;

std::string FrameOf(const std::string& request) {
  edge::v1::OutboxRecord record;
  record.mutable_closed()->set_request_id(request);
  std::string frame;
  AppendFrame(record, frame);
  return frame;
}
std::vector<std::string> RequestsIn(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> requests;
  EXPECT_EQ(
      ReadFrames(bytes, [&](const auto& each) { requests.push_back(each.closed().request_id()); }),
      0U);
  return requests;
}

class OutboxSegmentTest : public ::testing::Test {
 protected:
  std::unique_ptr<OutboxSegment> New(uint64_t bytes) {
    auto made = OutboxSegment::Create(path_, bytes);
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  const std::string folder_ = NewFolder();
  const std::string path_ = folder_ + "/one";
};

TEST_F(OutboxSegmentTest, AFrameIsInTheFileAtOnceAndTheFileIsCutToItsFrames) {
  auto segment = New(4096);
  EXPECT_EQ(std::filesystem::file_size(path_), 4096U);
  EXPECT_THAT(RequestsIn(path_), IsEmpty());
  ASSERT_TRUE(segment->Append(FrameOf("a")));
  ASSERT_TRUE(segment->Append(FrameOf("b") + FrameOf("c")));
  EXPECT_THAT(RequestsIn(path_), ElementsAre("a", "b", "c"));
  const uint64_t used = segment->used();
  segment.reset();
  EXPECT_EQ(std::filesystem::file_size(path_), used);
  EXPECT_THAT(RequestsIn(path_), ElementsAre("a", "b", "c"));
}

TEST_F(OutboxSegmentTest, WhatDoesNotFitWithItsEndIsNotWritten) {
  const std::string frame = FrameOf("a");
  auto segment = New(2 * frame.size() + OutboxSegment::kEndBytes);
  EXPECT_TRUE(segment->Append(frame));
  EXPECT_FALSE(segment->Append(frame + frame));
  EXPECT_THAT(RequestsIn(path_), ElementsAre("a"));
  EXPECT_TRUE(segment->Append(frame)) << "exactly full";
  EXPECT_FALSE(segment->Append(frame));
  EXPECT_THAT(RequestsIn(path_), ElementsAre("a", "a"));
}

// Shorter frames than before leave the old ones' rest behind them.
TEST_F(OutboxSegmentTest, NothingOldIsReadOnceItIsCleared) {
  auto segment = New(4096);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(segment->Append(FrameOf(std::string(30, 'o'))));
  segment->Clear();
  EXPECT_THAT(RequestsIn(path_), IsEmpty());
  ASSERT_THAT(segment->Rename(folder_ + "/two"), IsOk());
  EXPECT_FALSE(std::filesystem::exists(path_));
  for (size_t length = 1; length <= 7; ++length) {
    ASSERT_TRUE(segment->Append(FrameOf(std::string(length, 'n'))));
    EXPECT_EQ(RequestsIn(folder_ + "/two").size(), length);
  }
}

TEST_F(OutboxSegmentTest, AKilledProcessLosesNothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto made = OutboxSegment::Create(path_, 4096);
    if (made.ok() && (*made)->Append(FrameOf("last"))) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(RequestsIn(path_), ElementsAre("last"));
}

TEST_F(OutboxSegmentTest, WhatCannotBeMadeIsNamed) {
  EXPECT_THAT(OutboxSegment::Create("/no/such", 4096),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/no/such")));
  auto segment = New(4096);
  EXPECT_THAT(segment->Rename("/no/such/file"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("renaming")));
  EXPECT_EQ(segment->path(), path_);
}

}  // namespace
}  // namespace weir::edge
