#pragma once

#include "common/async/worker_pool.h"
#include "services/quota/ledger.h"
#include "services/quota/live_limits.h"
#include "services/quota/windows.h"

namespace weir::quota {

// Counters as the ledger has them, for a store that lost its own. Thread-safe.
class LedgerCounters final : public CounterSource {
 public:
  struct Deps {
    const LiveLimits& limits;  // All must outlive this object.
    Ledger& ledger;
    // Not those that calls wait on which wait for counters.
    WorkerPool& workers;
    const Clock& clock;
  };
  explicit LedgerCounters(Deps deps) : deps_(deps) {}

  asio::awaitable<absl::StatusOr<std::vector<RestoredCounter>>> CountersOf(
      std::string organization) override;

 private:
  const Deps deps_;
};

}  // namespace weir::quota
