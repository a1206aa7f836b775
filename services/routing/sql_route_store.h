#pragma once

#include <memory>

#include "common/sql/database.h"
#include "services/routing/route_store.h"

namespace weir::routing {

// In a SQL database, by statements that SQLite and PostgreSQL take alike; several processes may
// share one.
class SqlRouteStore final : public RouteStore {
 public:
  // Brings the schema up to date. `database` must outlive the store. kFailedPrecondition: the
  // schema is newer than this program.
  static absl::StatusOr<std::unique_ptr<SqlRouteStore>> Open(sql::Database& database);

  absl::StatusOr<StoredObjects> Load() override;
  absl::StatusOr<int64_t> Sequence() override;
  absl::StatusOr<int64_t> Put(const StoredObject& object, const EditContext& edit) override;
  absl::StatusOr<int64_t> Delete(const ObjectId& id, const EditContext& edit) override;
  absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) override;

 private:
  explicit SqlRouteStore(sql::Database& database) : database_(database) {}

  sql::Database& database_;
};

}  // namespace weir::routing
