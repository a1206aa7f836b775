#include "services/cache/file_mapping.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "common/testing/new_folder.h"
#include "common/testing/status_matchers.h"

namespace weir::cache {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::NewFolder;
using ::weir::testing::StatusIs;

std::string NewFile(std::string_view bytes) {
  const std::string path = NewFolder() + "/file";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(FileMappingTest, ShowsTheBytes) {
  const auto file = FileMapping::Open(NewFile("some bytes"), 10);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->bytes(), "some bytes");
}

TEST(FileMappingTest, StaysWhereItIsWhenMoved) {
  auto file = FileMapping::Open(NewFile("some"), 10);
  ASSERT_THAT(file, IsOk());
  const char* const at = file->bytes().data();
  FileMapping moved = *std::move(file);
  EXPECT_EQ(moved.bytes().data(), at);
  auto other = FileMapping::Open(NewFile("other"), 10);
  ASSERT_THAT(other, IsOk());
  *other = std::move(moved);
  EXPECT_EQ(other->bytes(), "some");
}

TEST(FileMappingTest, SaysWhatIsWrong) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(FileMapping::Open(NewFolder() + "/none", 10),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none': No such file")));
  EXPECT_THAT(FileMapping::Open(NewFolder(), 10), StatusIs(invalid, HasSubstr("no regular file")));
  EXPECT_THAT(FileMapping::Open(NewFile(""), 10),
              StatusIs(invalid, HasSubstr("has 0 bytes, want 1 to 10")));
  EXPECT_THAT(FileMapping::Open(NewFile("12345678901"), 10),
              StatusIs(invalid, HasSubstr("has 11 bytes, want 1 to 10")));
}

}  // namespace
}  // namespace weir::cache
