#include "common/ids/random.h"
#include "common/sql/database.h"
#include "common/sql/statements.h"

namespace weir::sql {
namespace {

absl::Status CheckNumbers(std::string_view component, std::span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1) {
      return status::Internal("the migrations of {}: number {} has version {}, want {}", component,
                              i + 1, migrations[i].version, i + 1);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CurrentVersion(Connection& connection, std::string_view component) {
  WEIR_RETURN_IF_ERROR(connection
                           .Execute("CREATE TABLE IF NOT EXISTS schema_version ("
                                    "component TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)")
                           .status());
  const Value key[] = {std::string(component)};
  WEIR_ASSIGN_OR_RETURN(
      std::vector<Row> rows,
      connection.Query("SELECT version FROM schema_version WHERE component = $1", key));
  return rows.empty() ? 0 : rows[0].Int(0);
}

absl::Status Apply(Connection& connection, std::string_view component, const Migration& migration) {
  for (std::string_view statement : SplitStatements(migration.statements)) {
    WEIR_RETURN_IF_ERROR(status::While(connection.Execute(statement).status(),
                                       "migrating the schema of {} to version {}", component,
                                       migration.version));
  }
  const Value row[] = {std::string(component), static_cast<int64_t>(migration.version)};
  return connection
      .Execute(
          "INSERT INTO schema_version (component, version) VALUES ($1, $2) "
          "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
          row)
      .status();
}

// Nothing depends on which it is, so that its randomness is handed in by nobody.
absl::Status EnsureStoreId(Connection& connection) {
  WEIR_RETURN_IF_ERROR(connection
                           .Execute("CREATE TABLE IF NOT EXISTS store_identity ("
                                    "one BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL)")
                           .status());
  SecureRandom random;
  const Value row[] = {RandomBase62(random, 22)};
  return connection
      .Execute("INSERT INTO store_identity (one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
               row)
      .status();
}

}  // namespace

absl::Status Migrate(Database& database, std::string_view component,
                     std::span<const Migration> migrations) {
  WEIR_RETURN_IF_ERROR(CheckNumbers(component, migrations));
  return database.WriteAlone([&](Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(const int64_t current, CurrentVersion(connection, component));
    const int64_t last = static_cast<int64_t>(migrations.size());
    if (current > last) {
      return status::FailedPrecondition(
          "the schema of {} has version {}, this program knows up to {}: use the newer program",
          component, current, last);
    }
    for (const Migration& each : migrations.subspan(current)) {
      WEIR_RETURN_IF_ERROR(Apply(connection, component, each));
    }
    return EnsureStoreId(connection);
  });
}

absl::StatusOr<std::string> StoreId(Database& database) {
  std::string id;
  const absl::Status read = database.Read([&](Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(const std::vector<Row> rows,
                          connection.Query("SELECT id FROM store_identity WHERE one = 1"));
    if (rows.empty()) return status::DataLoss("it has none");
    id = rows[0].Text(0);
    return absl::OkStatus();
  });
  WEIR_RETURN_IF_ERROR(status::While(read, "reading the id of the store"));
  return id;
}

}  // namespace weir::sql
