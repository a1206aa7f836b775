#pragma once

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

  // Takes over what the store holds, unless this is newer. Blocks.
  absl::Status Reload(LimitStore& store);

  // Reloads where the store has changed since: what a replica calls each second. Blocks.
  absl::Status Follow(LimitStore& store);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const LimitTable> table_ ABSL_GUARDED_BY(mutex_) = LimitTable::Build({});
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::quota
