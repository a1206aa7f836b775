#pragma once

#include <memory>

#include "common/sql/database.h"
#include "services/guardrails/policy_store.h"

namespace weir::guardrails {

// In a SQL database, by statements that SQLite and PostgreSQL take alike; several processes may
// share one.
class SqlPolicyStore final : public PolicyStore {
 public:
  // Brings the schema up to date. `database` must outlive the store. kFailedPrecondition: the
  // schema is newer than this program.
  static absl::StatusOr<std::unique_ptr<SqlPolicyStore>> Open(sql::Database& database);

  absl::StatusOr<StoredPolicies> Load() override;
  absl::StatusOr<int64_t> Sequence() override;
  absl::StatusOr<int64_t> Put(const StoredPolicy& policy, const EditContext& edit) override;
  absl::StatusOr<int64_t> Delete(const PolicyName& id, const EditContext& edit) override;
  absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) override;

 private:
  explicit SqlPolicyStore(sql::Database& database) : database_(database) {}

  sql::Database& database_;
};

}  // namespace weir::guardrails
