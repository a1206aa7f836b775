#pragma once

// What every Database does. Include it in one test file, and instantiate DatabaseContract for each
// kind, SharedDatabaseContract for those that several processes may open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/sql/database.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

struct OpenedFor {
  int readers = 2;
  int wait_ms = 5000;  // For another's lock.
};

// A place, empty at first, that goes with its object.
class DatabasePlace {
 public:
  virtual ~DatabasePlace() = default;
  // As a process of its own would.
  virtual std::unique_ptr<Database> Open(const OpenedFor& how) = 0;
};

struct DatabaseKind {
  std::string name;
  std::function<std::unique_ptr<DatabasePlace>()> make;
};

class DatabaseContract : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  // More than any implementation keeps prepared.
  static constexpr size_t kMoreStatements = 266;

  void SetUp() override {
    database_ = Open();
    Write(
        "CREATE TABLE item (name TEXT NOT NULL PRIMARY KEY, count BIGINT, ratio DOUBLE PRECISION,"
        " body BYTEA, parent TEXT REFERENCES item (name))");
  }

  std::unique_ptr<Database> Open(const OpenedFor& how = {}) const { return place_->Open(how); }
  absl::Status Try(std::string_view statement, const std::vector<Value>& params = {}) {
    return database_->Write(
        [&](Connection& each) { return each.Execute(statement, params).status(); });
  }
  void Write(std::string_view statement, const std::vector<Value>& params = {}) {
    EXPECT_THAT(Try(statement, params), IsOk());
  }
  static std::vector<Row> RowsIn(Database& database, std::string_view statement,
                                 const std::vector<Value>& params = {}) {
    std::vector<Row> rows;
    EXPECT_THAT(database.Read([&](Connection& each) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(rows, each.Query(statement, params));
      return absl::OkStatus();
    }),
                IsOk());
    return rows;
  }
  std::vector<Row> Rows(std::string_view statement, const std::vector<Value>& params = {}) {
    return RowsIn(*database_, statement, params);
  }
  // Reads, then writes: without one lock for both, two would read the same count.
  static absl::Status Increment(Database& database) {
    return database.Write([](Connection& each) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(auto rows, each.Query("SELECT count FROM item WHERE name = 'a'"));
      const Value count[] = {rows.at(0).Int(0) + 1};
      return each.Execute("UPDATE item SET count = $1 WHERE name = 'a'", count).status();
    });
  }

  const std::unique_ptr<DatabasePlace> place_ = GetParam().make();
  std::unique_ptr<Database> database_;
};

TEST_P(DatabaseContract, BringsBackEveryType) {
  const std::string bytes("\0\xff\x01'", 4);
  const std::string text = "a'b\n\xc3\xa9";
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

TEST_P(DatabaseContract, AColumnOfAnotherTypeReadsAsEmpty) {
  Write("INSERT INTO item (name, count) VALUES ('a', 7)");
  const Row row = Rows("SELECT name, count FROM item").at(0);
  EXPECT_EQ(row.Int(0), 0);
  EXPECT_EQ(row.Text(1), "");
  EXPECT_EQ(row.Bytes(0), "");
  EXPECT_EQ(row.Real(1), 0.0);
  EXPECT_TRUE(row.IsNull(2));
  EXPECT_EQ(row.Text(2), "");
}

TEST_P(DatabaseContract, EmptyTextAndBytesAreNotNull) {
  Write("INSERT INTO item (name, body) VALUES ($1, $2)", {std::string(), Blob{}});
  const Row row = Rows("SELECT name, body FROM item").at(0);
  EXPECT_FALSE(row.IsNull(0));
  EXPECT_FALSE(row.IsNull(1));
}

TEST_P(DatabaseContract, ParametersGoByTheirNumber) {
  Write("INSERT INTO item (count, name, ratio) VALUES ($2, $1, $2)",
        {std::string("a"), int64_t{5}});
  const Row row = Rows("SELECT name, count, ratio FROM item WHERE count = $1", {int64_t{5}}).at(0);
  EXPECT_EQ(row.Text(0), "a");
  EXPECT_EQ(row.Int(1), 5);
  EXPECT_EQ(row.Real(2), 5.0);
}

TEST_P(DatabaseContract, BorrowedValuesAreStoredAsTheyAre) {
  const std::string bytes("\0\xff\x01'", 4);
  const std::string text = "a'b\n\xc3\xa9";
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

TEST_P(DatabaseContract, AWrongStatementIsInternal) {
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

TEST_P(DatabaseContract, ATakenNameAlreadyExists) {
  Write("INSERT INTO item (name) VALUES ('a')");
  EXPECT_THAT(Try("INSERT INTO item (name) VALUES ('a')"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("item")));
}

TEST_P(DatabaseContract, ForeignKeysAreOn) {
  EXPECT_THAT(Try("INSERT INTO item (name, parent) VALUES ('a', 'missing')"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(DatabaseContract, AFailedWorkLeavesNothing) {
  const absl::Status failed = database_->Write([](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(each.Execute("INSERT INTO item (name) VALUES ('a')").status());
    return status::Aborted("no");
  });
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAborted, "no"));
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 0u);
  Write("INSERT INTO item (name) VALUES ('b')");
}

TEST_P(DatabaseContract, WritesTogetherAreEachWholeOrUndone) {
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

TEST_P(DatabaseContract, WhatWasWrittenTogetherBeforeAFailureIsKept) {
  EXPECT_THAT(database_->Together([&] {
    Write("INSERT INTO item (name) VALUES ('a')");
    return status::Aborted("no");
  }),
              StatusIs(absl::StatusCode::kAborted, "no"));
  Write("INSERT INTO item (name) VALUES ('b')");
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 2u);
}

TEST_P(DatabaseContract, AStatementThatFailedCanRunAgain) {
  const std::string insert = "INSERT INTO item (name) VALUES ($1)";
  Write(insert, {std::string("a")});
  EXPECT_THAT(Try(insert, {std::string("a")}), Not(IsOk()));
  Write(insert, {std::string("b")});
}

TEST_P(DatabaseContract, CountsChangedRows) {
  EXPECT_THAT(database_->Write([](Connection& each) -> absl::Status {
    EXPECT_EQ(*each.Execute("INSERT INTO item (name) VALUES ('a'), ('b')"), 2);
    EXPECT_EQ(*each.Execute("CREATE TABLE other (name TEXT)"), 0);
    EXPECT_EQ(*each.Execute("UPDATE item SET count = 1"), 2);
    EXPECT_EQ(*each.Execute("UPDATE item SET count = 1 WHERE name = 'c'"), 0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(DatabaseContract, AReadCannotWrite) {
  const auto insert = [](Connection& each) {
    return each.Execute("INSERT INTO item (name) VALUES ('a')").status();
  };
  EXPECT_THAT(database_->Read(insert), StatusIs(absl::StatusCode::kInternal, HasSubstr("writes")));
  EXPECT_THAT(database_->Write(insert), IsOk());
}

TEST_P(DatabaseContract, MoreStatementsThanAreKeptPreparedStillRun) {
  for (size_t i = 0; i < kMoreStatements; ++i) {
    Write(fmt::format("INSERT INTO item (name) VALUES ('{}')", i));
  }
  EXPECT_EQ(Rows("SELECT COUNT(*) FROM item").at(0).Int(0), static_cast<int64_t>(kMoreStatements));
}

TEST_P(DatabaseContract, WritersOnManyThreadsLoseNothing) {
  Write("INSERT INTO item (name, count) VALUES ('a', 0)");
  const auto add = [&] {
    for (int i = 0; i < 25; ++i) {
      EXPECT_THAT(Increment(*database_), IsOk());
      Rows("SELECT count FROM item");
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(add);
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(Rows("SELECT count FROM item").at(0).Int(0), 100);
}

TEST_P(DatabaseContract, OneStatementForManyRowsCountsThemAll) {
  constexpr std::string_view kInsert =
      "INSERT INTO item (name, count, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
  EXPECT_THAT(database_->WriteBeside([&](Connection& each) -> absl::Status {
    const ValueView rows[] = {
        "a", int64_t{1}, std::monostate(), "b", int64_t{2},       BlobView{"x"},
        "a", int64_t{3}, BlobView{"y"},    "c", std::monostate(), std::monostate()};
    EXPECT_EQ(*each.ExecuteEach(kInsert, 3, rows), 3);
    EXPECT_EQ(*each.ExecuteEach(kInsert, 3, {}), 0);
    return absl::OkStatus();
  }),
              IsOk());
  const std::vector<Row> rows = Rows("SELECT name, count, body FROM item ORDER BY name");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].Int(1), 1);
  EXPECT_TRUE(rows[0].IsNull(2));
  EXPECT_EQ(rows[1].Bytes(2), "x");
  EXPECT_TRUE(rows[2].IsNull(1));
}

TEST_P(DatabaseContract, AFailureAmongManyRowsUndoesAll) {
  constexpr std::string_view kInsert = "INSERT INTO item (name) VALUES ($1)";
  const ValueView rows[] = {"a", "b", "a", "c"};
  const auto insert = [&](Connection& each) { return each.ExecuteEach(kInsert, 1, rows).status(); };
  EXPECT_THAT(database_->WriteBeside(insert), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 0u);
  EXPECT_THAT(database_->Write(
                  [&](Connection& each) { return each.ExecuteEach(kInsert, 3, rows).status(); }),
              StatusIs(absl::StatusCode::kInternal));
  Write("INSERT INTO item (name) VALUES ('a')");
}

TEST_P(DatabaseContract, AStatementTakesNullsAndOtherTypesInTurn) {
  const std::string insert = "INSERT INTO item (name, ratio) VALUES ($1, $2)";
  Write(insert, {std::string("null"), Value()});
  Write(insert, {std::string("real"), 0.5});
  Write(insert, {std::string("integer"), int64_t{2}});
  Write(insert, {std::string("real again"), 1.5});
  const std::vector<Row> rows = Rows("SELECT ratio FROM item ORDER BY name");
  EXPECT_EQ(rows.at(0).Real(0), 2.0);
  EXPECT_TRUE(rows.at(1).IsNull(0));
  EXPECT_EQ(rows.at(2).Real(0), 0.5);
}

TEST_P(DatabaseContract, TextIsOrderedByItsBytes) {
  for (const char* each : {"b", "a-c", "B", "ab", "\xc3\xa9", "a"}) {
    Write("INSERT INTO item (name) VALUES ($1)", {std::string(each)});
  }
  std::string all;
  for (const Row& each : Rows("SELECT name FROM item ORDER BY name")) all += each.Text(0) + " ";
  EXPECT_EQ(all, "B a a-c ab b \xc3\xa9 ");
  EXPECT_EQ(Rows("SELECT name FROM item WHERE name > $1", {std::string("a-c")}).size(), 3u);
}

TEST_P(DatabaseContract, ANameMayBeFoundWhereItIsTaken) {
  const auto add = [](Connection& each) {
    return each.Execute("INSERT INTO item (name) VALUES ('a') ON CONFLICT DO NOTHING");
  };
  EXPECT_THAT(database_->WriteAlone([&](Connection& each) -> absl::Status {
    EXPECT_EQ(*add(each), 1);
    EXPECT_EQ(*add(each), 0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(DatabaseContract, AStoreHasAnIdOfItsOwn) {
  EXPECT_THAT(StoreId(*database_), Not(IsOk()));
  ASSERT_THAT(Migrate(*database_, "one", {}), IsOk());
  const std::string id = *StoreId(*database_);
  ASSERT_THAT(Migrate(*database_, "two", {}), IsOk());
  EXPECT_EQ(*StoreId(*database_), id);
  const auto elsewhere = GetParam().make();
  const auto other = elsewhere->Open({});
  ASSERT_THAT(Migrate(*other, "one", {}), IsOk());
  EXPECT_NE(*StoreId(*other), id);
}

class SharedDatabaseContract : public DatabaseContract {};

TEST_P(SharedDatabaseContract, KeepsWhatWasWrittenForTheNextOpening) {
  Write("INSERT INTO item (name) VALUES ('a')");
  database_.reset();
  database_ = Open();
  EXPECT_EQ(Rows("SELECT name FROM item").at(0).Text(0), "a");
}

TEST_P(SharedDatabaseContract, WritesTogetherAreCommittedAtTheirEnd) {
  auto other = Open();
  const auto seen = [&] { return RowsIn(*other, "SELECT name FROM item").size(); };
  EXPECT_THAT(database_->Together([&] {
    Write("INSERT INTO item (name) VALUES ('a')");
    EXPECT_EQ(seen(), 0u);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(seen(), 1u);
}

TEST_P(SharedDatabaseContract, AReadSeesOneStateAndDoesNotWaitForAWriter) {
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

TEST_P(SharedDatabaseContract, ALockThatAnotherProcessHoldsIsUnavailable) {
  auto other = Open({.wait_ms = 20});
  const auto insert = [](Connection& each) {
    return each.Execute("INSERT INTO item (name) VALUES ('a')").status();
  };
  EXPECT_THAT(database_->Write([&](Connection& each) {
    EXPECT_THAT(other->Write(insert), StatusIs(absl::StatusCode::kUnavailable));
    return each.Execute("UPDATE item SET count = 0").status();
  }),
              IsOk());
  EXPECT_THAT(other->Write(insert), IsOk());
}

TEST_P(SharedDatabaseContract, WaitingForAConnectionEnds) {
  auto small = Open({.readers = 1, .wait_ms = 10});
  EXPECT_THAT(small->Read([&](Connection&) {
    EXPECT_THAT(small->Read([](Connection&) { return absl::OkStatus(); }),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("waiting for a connection")));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(SharedDatabaseContract, WritersOfManyProcessesLoseNothing) {
  Write("INSERT INTO item (name, count) VALUES ('a', 0)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this] {
      auto own = Open();
      for (int j = 0; j < 20; ++j) EXPECT_THAT(Increment(*own), IsOk());
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(Rows("SELECT count FROM item").at(0).Int(0), 60);
}

// What a change log's followers rely on.
TEST_P(SharedDatabaseContract, NumbersThatWritersTakeComeUpInOrder) {
  constexpr int kEach = 40;
  std::atomic<int> writing = 2;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([this, &writing] {
      auto own = Open();
      for (int j = 0; j < kEach; ++j) {
        EXPECT_THAT(own->Write([](Connection& each) {
          return each
              .Execute(
                  "INSERT INTO item (name, count) SELECT CAST(COUNT(*) AS TEXT), COUNT(*) + 1"
                  " FROM item")
              .status();
        }),
                    IsOk());
      }
      --writing;
    });
  }
  bool last = false;
  while (!last) {
    last = writing == 0;
    const Row row = Rows("SELECT COUNT(*), COALESCE(MAX(count), 0) FROM item").at(0);
    EXPECT_EQ(row.Int(0), row.Int(1)) << "a number came up before the one before it";
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(Rows("SELECT name FROM item").size(), 2u * kEach);
}

TEST_P(SharedDatabaseContract, ProcessesThatStartTogetherMigrateOnce) {
  constexpr Migration kSteps[] = {
      {.version = 1,
       .statements = "CREATE TABLE first (name TEXT); CREATE TABLE second (x BIGINT)"},
      {.version = 2, .statements = "INSERT INTO second (x) VALUES (7)"}};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this, &kSteps] {
      auto own = Open();
      EXPECT_THAT(Migrate(*own, "one", kSteps), IsOk());
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(Rows("SELECT x FROM second").size(), 1u);
  const absl::StatusOr<std::string> id = StoreId(*database_);
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(id->size(), 22u);
  EXPECT_EQ(*StoreId(*Open()), *id);
  EXPECT_THAT(Migrate(*database_, "one", std::span(kSteps).first(1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has version 2")));
}

}  // namespace weir::sql
