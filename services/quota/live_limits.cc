#include "services/quota/live_limits.h"

namespace weir::quota {

std::shared_ptr<const LimitTable> LiveLimits::Current() const {
  MutexLock lock(mutex_);
  return table_;
}

absl::Status LiveLimits::Reload(LimitStore& store) {
  absl::StatusOr<LimitStore::Snapshot> snapshot = store.All();
  if (!snapshot.ok()) return status::While(snapshot.status(), "loading the limits");
  std::shared_ptr<const LimitTable> table = LimitTable::Build(snapshot->limits);
  MutexLock lock(mutex_);
  // Somebody else may have loaded a later state meanwhile.
  if (snapshot->sequence < sequence_) return absl::OkStatus();
  sequence_ = snapshot->sequence;
  table_ = std::move(table);
  return absl::OkStatus();
}

absl::Status LiveLimits::Follow(LimitStore& store) {
  absl::StatusOr<int64_t> sequence = store.Sequence();
  if (!sequence.ok()) return status::While(sequence.status(), "asking for changes of the limits");
  {
    MutexLock lock(mutex_);
    if (*sequence == sequence_) return absl::OkStatus();
  }
  return Reload(store);
}

}  // namespace weir::quota
