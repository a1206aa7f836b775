#include "services/quota/token_bucket.h"

namespace weir::quota {
namespace {

__extension__ using Wide = __int128;

}  // namespace

void TokenBucket::Refill(const CountingRule& rule, int64_t now) {
  const int64_t elapsed = at_ == kNeverNs ? 0 : now - at_;
  if (elapsed < 0) return;
  at_ = now;
  // A changed period may leave a fraction of a whole unit and more: it counts as such.
  const Wide refilled = static_cast<Wide>(elapsed) * rule.count + fraction_;
  if (refilled >= static_cast<Wide>(debt_) * rule.period_ns) {
    debt_ = 0;
    fraction_ = 0;
    return;
  }
  debt_ -= static_cast<int64_t>(refilled / rule.period_ns);
  fraction_ = static_cast<int64_t>(refilled % rule.period_ns);
}

Standing TokenBucket::At(const CountingRule& rule, int64_t now) const {
  TokenBucket then = *this;
  then.Refill(rule, now);
  return {.capacity = rule.capacity, .used = then.debt_ - held_, .held = held_};
}

void TokenBucket::Hold(const CountingRule& rule, int64_t now, int64_t amount) {
  Refill(rule, now);
  held_ += amount;
  debt_ = SaturatingAdd(debt_, amount);
}

void TokenBucket::Settle(const CountingRule& rule, int64_t now, int64_t held, int64_t actual) {
  held_ -= held;
  Correct(rule, now, held, actual);
}

void TokenBucket::Correct(const CountingRule& rule, int64_t now, int64_t posted, int64_t actual) {
  Refill(rule, now);
  debt_ = std::max<int64_t>(0, SaturatingAdd(debt_, actual - posted));
  if (debt_ == 0) fraction_ = 0;
}

int64_t TokenBucket::ResetAfter(const CountingRule& rule, int64_t now) const {
  return WaitFor(rule, now, rule.capacity);
}

int64_t TokenBucket::WaitFor(const CountingRule& rule, int64_t now, int64_t room) const {
  TokenBucket then = *this;
  then.Refill(rule, now);
  const int64_t missing = std::min(room, rule.capacity) - (rule.capacity - then.debt_);
  if (missing <= 0) return 0;
  if (rule.count == 0) return kForeverNs;
  const Wide wanted = static_cast<Wide>(missing) * rule.period_ns - then.fraction_;
  const Wide wait = (wanted + rule.count - 1) / rule.count;
  return wait > kForeverNs ? kForeverNs : static_cast<int64_t>(wait);
}

}  // namespace weir::quota
