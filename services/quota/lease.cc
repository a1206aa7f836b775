#include "services/quota/lease.h"

#include <algorithm>

namespace weir::quota {

int64_t ShareOf(const Standing& standing) {
  return std::min(standing.room() / kLeaseShare, (standing.room() - standing.held) / 2);
}

int64_t& AmountFor(const CompiledLimit& limit, LeaseAmounts& amounts) {
  if (limit.counts_requests()) return amounts.requests;
  return limit.enforcement == Enforcement::kStrict ? amounts.strict_tokens
                                                   : amounts.adaptive_tokens;
}
int64_t AmountFor(const CompiledLimit& limit, const LeaseAmounts& amounts) {
  LeaseAmounts copy = amounts;
  return AmountFor(limit, copy);
}

std::optional<LeaseAmounts> ShareOut(std::span<const Weighed> limits, const LeaseOp& op,
                                     Instant now) {
  LeaseAmounts granted{kMaxAmount, kMaxAmount, kMaxAmount};
  for (const Weighed& each : limits) {
    const CompiledLimit& limit = *each.limit;
    if (limit.enforcement == Enforcement::kObserve) continue;
    const Standing standing = each.counter->At(limit.rule, now);
    const int64_t wanted = AmountFor(limit, op.wanted);
    int64_t& amount = AmountFor(limit, granted);
    amount = std::min({amount, wanted, op.to_the_end ? standing.room() : ShareOf(standing)});
    const int64_t least = std::max<int64_t>(1, AmountFor(limit, op.least));
    if (wanted > 0 && amount < least) return std::nullopt;
    amount = std::max<int64_t>(0, amount);
  }
  return granted;
}

}  // namespace weir::quota
