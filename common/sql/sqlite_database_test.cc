#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/sql/database.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class SqliteFileTest : public ::testing::Test {
 protected:
  SqliteFileTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    database_ = Open();
  }
  ~SqliteFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return (folder_ / "a.db").string(); }
  std::unique_ptr<Database> Open() const {
    auto opened = OpenSqlite({.path = Path()});
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_sqlite_{}", ::getpid());
  std::unique_ptr<Database> database_;
};

TEST_F(SqliteFileTest, OnlyTheOwnerMayReadAnyOfTheFiles) {
  for (const auto& each : std::filesystem::directory_iterator(folder_)) {
    struct stat info;
    ASSERT_EQ(::stat(each.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << each.path();
  }
}

TEST_F(SqliteFileTest, AFileThatWasOpenToOthersIsClosedToThem) {
  database_.reset();
  ::chmod(Path().c_str(), 0644);
  database_ = Open();
  struct stat info;
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SqliteFileTest, AFolderThatIsNotThereIsUnavailable) {
  EXPECT_THAT(OpenSqlite({.path = (folder_ / "no" / "a.db").string()}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a.db")));
}

TEST_F(SqliteFileTest, AFileOfSomethingElseIsDataLoss) {
  const std::string path = (folder_ / "b.db").string();
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_THAT(OpenSqlite({.path = path}), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace weir::sql
