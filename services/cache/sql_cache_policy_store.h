#pragma once

#include <memory>

#include "common/sql/database.h"
#include "services/cache/cache_policy_store.h"

namespace weir::cache {

// In a SQL database, by statements that SQLite and PostgreSQL take alike; several processes may
// share one.
class SqlCachePolicyStore final : public CachePolicyStore {
 public:
  // Brings the schema up to date. `database` must outlive the store. kFailedPrecondition: the
  // schema is newer than this program.
  static absl::StatusOr<std::unique_ptr<SqlCachePolicyStore>> Open(sql::Database& database);

  absl::StatusOr<StoredPolicies> Load() override;
  absl::StatusOr<int64_t> Sequence() override;
  absl::StatusOr<int64_t> Put(std::span<const StoredPolicy> policies,
                              const PolicyEdit& edit) override;
  absl::StatusOr<int64_t> Delete(const std::string& organization, const std::string& name,
                                 const PolicyEdit& edit) override;

 private:
  explicit SqlCachePolicyStore(sql::Database& database) : database_(database) {}

  sql::Database& database_;
};

}  // namespace weir::cache
