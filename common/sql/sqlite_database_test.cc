#include "common/sql/sqlite_database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

// Every case on a file and in memory.
class SqliteDatabaseTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              fmt::format("weir_sql_{}_{}", ::getpid(), GetParam());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    database_ = Open();
    Write(
        "CREATE TABLE item (name TEXT NOT NULL PRIMARY KEY, count BIGINT, ratio DOUBLE PRECISION,"
        " body BYTEA, parent TEXT REFERENCES item (name))");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return GetParam() ? (folder_ / "a.db").string() : ":memory:"; }
  std::unique_ptr<Database> Open() const {
    auto opened = OpenSqlite({.path = Path()});
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }
  absl::Status Try(std::string_view statement, const std::vector<Value>& params = {}) {
    return database_->Write(
        [&](Connection& each) { return each.Execute(statement, params).status(); });
  }
  void Write(std::string_view statement, const std::vector<Value>& params = {}) {
    EXPECT_THAT(Try(statement, params), IsOk());
  }
  std::vector<Row> Rows(std::string_view statement, const std::vector<Value>& params = {}) {
    std::vector<Row> rows;
    EXPECT_THAT(database_->Read([&](Connection& each) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(rows, each.Query(statement, params));
      return absl::OkStatus();
    }),
                IsOk());
    return rows;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Database> database_;
};
INSTANTIATE_TEST_SUITE_P(Places, SqliteDatabaseTest, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "File" : "Memory"; });

TEST_P(SqliteDatabaseTest, BringsBackEveryType) {
  const std::string bytes("\0\xff\x01'", 4);
  const std::string text = std::string("a\0b", 3) + "\xc3\xa9";
  Write("INSERT INTO item (name, count, ratio, body) VALUES ($1, $2, $3, $4)",
        {text, std::numeric_limits<int64_t>::min(), 0.1, Blob{bytes}});
  const std::vector<Row> rows = Rows("SELECT name, count, ratio, body, parent FROM item");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].size(), 5u);
  EXPECT_EQ(rows[0].Text(0), text);
  EXPECT_EQ(rows[0].Int(1), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(rows[0].Real(2), 0.1);
  EXPECT_EQ(rows[0].Bytes(3), bytes);
  EXPECT_TRUE(rows[0].IsNull(4));
  EXPECT_FALSE(rows[0].IsNull(0));
}

TEST_P(SqliteDatabaseTest, AColumnOfAnotherTypeReadsAsEmpty) {
  Write("INSERT INTO item (name, count) VALUES ('a', 7)");
  const Row row = Rows("SELECT name, count FROM item").at(0);
  EXPECT_EQ(row.Int(0), 0);
  EXPECT_EQ(row.Text(1), "");
  EXPECT_EQ(row.Bytes(0), "");
  EXPECT_EQ(row.Real(1), 0.0);
  EXPECT_TRUE(row.IsNull(2));
  EXPECT_EQ(row.Text(2), "");
}

TEST_P(SqliteDatabaseTest, EmptyTextAndBytesAreNotNull) {
  Write("INSERT INTO item (name, body) VALUES ($1, $2)", {std::string(), Blob{}});
  const Row row = Rows("SELECT name, body FROM item").at(0);
  EXPECT_FALSE(row.IsNull(0));
  EXPECT_FALSE(row.IsNull(1));
}

TEST_P(SqliteDatabaseTest, ParametersGoByTheirNumber) {
  Write("INSERT INTO item (count, name, ratio) VALUES ($2, $1, $2)",
        {std::string("a"), int64_t{5}});
  const Row row = Rows("SELECT name, count, ratio FROM item WHERE count = $1", {int64_t{5}}).at(0);
  EXPECT_EQ(row.Text(0), "a");
  EXPECT_EQ(row.Int(1), 5);
  EXPECT_EQ(row.Real(2), 5.0);
}

TEST_P(SqliteDatabaseTest, BorrowedValuesAreStoredAsTheyAre) {
  const std::string bytes("\0\xff\x01'", 4);
  const std::string text = std::string("a\0b", 3) + "\xc3\xa9";
  EXPECT_THAT(database_->Write([&](Connection& each) -> absl::Status {
    const ValueView full[] = {text, int64_t{-1}, 0.1, BlobView{bytes}, std::monostate()};
    constexpr std::string_view kInsert =
        "INSERT INTO item (name, count, ratio, body, parent) VALUES ($1, $2, $3, $4, $5)";
    EXPECT_EQ(*each.Execute(kInsert, full), 1);
    const ValueView empty[] = {std::string_view(), int64_t{0}, 0.0, BlobView{}, std::monostate()};
    return each.Execute(kInsert, empty).status();
  }),
              IsOk());
  const std::vector<Row> rows = Rows("SELECT name, count, ratio, body, parent FROM item");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Text(0), text);
  EXPECT_EQ(rows[0].Int(1), -1);
  EXPECT_EQ(rows[0].Real(2), 0.1);
  EXPECT_EQ(rows[0].Bytes(3), bytes);
  EXPECT_TRUE(rows[0].IsNull(4));
  EXPECT_FALSE(rows[1].IsNull(0));
  EXPECT_FALSE(rows[1].IsNull(3));
}

TEST_P(SqliteDatabaseTest, AWrongStatementIsInternal) {
  const std::vector<std::pair<std::string, std::vector<Value>>> kCases = {
      {"SELECT nothing FROM nowhere", {}},
      {"INSERT INTO item (name) VALUES ($1)", {}},
      {"INSERT INTO item (name) VALUES ($2)", {std::string("a")}},
      {"DELETE FROM item; DELETE FROM item", {}},
      {"", {}}};
  for (const auto& [statement, params] : kCases) {
    EXPECT_THAT(Try(statement, params), StatusIs(absl::StatusCode::kInternal)) << statement;
  }
}

TEST_P(SqliteDatabaseTest, ATakenNameAlreadyExists) {
  Write("INSERT INTO item (name) VALUES ('a')");
  EXPECT_THAT(Try("INSERT INTO item (name) VALUES ('a')"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("item.name")));
}

TEST_P(SqliteDatabaseTest, ForeignKeysAreOn) {
  EXPECT_THAT(Try("INSERT INTO item (name, parent) VALUES ('a', 'missing')"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(SqliteDatabaseTest, AFailedWorkLeavesNothing) {
  const absl::Status failed = database_->Write([](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(each.Execute("INSERT INTO item (name) VALUES ('a')").status());
    return status::Aborted("no");
  });
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAborted, "no"));
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 0u);
  Write("INSERT INTO item (name) VALUES ('b')");
}

TEST_P(SqliteDatabaseTest, WritesTogetherAreEachWholeOrUndone) {
  EXPECT_THAT(database_->Together([&] {
    EXPECT_THAT(Try("INSERT INTO item (name) VALUES ('a')"), IsOk());
    EXPECT_EQ(Rows("SELECT name FROM item").size(), 1u) << "a read sees what came before it";
    const absl::Status failed = database_->Write([](Connection& each) -> absl::Status {
      WEIR_RETURN_IF_ERROR(each.Execute("INSERT INTO item (name) VALUES ('b')").status());
      return status::Aborted("no");
    });
    EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAborted, "no"));
    EXPECT_THAT(Try("INSERT INTO item (name) VALUES ('a')"),
                StatusIs(absl::StatusCode::kAlreadyExists));
    EXPECT_THAT(
        database_->Read([](Connection& each) { return each.Execute("DELETE FROM item").status(); }),
        StatusIs(absl::StatusCode::kInternal));
    return Try("INSERT INTO item (name) VALUES ('c')");
  }),
              IsOk());
  const std::vector<Row> rows = Rows("SELECT name FROM item ORDER BY name");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Text(0), "a");
  EXPECT_EQ(rows[1].Text(0), "c");
}

TEST_P(SqliteDatabaseTest, WhatWasWrittenTogetherBeforeAFailureIsKept) {
  EXPECT_THAT(database_->Together([&] {
    Write("INSERT INTO item (name) VALUES ('a')");
    return status::Aborted("no");
  }),
              StatusIs(absl::StatusCode::kAborted, "no"));
  Write("INSERT INTO item (name) VALUES ('b')");
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 2u);
}

TEST_P(SqliteDatabaseTest, AStatementThatFailedCanRunAgain) {
  const std::string insert = "INSERT INTO item (name) VALUES ($1)";
  Write(insert, {std::string("a")});
  EXPECT_THAT(Try(insert, {std::string("a")}), Not(IsOk()));
  Write(insert, {std::string("b")});
}

TEST_P(SqliteDatabaseTest, CountsChangedRows) {
  EXPECT_THAT(database_->Write([](Connection& each) -> absl::Status {
    EXPECT_EQ(*each.Execute("INSERT INTO item (name) VALUES ('a'), ('b')"), 2);
    EXPECT_EQ(*each.Execute("CREATE TABLE other (name TEXT)"), 0);
    EXPECT_EQ(*each.Execute("UPDATE item SET count = 1"), 2);
    EXPECT_EQ(*each.Execute("UPDATE item SET count = 1 WHERE name = 'c'"), 0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(SqliteDatabaseTest, AReadCannotWrite) {
  const auto insert = [](Connection& each) {
    return each.Execute("INSERT INTO item (name) VALUES ('a')").status();
  };
  EXPECT_THAT(database_->Read(insert), StatusIs(absl::StatusCode::kInternal, HasSubstr("writes")));
  EXPECT_THAT(database_->Write(insert), IsOk());
}

TEST_P(SqliteDatabaseTest, MoreStatementsThanAreKeptPreparedStillRun) {
  for (size_t i = 0; i < SqliteConnection::kMaxStatements + 10; ++i) {
    Write(fmt::format("INSERT INTO item (name) VALUES ('{}')", i));
  }
  EXPECT_EQ(Rows("SELECT COUNT(*) FROM item").at(0).Int(0),
            static_cast<int64_t>(SqliteConnection::kMaxStatements) + 10);
}

TEST_P(SqliteDatabaseTest, WritersOnManyThreadsLoseNothing) {
  Write("INSERT INTO item (name, count) VALUES ('a', 0)");
  const auto add = [&] {
    for (int i = 0; i < 25; ++i) {
      // Reads, then writes: without one lock for both, two threads would read the same count.
      EXPECT_THAT(database_->Write([](Connection& each) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(auto rows, each.Query("SELECT count FROM item WHERE name = 'a'"));
        const Value count[] = {rows.at(0).Int(0) + 1};
        return each.Execute("UPDATE item SET count = $1 WHERE name = 'a'", count).status();
      }),
                  IsOk());
      Rows("SELECT count FROM item");
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(add);
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(Rows("SELECT count FROM item").at(0).Int(0), 100);
}

using SqliteFileTest = SqliteDatabaseTest;
INSTANTIATE_TEST_SUITE_P(Places, SqliteFileTest, ::testing::Values(true),
                         [](const auto&) { return "File"; });

TEST_P(SqliteFileTest, OnlyTheOwnerMayReadAnyOfTheFiles) {
  for (const auto& each : std::filesystem::directory_iterator(folder_)) {
    struct stat info;
    ASSERT_EQ(::stat(each.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << each.path();
  }
}

TEST_P(SqliteFileTest, AFileThatWasOpenToOthersIsClosedToThem) {
  database_.reset();
  ::chmod(Path().c_str(), 0644);
  database_ = Open();
  struct stat info;
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_P(SqliteFileTest, KeepsWhatWasWrittenForTheNextOpening) {
  Write("INSERT INTO item (name) VALUES ('a')");
  database_.reset();
  database_ = Open();
  EXPECT_EQ(Rows("SELECT name FROM item").at(0).Text(0), "a");
}

TEST_P(SqliteFileTest, WritesTogetherAreCommittedAtTheirEnd) {
  auto other = Open();
  const auto seen = [&] {
    size_t count = 0;
    EXPECT_THAT(other->Read([&](Connection& each) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(const std::vector<Row> rows, each.Query("SELECT name FROM item"));
      count = rows.size();
      return absl::OkStatus();
    }),
                IsOk());
    return count;
  };
  EXPECT_THAT(database_->Together([&] {
    Write("INSERT INTO item (name) VALUES ('a')");
    EXPECT_EQ(seen(), 0u);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(seen(), 1u);
}

TEST_P(SqliteFileTest, AReadSeesOneStateAndDoesNotWaitForAWriter) {
  Write("INSERT INTO item (name) VALUES ('a')");
  const std::string count = "SELECT COUNT(*) FROM item";
  EXPECT_THAT(database_->Read([&](Connection& each) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(auto before, each.Query(count));
    Write("INSERT INTO item (name) VALUES ('b')");
    WEIR_ASSIGN_OR_RETURN(auto after, each.Query(count));
    EXPECT_EQ(before.at(0).Int(0), 1);
    EXPECT_EQ(after.at(0).Int(0), 1);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Rows(count).at(0).Int(0), 2);
}

TEST_P(SqliteFileTest, ALockThatAnotherProcessHoldsIsUnavailable) {
  auto other = OpenSqlite({.path = Path(), .busy_timeout_ms = 20});
  ASSERT_THAT(other, IsOk());
  const auto insert = [](Connection& each) {
    return each.Execute("INSERT INTO item (name) VALUES ('a')").status();
  };
  EXPECT_THAT(database_->Write([&](Connection&) {
    EXPECT_THAT((*other)->Write(insert), StatusIs(absl::StatusCode::kUnavailable));
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT((*other)->Write(insert), IsOk());
}

TEST_P(SqliteFileTest, WaitingForAConnectionEnds) {
  auto small = OpenSqlite({.path = Path(), .readers = 1, .busy_timeout_ms = 10});
  ASSERT_THAT(small, IsOk());
  EXPECT_THAT((*small)->Read([&](Connection&) {
    EXPECT_THAT((*small)->Read([](Connection&) { return absl::OkStatus(); }),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("within 30 ms")));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(SqliteFileTest, AFolderThatIsNotThereIsUnavailable) {
  EXPECT_THAT(OpenSqlite({.path = (folder_ / "no" / "a.db").string()}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a.db")));
}

TEST_P(SqliteFileTest, AFileOfSomethingElseIsDataLoss) {
  const std::string path = (folder_ / "b.db").string();
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_THAT(OpenSqlite({.path = path}), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace weir::sql
