#include "services/quota/live_limits.h"

namespace weir::quota {

namespace {

// Before every state of a store.
constexpr int64_t kOfNoStore = -1;

}  // namespace

std::shared_ptr<const LimitTable> LiveLimits::Current() const {
  MutexLock lock(mutex_);
  return table_;
}

void LiveLimits::Take(std::shared_ptr<const LimitTable> table, int64_t sequence) {
  table_ = std::move(table);
  sequence_.store(sequence, std::memory_order_release);
}

absl::Status LiveLimits::Reload(LimitStore& store) {
  absl::StatusOr<LimitStore::Snapshot> snapshot = store.All();
  if (!snapshot.ok()) return status::While(snapshot.status(), "loading the limits");
  std::shared_ptr<const LimitTable> table = LimitTable::Build(snapshot->limits);
  MutexLock lock(mutex_);
  // Somebody else may have loaded a later state meanwhile.
  if (snapshot->sequence < sequence_) return absl::OkStatus();
  Take(std::move(table), snapshot->sequence);
  return absl::OkStatus();
}

absl::Status LiveLimits::Change(LimitStore& store, const std::optional<StoredLimit>& before,
                                const std::optional<StoredLimit>& after) {
  absl::StatusOr<int64_t> sequence = store.Sequence();
  if (!sequence.ok()) return status::While(sequence.status(), "asking for changes of the limits");
  std::shared_ptr<const LimitTable> old;
  int64_t old_sequence = 0;
  {
    MutexLock lock(mutex_);
    old = table_;
    old_sequence = sequence_;
  }
  // Else something was changed that is not known here.
  if (*sequence == old_sequence + 1) {
    std::shared_ptr<const LimitTable> table = old->With(before, after);
    MutexLock lock(mutex_);
    if (table_ == old) {
      Take(std::move(table), *sequence);
      return absl::OkStatus();
    }
  }
  return Reload(store);
}

absl::Status LiveLimits::Follow(LimitStore& store) {
  int64_t known = 0;
  {
    MutexLock lock(mutex_);
    known = sequence_;
  }
  absl::StatusOr<int64_t> sequence = store.Sequence();
  if (!sequence.ok()) return status::While(sequence.status(), "asking for changes of the limits");
  if (*sequence == known) return absl::OkStatus();
  if (*sequence < known) {
    // Asked after what is known was read: another store, or one of before.
    MutexLock lock(mutex_);
    if (sequence_ == known) sequence_ = kOfNoStore;
  }
  return Reload(store);
}

}  // namespace weir::quota
