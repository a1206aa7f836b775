#include <gtest/gtest.h>

#include "common/sql/database.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr Migration kFirst = {.version = 1, .statements = R"(
-- The first table; it's "quoted".
CREATE TABLE a (name TEXT);
INSERT INTO a (name) VALUES ('semi;colon');  -- done; really
)"};
constexpr Migration kSecond = {.version = 2, .statements = "ALTER TABLE a ADD COLUMN size BIGINT"};
constexpr Migration kBroken = {.version = 2,
                               .statements = "CREATE TABLE b (x TEXT); CREATE TALBE c"};

class MigrateTest : public ::testing::Test {
 protected:
  absl::Status Try(const std::vector<Migration>& migrations) {
    return Migrate(*database_, "part", migrations);
  }
  absl::StatusOr<std::vector<Row>> Rows(std::string_view statement) {
    std::vector<Row> rows;
    const absl::Status read = database_->Read([&](Connection& each) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(rows, each.Query(statement));
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
    return rows;
  }
  int64_t Version() { return Rows("SELECT version FROM schema_version")->at(0).Int(0); }

  std::unique_ptr<Database> database_ = *OpenSqlite({.path = ":memory:"});
};

TEST_F(MigrateTest, AppliesAllStepsToAnEmptyFile) {
  ASSERT_THAT(Try({kFirst, kSecond}), IsOk());
  EXPECT_EQ(Rows("SELECT name, size FROM a")->at(0).Text(0), "semi;colon");
  EXPECT_EQ(Version(), 2);
}

TEST_F(MigrateTest, AppliesOnlyWhatIsMissing) {
  ASSERT_THAT(Try({kFirst}), IsOk());
  ASSERT_THAT(Try({kFirst}), IsOk());
  ASSERT_THAT(Try({kFirst, kSecond}), IsOk());
  EXPECT_EQ(Rows("SELECT name FROM a")->size(), 1u);
  EXPECT_EQ(Version(), 2);
}

TEST_F(MigrateTest, AFailureLeavesTheSchemaAsItWas) {
  ASSERT_THAT(Try({kFirst}), IsOk());
  EXPECT_THAT(Try({kFirst, kBroken}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("schema of part to version 2")));
  EXPECT_EQ(Version(), 1);
  EXPECT_THAT(Rows("SELECT x FROM b"), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(MigrateTest, ANewerSchemaIsRefused) {
  ASSERT_THAT(Try({kFirst, kSecond}), IsOk());
  EXPECT_THAT(Try({kFirst}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has version 2")));
  EXPECT_EQ(Version(), 2);
}

TEST_F(MigrateTest, ComponentsOfOneFileHaveTheirOwnVersions) {
  ASSERT_THAT(Try({kFirst, kSecond}), IsOk());
  constexpr Migration kOther[] = {{.version = 1, .statements = "CREATE TABLE other (x TEXT)"}};
  ASSERT_THAT(Migrate(*database_, "other", kOther), IsOk());
  EXPECT_EQ(Rows("SELECT component FROM schema_version")->size(), 2u);
}

TEST_F(MigrateTest, VersionsCountFromOneWithoutGaps) {
  EXPECT_THAT(Try({kSecond}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Try({kFirst, kFirst}), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace weir::sql
