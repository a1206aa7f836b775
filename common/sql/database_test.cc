#include <unistd.h>

#include <filesystem>

#include "common/sql/database_contract.h"
#include "common/sql/postgres_for_test.h"

namespace weir::sql {
namespace {

class SqlitePlace final : public DatabasePlace {
 public:
  explicit SqlitePlace(bool in_memory) : in_memory_(in_memory) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SqlitePlace() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path& folder() const { return folder_; }
  std::string path() const { return in_memory_ ? ":memory:" : (folder_ / "a.db").string(); }
  std::unique_ptr<Database> Open(const OpenedFor& how) override {
    auto opened =
        OpenSqlite({.path = path(), .readers = how.readers, .busy_timeout_ms = how.wait_ms});
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

 private:
  const bool in_memory_;
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      fmt::format("weir_sql_{}_{}", ::getpid(), reinterpret_cast<uintptr_t>(this));
};

class PostgresPlace final : public DatabasePlace {
 public:
  std::unique_ptr<Database> Open(const OpenedFor& how) override {
    PostgresOptions options = PostgresForTest(name_);
    options.connections = how.readers;
    options.wait_timeout = std::chrono::milliseconds(how.wait_ms);
    return OpenPostgresForTest(options);
  }

 private:
  const std::string name_ = testing::PostgresServer::Shared().NewDatabase();
};

const DatabaseKind kFile{"SqliteFile", [] { return std::make_unique<SqlitePlace>(false); }};
const DatabaseKind kMemory{"SqliteMemory", [] { return std::make_unique<SqlitePlace>(true); }};
const DatabaseKind kPostgres{"Postgres", [] { return std::make_unique<PostgresPlace>(); }};

INSTANTIATE_TEST_SUITE_P(Kinds, DatabaseContract, ::testing::Values(kFile, kMemory, kPostgres),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Kinds, SharedDatabaseContract, ::testing::Values(kFile, kPostgres),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace weir::sql
