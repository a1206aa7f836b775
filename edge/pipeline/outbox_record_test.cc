#include "edge/pipeline/outbox_record.h"

#include <gmock/gmock.h>

#include <vector>

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

edge::v1::OutboxRecord Record(const std::string& name) {
  edge::v1::OutboxRecord record;
  record.mutable_closed()->set_request_id(name);
  record.mutable_closed()->set_attempt(2);
  return record;
}
std::string Frames(const std::vector<std::string>& names) {
  std::string file;
  for (const std::string& each : names) AppendFrame(Record(each), file);
  return file;
}
struct Read {
  std::vector<std::string> names;
  size_t left = 0;
};
Read ReadAll(std::string_view file) {
  Read read;
  read.left = ReadFrames(file, [&](const edge::v1::OutboxRecord& record) {
    read.names.push_back(record.closed().request_id());
  });
  return read;
}

TEST(OutboxRecordTest, FramesAreReadBackInOrder) {
  const Read read = ReadAll(Frames({"a", "b", std::string(1'000, 'c')}));
  EXPECT_THAT(read.names, ElementsAre("a", "b", std::string(1'000, 'c')));
  EXPECT_EQ(read.left, 0U);
}

TEST(OutboxRecordTest, AnEmptyFileHasNone) { EXPECT_THAT(ReadAll("").names, IsEmpty()); }

TEST(OutboxRecordTest, AFileCutAnywhereGivesItsWholeFrames) {
  const std::string one = Frames({"first"});
  const std::string both = Frames({"first", "second"});
  for (size_t size = 0; size < both.size(); ++size) {
    const Read read = ReadAll(std::string_view(both).substr(0, size));
    EXPECT_EQ(read.names.size(), size < one.size() ? 0U : 1U) << size;
    EXPECT_EQ(read.left, size < one.size() ? size : size - one.size()) << size;
  }
}

TEST(OutboxRecordTest, ADamagedByteEndsTheReading) {
  const std::string one = Frames({"first"});
  const std::string both = Frames({"first", "second"});
  for (size_t at = one.size(); at < both.size(); ++at) {
    std::string damaged = both;
    damaged[at] ^= 0x10;
    EXPECT_THAT(ReadAll(damaged).names, ElementsAre("first")) << at;
  }
}

TEST(OutboxRecordTest, ALengthBeyondReasonIsDamage) {
  std::string file = Frames({"a"}) + std::string("\xff\xff\xff\x7f", 4) + std::string(100, 'x');
  EXPECT_THAT(ReadAll(file).names, ElementsAre("a"));
}

TEST(OutboxRecordTest, ZerosBehindTheEndAreNoRecords) {
  // What a file system may leave of an append that a power cut interrupted.
  const Read read = ReadAll(Frames({"a"}) + std::string(64, '\0'));
  EXPECT_THAT(read.names, ElementsAre("a"));
}

TEST(OutboxRecordTest, AttemptsAreNamedByRequestAndNumber) {
  common::v1::AttemptKey key;
  key.set_request_id("abc");
  key.set_attempt(3);
  EXPECT_EQ(AttemptName(key), "abc.3");
}

}  // namespace
}  // namespace weir::edge
