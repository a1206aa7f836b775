#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/sql/postgres_for_test.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/route_store_contract.h"
#include "services/routing/routing_admin.h"
#include "services/routing/routing_service.h"
#include "services/routing/sql_route_store.h"

namespace weir::routing {
namespace {

using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = ::testing::TempDir() + "weir-routing-XXXXXX";
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
  return {.backing = nullptr, .store = std::make_unique<MemoryRouteStore>()};
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
  std::unique_ptr<RouteStore> store = *SqlRouteStore::Open(*backing->database);
  return {.backing = std::move(backing), .store = std::move(store)};
}

StoreUnderTest MakePostgresStore() {
  std::shared_ptr<sql::Database> database = sql::NewPostgres("routing");
  std::unique_ptr<RouteStore> store = *SqlRouteStore::Open(*database);
  return {.backing = std::move(database), .store = std::move(store)};
}

INSTANTIATE_TEST_SUITE_P(Memory, RouteStoreContract, ::testing::Values(MakeStore(MakeMemoryStore)));
INSTANTIATE_TEST_SUITE_P(Sqlite, RouteStoreContract, ::testing::Values(MakeStore(MakeSqliteStore)));
INSTANTIATE_TEST_SUITE_P(Postgres, RouteStoreContract,
                         ::testing::Values(MakeStore(MakePostgresStore)));

EditContext EditAt(int64_t sequence) { return {.read_at = sequence, .actor = "tok-1", .at = {}}; }

TEST(SqlRouteStoreTest, KeepsObjectsAndSequenceOverARestart) {
  const TestFolder folder;
  const std::string path = folder.path() + "/weir.db";
  const StoredObject model = ObjectNamed(ObjectKind::kModel, "acme", "fast");
  {
    const auto database = *sql::OpenSqlite({.path = path});
    ASSERT_THAT((*SqlRouteStore::Open(*database))->Put(model, EditAt(0)), IsOk());
  }
  const auto database = *sql::OpenSqlite({.path = path});
  const auto store = *SqlRouteStore::Open(*database);
  EXPECT_THAT(store->Load()->objects, ::testing::ElementsAre(model));
  EXPECT_EQ(*store->Sequence(), 1);
}

TEST(SqlRouteStoreTest, LetsOneOfTwoProcessesEdit) {
  const TestFolder folder;
  const std::string path = folder.path() + "/weir.db";
  const auto first_database = *sql::OpenSqlite({.path = path});
  const auto second_database = *sql::OpenSqlite({.path = path});
  const auto first = *SqlRouteStore::Open(*first_database);
  const auto second = *SqlRouteStore::Open(*second_database);
  const StoredObject model = ObjectNamed(ObjectKind::kModel, "acme", "fast");
  EXPECT_THAT(first->Put(model, EditAt(0)), IsOk());
  EXPECT_THAT(second->Put(model, EditAt(0)), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(*second->Sequence(), 1);
}

TEST(SqlRouteStoreTest, BoundsTheLogWithoutLosingTheSequence) {
  const std::shared_ptr<SqliteBacking> backing = OpenBacking();
  const auto store = *SqlRouteStore::Open(*backing->database);
  // As if as many changes had been made as the log keeps.
  const auto fill = [](sql::Connection& connection) -> absl::Status {
    return connection
        .Execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO routing_change SELECT i, 2, 'acme', 'fast', 0, 'tok-1', 0 FROM n")
        .status();
  };
  ASSERT_THAT(backing->database->Write(fill), IsOk());
  const StoredObject model = ObjectNamed(ObjectKind::kModel, "acme", "fast");
  ASSERT_EQ(*store->Put(model, EditAt(RouteStore::kChangesKept)), RouteStore::kChangesKept + 1);
  const auto changes = *store->Changes(0, 20'000);
  EXPECT_EQ(changes.size(), static_cast<size_t>(RouteStore::kChangesKept));
  EXPECT_EQ(changes.front().sequence, 2);
  // Far behind what the log still has: the number that it would take is free again.
  EXPECT_THAT(store->Put(model, EditAt(0)), StatusIs(absl::StatusCode::kAborted));
}

// All bytes of all files in `folder`: the database, its log, whatever else SQLite lays beside them.
std::string BytesIn(const std::string& folder) {
  std::string bytes;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(each.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

TEST(SqlRouteStoreTest, NoFileHasACredential) {
  const std::shared_ptr<SqliteBacking> backing = OpenBacking();
  const auto store = *SqlRouteStore::Open(*backing->database);
  testing::FakeClock clock;
  testing::SeededRandom random(1);
  const auto sealer = TestSealer(random);
  RoutingService routing({}, {.store = *store, .sealer = *sealer, .clock = clock});
  RoutingAdmin admin({}, {.routing = routing, .store = *store, .sealer = *sealer, .clock = clock});
  v1::PutProviderRequest request;
  *request.mutable_provider() = TestProvider("openai");
  request.mutable_provider()->set_auth_value(std::string(kCanary));
  ASSERT_THAT(admin.PutProvider({}, request), IsOk());
  const std::string bytes = BytesIn(backing->folder.path());
  EXPECT_NE(bytes.find("openai.example.com"), std::string::npos) << "looked in the wrong place";
  EXPECT_EQ(bytes.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace weir::routing
