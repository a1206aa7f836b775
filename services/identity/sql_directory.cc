#include "services/identity/sql_directory.h"

#include "services/identity/sql_directory_session.h"
#include "services/identity/sql_schema.h"

namespace weir::identity {

absl::StatusOr<std::unique_ptr<SqlDirectory>> SqlDirectory::Open(sql::Database& database) {
  WEIR_RETURN_IF_ERROR(sql::Migrate(database, "identity", IdentityMigrations()));
  return std::unique_ptr<SqlDirectory>(new SqlDirectory(database));
}

absl::Status SqlDirectory::Read(const std::function<absl::Status(DirectoryReader&)>& work) {
  return database_.Read([&work](sql::Connection& connection) {
    SqlDirectorySession session(connection);
    return work(session);
  });
}

absl::Status SqlDirectory::Write(const std::function<absl::Status(DirectoryWriter&)>& work) {
  return database_.Write([&work](sql::Connection& connection) {
    SqlDirectorySession session(connection);
    return work(session);
  });
}

}  // namespace weir::identity
