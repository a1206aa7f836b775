#include <filesystem>
#include <string>

#include "common/sql/postgres_for_test.h"
#include "services/guardrails/memory_policy_store.h"
#include "services/guardrails/policy_store_contract.h"
#include "services/guardrails/sql_policy_store.h"

namespace weir::guardrails {
namespace {

using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = ::testing::TempDir() + "weir-guardrails-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

StoreUnderTest MakeMemoryStore() {
  return {.backing = nullptr, .store = std::make_unique<MemoryPolicyStore>()};
}

struct SqliteBacking {
  TestFolder folder;
  std::unique_ptr<sql::Database> database;
};

std::shared_ptr<SqliteBacking> OpenBacking() {
  auto backing = std::make_shared<SqliteBacking>();
  backing->database = *sql::OpenSqlite({.path = backing->folder.path() + "/weir.db"});
  return backing;
}

StoreUnderTest MakeSqliteStore() {
  std::shared_ptr<SqliteBacking> backing = OpenBacking();
  std::unique_ptr<PolicyStore> store = *SqlPolicyStore::Open(*backing->database);
  return {.backing = std::move(backing), .store = std::move(store)};
}

StoreUnderTest MakePostgresStore() {
  std::shared_ptr<sql::Database> database = sql::NewPostgres("guardrails");
  std::unique_ptr<PolicyStore> store = *SqlPolicyStore::Open(*database);
  return {.backing = std::move(database), .store = std::move(store)};
}

INSTANTIATE_TEST_SUITE_P(Memory, PolicyStoreContract,
                         ::testing::Values(MakeStore(MakeMemoryStore)));
INSTANTIATE_TEST_SUITE_P(Sqlite, PolicyStoreContract,
                         ::testing::Values(MakeStore(MakeSqliteStore)));
INSTANTIATE_TEST_SUITE_P(Postgres, PolicyStoreContract,
                         ::testing::Values(MakeStore(MakePostgresStore)));

EditContext EditAt(int64_t sequence) { return {.read_at = sequence, .actor = "tok-1", .at = {}}; }

TEST(SqlPolicyStoreTest, KeepsPoliciesAndSequenceOverARestart) {
  const TestFolder folder;
  const std::string path = folder.path() + "/weir.db";
  const StoredPolicy policy = PolicyNamed("acme", "fast");
  {
    const auto database = *sql::OpenSqlite({.path = path});
    ASSERT_THAT((*SqlPolicyStore::Open(*database))->Put(policy, EditAt(0)), IsOk());
  }
  const auto database = *sql::OpenSqlite({.path = path});
  const auto store = *SqlPolicyStore::Open(*database);
  EXPECT_THAT(store->Load()->policies, ::testing::ElementsAre(policy));
  EXPECT_EQ(*store->Sequence(), 1);
}

TEST(SqlPolicyStoreTest, LetsOneOfTwoProcessesEdit) {
  const TestFolder folder;
  const std::string path = folder.path() + "/weir.db";
  const auto first_database = *sql::OpenSqlite({.path = path});
  const auto second_database = *sql::OpenSqlite({.path = path});
  const auto first = *SqlPolicyStore::Open(*first_database);
  const auto second = *SqlPolicyStore::Open(*second_database);
  const StoredPolicy policy = PolicyNamed("acme", "fast");
  EXPECT_THAT(first->Put(policy, EditAt(0)), IsOk());
  EXPECT_THAT(second->Put(policy, EditAt(0)), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(*second->Sequence(), 1);
}

TEST(SqlPolicyStoreTest, BoundsTheLogWithoutLosingTheSequence) {
  const std::shared_ptr<SqliteBacking> backing = OpenBacking();
  const auto store = *SqlPolicyStore::Open(*backing->database);
  // As if as many changes had been made as the log keeps.
  const auto fill = [](sql::Connection& connection) -> absl::Status {
    return connection
        .Execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO guardrail_change SELECT i, 'acme', 'fast', 0, 'tok-1', 0 FROM n")
        .status();
  };
  ASSERT_THAT(backing->database->Write(fill), IsOk());
  const StoredPolicy policy = PolicyNamed("acme", "fast");
  ASSERT_EQ(*store->Put(policy, EditAt(PolicyStore::kChangesKept)), PolicyStore::kChangesKept + 1);
  const auto changes = *store->Changes(0, 20'000);
  EXPECT_EQ(changes.size(), static_cast<size_t>(PolicyStore::kChangesKept));
  EXPECT_EQ(changes.front().sequence, 2);
  // Far behind what the log still has: the number that it would take is free again.
  EXPECT_THAT(store->Put(policy, EditAt(0)), StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace weir::guardrails
