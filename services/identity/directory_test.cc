#include "common/sql/postgres_for_test.h"
#include "services/identity/directory_contract.h"
#include "services/identity/memory_directory.h"
#include "services/identity/sql_directory.h"
#include "services/identity/sql_schema.h"

namespace weir::identity {
namespace {

using testing::IsOk;
using testing::StatusIs;

struct Stored {
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<SqlDirectory> directory;
};

std::shared_ptr<Directory> MakeOn(std::unique_ptr<sql::Database> database) {
  auto stored = std::make_shared<Stored>();
  stored->database = std::move(database);
  stored->directory = *SqlDirectory::Open(*stored->database);
  return {stored, stored->directory.get()};
}

std::shared_ptr<Directory> MakeSqlite() { return MakeOn(*sql::OpenSqlite({.path = ":memory:"})); }
std::shared_ptr<Directory> MakePostgres() { return MakeOn(sql::NewPostgres("identity")); }

INSTANTIATE_TEST_SUITE_P(
    Implementations, DirectoryContract,
    ::testing::Values(DirectoryMaker{"Memory", [] { return std::make_shared<MemoryDirectory>(); }},
                      DirectoryMaker{"Sqlite", MakeSqlite},
                      DirectoryMaker{"Postgres", MakePostgres}),
    [](const auto& each) { return each.param.name; });

TEST(SqlDirectoryTest, KeepsTheEndOfTheChangeLogOnly) {
  auto database = *sql::OpenSqlite({.path = ":memory:"});
  auto directory = *SqlDirectory::Open(*database);
  EXPECT_THAT(directory->Write([](DirectoryWriter& writer) -> absl::Status {
    for (uint64_t i = 0; i < DirectoryWriter::kChangesKept + 5; ++i) {
      WEIR_RETURN_IF_ERROR(writer.Log({Change::Kind::kKey, "acme", "k1"}, WallTime()).status());
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(database->Read([](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(
        const auto rows,
        connection.Query("SELECT COUNT(*), MIN(sequence) FROM identity_change_log"));
    EXPECT_EQ(rows.at(0).Int(0), static_cast<int64_t>(DirectoryWriter::kChangesKept));
    EXPECT_EQ(rows.at(0).Int(1), 6);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST(SqlDirectoryTest, ABodyThatIsNoMessageIsDataLoss) {
  auto database = *sql::OpenSqlite({.path = ":memory:"});
  auto directory = *SqlDirectory::Open(*database);
  ASSERT_THAT(database->Write([](sql::Connection& connection) {
    const sql::Value params[] = {sql::Blob{"\xff\xff"}};
    return connection
        .Execute("INSERT INTO identity_organization (name, keys, body) VALUES ('acme', 0, $1)",
                 params)
        .status();
  }),
              IsOk());
  EXPECT_THAT(
      directory->Read([](DirectoryReader& r) { return r.FindOrganization("acme").status(); }),
      StatusIs(absl::StatusCode::kDataLoss));
}

TEST(SqlDirectoryTest, OpensWhatItMadeAndRefusesWhatIsNewer) {
  auto database = *sql::OpenSqlite({.path = ":memory:"});
  EXPECT_THAT(SqlDirectory::Open(*database), IsOk());
  EXPECT_THAT(SqlDirectory::Open(*database), IsOk());
  ASSERT_THAT(database->Write([](sql::Connection& connection) {
    return connection.Execute("UPDATE schema_version SET version = version + 1").status();
  }),
              IsOk());
  EXPECT_THAT(SqlDirectory::Open(*database), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace weir::identity
