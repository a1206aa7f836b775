#pragma once

#include <memory>
#include <string>

#include "common/async/worker_pool.h"
#include "common/ids/random.h"
#include "common/redis/config.h"
#include "services/quota/config.h"
#include "services/quota/ledger_counters.h"
#include "services/quota/windows.h"

namespace weir::quota {

// The windows that the configuration asks for, in memory or on Redis, with what they stand on. Made
// before the loops that ask them, and gone after them, or after those of them that live on.
class HotState {
 public:
  struct Deps {
    const LiveLimits& limits;  // All must outlive this object; the latter two the loops as well.
    Ledger& ledger;
    const Clock& clock;
    Random& random;
  };
  // Not yet connected: a Redis that is away does not keep a process from starting.
  // kInvalidArgument: a file of `redis.tls` cannot be used.
  static absl::StatusOr<std::unique_ptr<HotState>> Open(const QuotaConfig& quota,
                                                        const redis::RedisConfig& redis, Deps deps);

  Windows& windows() { return *windows_; }
  // Rebuilds nothing any more. Before the loops go.
  void Stop() {
    if (rebuilders_) rebuilders_->Stop();
  }

 private:
  // Of its own: what waits for a rebuild may have all other threads.
  std::unique_ptr<WorkerPool> rebuilders_;
  std::unique_ptr<LedgerCounters> counters_;
  std::unique_ptr<Windows> windows_;
};

// What must hold between the sections. kInvalidArgument: the store is Redis, and there is none.
absl::Status CheckStore(const QuotaConfig& quota, const redis::RedisConfig& redis);
// What tells this Redis from others in the id of a store that replicas share.
std::string HotStoreName(const redis::RedisConfig& redis);

}  // namespace weir::quota
