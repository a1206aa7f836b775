#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "common/sql/database.h"
#include "common/testing/postgres_server.h"

namespace weir::sql {

// How to open `database` of the test program's server.
inline PostgresOptions PostgresForTest(std::string database, std::string component = "part") {
  const testing::PostgresServer& server = testing::PostgresServer::Shared();
  return {.host = server.socket(),
          .port = server.port(),
          .database = std::move(database),
          .user = server.user(),
          .component = std::move(component)};
}

inline std::unique_ptr<Database> OpenPostgresForTest(const PostgresOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> opened = OpenPostgres(options);
  if (opened.ok()) return *std::move(opened);
  std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
  std::abort();
}

// An empty database there.
inline std::unique_ptr<Database> NewPostgres(std::string component = "part") {
  return OpenPostgresForTest(
      PostgresForTest(testing::PostgresServer::Shared().NewDatabase(), std::move(component)));
}

}  // namespace weir::sql
