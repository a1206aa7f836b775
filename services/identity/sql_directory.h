#pragma once

#include <memory>

#include "common/sql/database.h"
#include "services/identity/directory.h"

namespace weir::identity {

// A Directory in a SQL database; the tables are in sql_schema.cc. Holds no state of its own, so
// that several may use one database.
class SqlDirectory final : public Directory {
 public:
  // Brings the tables up to date first. `database` must outlive the result. kFailedPrecondition:
  // they are newer than this program.
  static absl::StatusOr<std::unique_ptr<SqlDirectory>> Open(sql::Database& database);

  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) override;
  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) override;

 private:
  explicit SqlDirectory(sql::Database& database) : database_(database) {}
  sql::Database& database_;
};

}  // namespace weir::identity
