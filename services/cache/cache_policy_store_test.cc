#include "common/sql/postgres_for_test.h"
#include "common/testing/new_folder.h"
#include "services/cache/cache_policy_store_contract.h"
#include "services/cache/memory_cache_policy_store.h"
#include "services/cache/sql_cache_policy_store.h"

namespace weir::cache {
namespace {

PolicyStoreUnderTest MakeMemory() {
  return {.backing = nullptr, .store = std::make_unique<MemoryCachePolicyStore>()};
}

PolicyStoreUnderTest MakeSqlite() {
  std::shared_ptr<sql::Database> database = *sql::OpenSqlite({.path = ":memory:"});
  std::unique_ptr<CachePolicyStore> store = *SqlCachePolicyStore::Open(*database);
  return {.backing = std::move(database), .store = std::move(store)};
}

PolicyStoreUnderTest MakePostgres() {
  std::shared_ptr<sql::Database> database = sql::NewPostgres("cache");
  std::unique_ptr<CachePolicyStore> store = *SqlCachePolicyStore::Open(*database);
  return {.backing = std::move(database), .store = std::move(store)};
}

INSTANTIATE_TEST_SUITE_P(Memory, CachePolicyStoreContract,
                         ::testing::Values(MakePolicyStore(MakeMemory)));
INSTANTIATE_TEST_SUITE_P(Sqlite, CachePolicyStoreContract,
                         ::testing::Values(MakePolicyStore(MakeSqlite)));
INSTANTIATE_TEST_SUITE_P(Postgres, CachePolicyStoreContract,
                         ::testing::Values(MakePolicyStore(MakePostgres)));

}  // namespace
}  // namespace weir::cache
