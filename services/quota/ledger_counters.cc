#include "services/quota/ledger_counters.h"

#include "services/quota/rebuild.h"

namespace weir::quota {

asio::awaitable<absl::StatusOr<std::vector<RestoredCounter>>> LedgerCounters::CountersOf(
    std::string organization) {
  auto sum = [&ledger = deps_.ledger, table = deps_.limits.Current(), now = deps_.clock.Now(),
              organization = std::move(organization)] {
    return SumCounters(*table, ledger, now, organization);
  };
  co_return co_await RunOn(deps_.workers, std::move(sum));
}

}  // namespace weir::quota
