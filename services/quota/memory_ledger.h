#pragma once

#include <deque>
#include <set>

#include "common/async/mutex.h"
#include "services/quota/ledger.h"

namespace weir::quota {

// A ledger for tests and for gateways that keep nothing: gone with the process, and the oldest rows
// with it as it grows.
class MemoryLedger final : public Ledger {
 public:
  explicit MemoryLedger(size_t max_rows = 1'000'000) : max_rows_(max_rows) {}

  absl::StatusOr<std::vector<bool>> Append(std::span<const LedgerRow> rows) override;
  absl::StatusOr<std::optional<LedgerRow>> Find(const AttemptId& id) override;
  absl::StatusOr<std::vector<UsageSum>> QueryUsage(const UsageQuery& query) override;
  absl::StatusOr<std::vector<SubjectSum>> SumSubjects(const SumQuery& query) override;

  // In the order they came.
  std::vector<LedgerRow> Rows() const;

 private:
  using Key = std::pair<AttemptId, uint32_t>;
  // The highest seq of its attempt.
  bool Counts(const LedgerRow& row) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_rows_;
  mutable Mutex mutex_;
  std::deque<LedgerRow> rows_ ABSL_GUARDED_BY(mutex_);
  std::set<Key> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::quota
