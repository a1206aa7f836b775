#pragma once

#include <cstdint>

#include "services/quota/counting_rule.h"

namespace weir::quota {

// A bucket of `capacity` units that refills by `count` a period. A hold takes units out, its
// settlement puts back what was held and not spent; more than full is lost. An overdraft takes the
// level below zero, and refilling pays it off.
//
// Over any time t, settled + open <= capacity + t * count / period + overdrafts. Integer
// arithmetic, exact: no unit is gained or lost however often it is asked. A value, not thread-safe;
// `now` is the rule's clock, and a step back refills nothing.
class TokenBucket {
 public:
  TokenBucket() = default;
  // As if `used` were settled and `held` open at `now`.
  TokenBucket(int64_t now, int64_t used, int64_t held)
      : debt_(std::max<int64_t>(0, used + held)), at_(now), held_(held) {}
  // As another store kept it: what is missing, what was refilled so far of the next unit (in
  // 1/period_ns of a unit), when.
  static TokenBucket Stored(int64_t debt, int64_t fraction, int64_t at, int64_t held) {
    TokenBucket bucket(at, debt - held, held);
    bucket.fraction_ = fraction;
    return bucket;
  }

  Standing At(const CountingRule& rule, int64_t now) const;

  void Hold(const CountingRule& rule, int64_t now, int64_t amount);
  // Ends a hold of `held`, of which `actual` was spent.
  void Settle(const CountingRule& rule, int64_t now, int64_t held, int64_t actual);
  // What was posted as `posted` was `actual` in truth.
  void Correct(const CountingRule& rule, int64_t now, int64_t posted, int64_t actual);

  // Until it is full. kForeverNs where it is not and never refills.
  int64_t ResetAfter(const CountingRule& rule, int64_t now) const;
  // Until `room` units can be taken, or until it is full where that is sooner.
  int64_t WaitFor(const CountingRule& rule, int64_t now, int64_t room) const;

  // Full, and nothing is open: a new one would do as well.
  bool IsIdle(const CountingRule& rule, int64_t now) const { return At(rule, now).untouched(); }
  int64_t held() const { return held_; }

 private:
  void Refill(const CountingRule& rule, int64_t now);

  // Kept as what is missing, so that a new bucket is full and a raised burst counts at once.
  int64_t debt_ = 0;
  int64_t fraction_ = 0;  // Refilled so far of the next unit, in 1/period_ns of a unit.
  int64_t at_ = kNeverNs;
  int64_t held_ = 0;
};

}  // namespace weir::quota
