#pragma once

#include <atomic>
#include <memory>

#include "common/async/mutex.h"
#include "services/quota/limit_store.h"
#include "services/quota/limit_table.h"

namespace weir::quota {

// The limits as they are now. Thread-safe.
class LiveLimits {
 public:
  // Never null. A snapshot: hold it for one operation.
  std::shared_ptr<const LimitTable> Current() const;
  // Rises with every change of the limits, on every replica alike. Read before Current() it is
  // never later than what that returns.
  int64_t version() const { return sequence_.load(std::memory_order_acquire); }

  // Takes over what the store holds, unless this is newer. Blocks.
  absl::Status Reload(LimitStore& store);

  // Takes over one change that was just made there, `before` to `after` (one may be unset), without
  // reading all limits again; but where others changed something too, it reloads. Blocks.
  absl::Status Change(LimitStore& store, const std::optional<StoredLimit>& before,
                      const std::optional<StoredLimit>& after);

  // Reloads where the store has changed since, also where it was put back to a state of before:
  // what a replica calls each second. Blocks.
  absl::Status Follow(LimitStore& store);

 private:
  void Take(std::shared_ptr<const LimitTable> table, int64_t sequence)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::shared_ptr<const LimitTable> table_ ABSL_GUARDED_BY(mutex_) = LimitTable::Build({});
  std::atomic<int64_t> sequence_ = 0;  // Changes under the lock, after the table.
};

}  // namespace weir::quota
