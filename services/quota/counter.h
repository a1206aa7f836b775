#pragma once

#include <cstdint>
#include <variant>

#include "services/quota/counting_rule.h"
#include "services/quota/fixed_window.h"
#include "services/quota/token_bucket.h"

namespace weir::quota {

// One limit's count for one subject, under whichever rule it has now: a changed count, burst or
// period applies to what is there, another kind of rule takes over use and holds. A value, not
// thread-safe. A new one is unused.
class Counter {
 public:
  Counter() = default;
  // As another store kept it; the state is of the form that `kind` counts in.
  Counter(CountingRule::Kind kind, std::variant<FixedWindow, TokenBucket> state)
      : kind_(kind), state_(state) {}

  Standing At(const CountingRule& rule, Instant now) const;

  void Hold(const CountingRule& rule, Instant now, int64_t amount);
  // Ends a hold of `held`, of which `actual` was spent (0: it is void).
  void Settle(const CountingRule& rule, Instant now, int64_t held, int64_t actual);
  // What was posted as `posted` at `posted_at` was `actual` in truth: late truth wins.
  void Correct(const CountingRule& rule, Instant now, Instant posted_at, int64_t posted,
               int64_t actual);
  // Sets the use of the window that began at `start`; holds stay. For buckets: used just now.
  void Restore(const CountingRule& rule, Instant now, Instant start, int64_t used);

  // Until the window's reset, or until the bucket is full. 0: nothing used. kForeverNs: never.
  int64_t ResetAfter(const CountingRule& rule, Instant now) const;
  // Until `room` units may be free if no hold comes back: a window's reset, a bucket's refill.
  int64_t WaitFor(const CountingRule& rule, Instant now, int64_t room) const;

  // A new counter would do as well.
  bool IsIdle(const CountingRule& rule, Instant now) const;

 private:
  // Brings the state into the form that `rule` counts in.
  void Adapt(const CountingRule& rule, Instant now);

  CountingRule::Kind kind_ = CountingRule::Kind::kUtcWindow;
  std::variant<FixedWindow, TokenBucket> state_;
};

}  // namespace weir::quota
