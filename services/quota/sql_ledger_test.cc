#include "services/quota/sql_ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "common/sql/postgres_for_test.h"
#include "services/quota/ledger_contract.h"
#include "services/quota/limit_store_contract.h"
#include "services/quota/sql_limit_store.h"
#include "services/quota/sql_schema.h"

namespace weir::quota {
namespace {

std::unique_ptr<sql::Database> WithTables(std::unique_ptr<sql::Database> database) {
  EXPECT_THAT(sql::Migrate(*database, "quota", QuotaMigrations()), IsOk());
  return database;
}

std::unique_ptr<sql::Database> OpenWithTables(const std::string& path) {
  auto database = sql::OpenSqlite({.path = path});
  EXPECT_THAT(database, IsOk());
  return WithTables(*std::move(database));
}

struct SqlHarness {
  explicit SqlHarness(std::unique_ptr<sql::Database> made) : database(std::move(made)) {}
  Ledger& ledger() { return sql_ledger; }
  LimitStore& store() { return sql_store; }

  std::unique_ptr<sql::Database> database;
  SqlLedger sql_ledger{*database};
  SqlLimitStore sql_store{*database};
};
struct SqliteHarness : SqlHarness {
  SqliteHarness() : SqlHarness(OpenWithTables(":memory:")) {}
};
struct PostgresHarness : SqlHarness {
  PostgresHarness() : SqlHarness(WithTables(sql::NewPostgres("quota"))) {}
};
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LedgerContract, SqliteHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LimitStoreContract, SqliteHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, LedgerContract, PostgresHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, LimitStoreContract, PostgresHarness);

class SqliteFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_quota_{}", ::getpid());
  const std::string path_ = (folder_ / "quota.db").string();
};

TEST_F(SqliteFileTest, WhatWasAppendedAndPutIsThereAfterARestart) {
  LedgerRow row;
  row.id = IdOf(1);
  row.organization = "acme";
  {
    auto database = OpenWithTables(path_);
    EXPECT_THAT(SqlLedger(*database).Append(std::vector{row}), IsOk());
    EXPECT_THAT(SqlLimitStore(*database).Put({LimitOf({.name = "day"}), 7}), IsOk());
  }
  auto database = OpenWithTables(path_);
  EXPECT_EQ(**SqlLedger(*database).Find(row.id), row);
  const auto snapshot = SqlLimitStore(*database).All();
  ASSERT_THAT(snapshot, IsOk());
  ASSERT_EQ(snapshot->limits.size(), 1u);
  EXPECT_EQ(snapshot->limits[0].counting_since_us, 7);
  EXPECT_EQ(snapshot->sequence, 1);
}

LedgerRow RowOf(uint32_t number, const std::string& key_name = "laptop") {
  LedgerRow row;
  row.id = IdOf(number);
  row.organization = "acme";
  row.key_name = key_name;
  row.requests = 1;
  return row;
}

int64_t Count(sql::Database& database, const std::string& table) {
  int64_t count = 0;
  EXPECT_THAT(database.Read([&](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(auto rows, connection.Query("SELECT COUNT(*) FROM " + table));
    count = rows[0].Int(0);
    return absl::OkStatus();
  }),
              IsOk());
  return count;
}

TEST_F(SqliteFileTest, NamesAreKeptOnce) {
  for (uint32_t start = 0; start < 2; ++start) {
    auto database = OpenWithTables(path_);
    SqlLedger ledger(*database);
    for (uint32_t i = 0; i < 10; ++i) {
      EXPECT_THAT(ledger.Append(std::vector{RowOf(100 * start + 2 * i, "a"),
                                            RowOf(100 * start + 2 * i + 1, "b")}),
                  IsOk());
    }
    EXPECT_EQ(Count(*database, "quota_organization"), 1);
    EXPECT_EQ(Count(*database, "quota_subject"), 2);
    EXPECT_EQ((*ledger.Find(IdOf(100 * start + 7)))->key_name, "b");
  }
}

TEST(SqlLedgerTest, NamesThatReadTheSameInARowAreApart) {
  auto database = OpenWithTables(":memory:");
  SqlLedger ledger(*database);
  std::vector<LedgerRow> rows = {RowOf(1), RowOf(2), RowOf(3)};
  rows[0].team = "ab";
  rows[0].user = "c";
  rows[1].team = "a";
  rows[1].user = "bc";
  rows[2].team = std::string("a\0bc", 4);
  EXPECT_THAT(ledger.Append(rows), IsOk());
  for (const LedgerRow& each : rows) EXPECT_EQ(**ledger.Find(each.id), each);
}

class SqlLedgerGroupsTest : public ::testing::TestWithParam<bool> {
 protected:
  const std::unique_ptr<sql::Database> database_ =
      GetParam() ? WithTables(sql::NewPostgres("quota")) : OpenWithTables(":memory:");
  SqlLedger ledger_{*database_};
};
INSTANTIATE_TEST_SUITE_P(Kinds, SqlLedgerGroupsTest, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Postgres" : "Sqlite"; });

// Rows go in many at once, and one by one where some of them are there.
TEST_P(SqlLedgerGroupsTest, OfAnySizeAreAddedWhole) {
  uint32_t next = 1;
  for (const size_t size : {1u, 15u, 16u, 17u, 32u, 100u, 300u}) {
    SCOPED_TRACE(size);
    std::vector<LedgerRow> rows;
    for (size_t i = 0; i < size; ++i) {
      rows.push_back(RowOf(next++, fmt::format("key-{}", i % 7)));
      if (i % 3 == 2) rows.back().cost_usd_nanos = static_cast<int64_t>(i);
    }
    const auto added = ledger_.Append(rows);
    ASSERT_THAT(added, IsOk());
    EXPECT_EQ(*added, std::vector<bool>(size, false));
    for (const LedgerRow& each : rows) EXPECT_EQ(**ledger_.Find(each.id), each);

    std::vector<LedgerRow> again = rows;
    again.insert(again.begin() + static_cast<ptrdiff_t>(size / 2), RowOf(next++, "another"));
    std::vector<bool> duplicates(size + 1, true);
    duplicates[size / 2] = false;
    EXPECT_EQ(*ledger_.Append(again), duplicates);
  }
  EXPECT_EQ(Count(*database_, "quota_ledger"), next - 1);
}

// Replicas that settle at the same time, names that both meet first, and rows that both are sent.
TEST(SqlLedgerPostgresTest, ProcessesAddBesideEachOther) {
  constexpr uint32_t kBatches = 5;
  constexpr uint32_t kRows = 40;
  const std::string name = testing::PostgresServer::Shared().NewDatabase();
  const auto first = WithTables(sql::OpenPostgresForTest(sql::PostgresForTest(name, "quota")));
  std::atomic<int> added = 0;
  const auto settle = [&](uint32_t replica) {
    const auto database = sql::OpenPostgresForTest(sql::PostgresForTest(name, "quota"));
    SqlLedger ledger(*database);
    for (uint32_t batch = 0; batch < kBatches; ++batch) {
      std::vector<LedgerRow> rows;
      for (uint32_t i = 0; i < kRows; ++i) {
        // Every other row is one that the others have as well, in another order.
        const uint32_t number = batch * kRows + (replica % 2 == 0 ? i : kRows - 1 - i);
        rows.push_back(RowOf(number % 2 == 0 ? number : 100'000 * (replica + 1) + number,
                             fmt::format("key-{}", number)));
      }
      const auto duplicates = ledger.Append(rows);
      ASSERT_THAT(duplicates, IsOk());
      added += static_cast<int>(std::ranges::count(*duplicates, false));
    }
  };
  std::vector<std::thread> replicas;
  for (uint32_t i = 0; i < 3; ++i) replicas.emplace_back(settle, i);
  for (std::thread& each : replicas) each.join();
  constexpr int kWant = kBatches * kRows / 2 * (1 + 3);
  EXPECT_EQ(added, kWant);
  EXPECT_EQ(Count(*first, "quota_ledger"), kWant);
  EXPECT_EQ(Count(*first, "quota_subject"), kBatches * kRows);
}

// What was numbered in a transaction that was undone is numbered again.
TEST(SqlLedgerTest, AFailedAppendLeavesNoNames) {
  auto database = OpenWithTables(":memory:");
  SqlLedger ledger(*database);
  const auto run = [&](std::string_view statement) {
    EXPECT_THAT(database->Write([&](sql::Connection& connection) {
      return connection.Execute(statement).status();
    }),
                IsOk());
  };
  run("ALTER TABLE quota_ledger RENAME TO elsewhere");
  EXPECT_THAT(ledger.Append(std::vector{RowOf(1, "first")}), ::testing::Not(IsOk()));
  EXPECT_EQ(Count(*database, "quota_subject"), 0);
  run("ALTER TABLE elsewhere RENAME TO quota_ledger");
  EXPECT_THAT(ledger.Append(std::vector{RowOf(2, "second"), RowOf(3, "first")}), IsOk());
  EXPECT_EQ((*ledger.Find(IdOf(2)))->key_name, "second");
  EXPECT_EQ((*ledger.Find(IdOf(3)))->key_name, "first");
}

TEST(SqlLedgerTest, MoreNamesThanAreRememberedAreFoundAgain) {
  constexpr uint32_t kNames = 20'000;
  auto database = OpenWithTables(":memory:");
  SqlLedger ledger(*database);
  for (uint32_t round = 0; round < 2; ++round) {
    std::vector<LedgerRow> rows;
    for (uint32_t i = 0; i < kNames; ++i) {
      rows.push_back(RowOf(round * kNames + i, fmt::format("key-{}", i)));
    }
    ASSERT_THAT(ledger.Append(rows), IsOk());
  }
  EXPECT_EQ(Count(*database, "quota_subject"), kNames);
  for (const uint32_t each : {0u, 1u, 8192u, kNames, 2 * kNames - 1}) {
    EXPECT_EQ((*ledger.Find(IdOf(each)))->key_name, fmt::format("key-{}", each % kNames));
  }
}

TEST_F(SqliteFileTest, UsageIsReadByItsIndex) {
  auto database = OpenWithTables(path_);
  std::string plan;
  ASSERT_THAT(database->Read([&](sql::Connection& connection) -> absl::Status {
    const sql::Value params[] = {int64_t{1}, int64_t{1}, int64_t{2}};
    WEIR_ASSIGN_OR_RETURN(
        auto rows, connection.Query("EXPLAIN QUERY PLAN SELECT SUM(requests) FROM quota_ledger"
                                    " WHERE organization_id = $1 AND settled_at_us >= $2"
                                    " AND settled_at_us < $3",
                                    params));
    for (const sql::Row& each : rows) plan += each.Text(3);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(plan, ::testing::HasSubstr("quota_ledger_usage"));
}

TEST(SqlLimitStoreTest, TheChangeLogIsBounded) {
  auto database = OpenWithTables(":memory:");
  SqlLimitStore store(*database);
  for (int i = 0; i < 1100; ++i) {
    ASSERT_THAT(store.Put({LimitOf({.name = "day", .count = i}), 0}), IsOk());
  }
  EXPECT_EQ(*store.Sequence(), 1100);
  int64_t kept = 0;
  ASSERT_THAT(database->Read([&](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(auto rows, connection.Query("SELECT COUNT(*) FROM quota_change_log"));
    kept = rows[0].Int(0);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(kept, 1000);
}

}  // namespace
}  // namespace weir::quota
