#pragma once

#include "common/async/mutex.h"
#include "common/sql/database.h"
#include "services/quota/ledger.h"
#include "services/quota/sql_subjects.h"

namespace weir::quota {

// The ledger as a table of numbers beside one of names; the statements are constants and every
// value a parameter.
class SqlLedger final : public Ledger {
 public:
  // `database` has the tables of QuotaMigrations() and must outlive this object.
  explicit SqlLedger(sql::Database& database) : database_(database) {}

  absl::StatusOr<std::vector<bool>> Append(std::span<const LedgerRow> rows) override;
  absl::StatusOr<std::optional<LedgerRow>> Find(const AttemptId& id) override;
  absl::StatusOr<std::vector<UsageSum>> QueryUsage(const UsageQuery& query) override;
  absl::StatusOr<std::vector<SubjectSum>> SumSubjects(const SumQuery& query) override;

 private:
  absl::StatusOr<std::vector<sql::Row>> Read(std::string_view statement,
                                             std::span<const sql::Value> params);

  absl::Status Write(const sql::Database::Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(appending_);

  sql::Database& database_;
  Mutex appending_;
  SqlSubjects subjects_ ABSL_GUARDED_BY(appending_);
};

}  // namespace weir::quota
