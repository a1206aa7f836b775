#include "services/quota/sql_ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "services/quota/ledger_contract.h"
#include "services/quota/limit_store_contract.h"
#include "services/quota/sql_limit_store.h"
#include "services/quota/sql_schema.h"

namespace weir::quota {
namespace {

std::unique_ptr<sql::Database> OpenWithTables(const std::string& path) {
  auto database = sql::OpenSqlite({.path = path});
  EXPECT_THAT(database, IsOk());
  EXPECT_THAT(sql::Migrate(**database, "quota", QuotaMigrations()), IsOk());
  return *std::move(database);
}

struct SqliteHarness {
  Ledger& ledger() { return sql_ledger; }
  LimitStore& store() { return sql_store; }

  std::unique_ptr<sql::Database> database = OpenWithTables(":memory:");
  SqlLedger sql_ledger{*database};
  SqlLimitStore sql_store{*database};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LedgerContract, SqliteHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LimitStoreContract, SqliteHarness);

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

TEST_F(SqliteFileTest, UsageIsReadByItsIndex) {
  auto database = OpenWithTables(path_);
  std::string plan;
  ASSERT_THAT(database->Read([&](sql::Connection& connection) -> absl::Status {
    const sql::Value params[] = {"acme", int64_t{1}, int64_t{2}};
    WEIR_ASSIGN_OR_RETURN(
        auto rows, connection.Query("EXPLAIN QUERY PLAN SELECT SUM(requests) FROM quota_ledger"
                                    " WHERE organization = $1 AND settled_at_us >= $2"
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
