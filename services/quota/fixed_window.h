#pragma once

#include <cstdint>

#include "services/quota/counting_rule.h"

namespace weir::quota {

// Use counted in windows of a fixed length; open holds beside it, tied to no window.
//
// Admission keeps used + held <= capacity. A settlement turns a hold into use of the window that is
// current then; a new window begins with no use and the same holds. So an answer that outlives its
// window counts in both, and nothing is ever refunded into a window that is over. A value, not
// thread-safe; `now` is the rule's clock (CountingRule::TimeOf) and may step back: a window that
// has begun stays.
class FixedWindow {
 public:
  FixedWindow() = default;
  FixedWindow(int64_t start_ns, int64_t used, int64_t held)
      : start_(start_ns), used_(used), held_(held) {}

  Standing At(const CountingRule& rule, int64_t now) const;

  void Hold(const CountingRule& rule, int64_t now, int64_t amount);
  // Ends a hold of `held`, of which `actual` was spent.
  void Settle(const CountingRule& rule, int64_t now, int64_t held, int64_t actual);
  // What was posted as `posted` at `posted_at` was `actual` in truth. More is charged to the
  // current window; less is given back only while the window that it was posted into lasts.
  void Correct(const CountingRule& rule, int64_t now, int64_t posted_at, int64_t posted,
               int64_t actual);

  // Until the next window. 0 where nothing is used or held; a whole period where holds are open and
  // no window has begun.
  int64_t ResetAfter(const CountingRule& rule, int64_t now) const;

  // Nothing is open and no window runs: a new one would do as well.
  bool IsIdle(const CountingRule& rule, int64_t now) const {
    return held_ == 0 && !IsCurrent(rule, now);
  }
  int64_t held() const { return held_; }

 private:
  bool IsCurrent(const CountingRule& rule, int64_t now) const;
  void EnterCurrent(const CountingRule& rule, int64_t now);

  int64_t start_ = kNeverNs;
  int64_t used_ = 0;
  int64_t held_ = 0;
};

// Start of the window of `period_ns` that `wall_ns` lies in.
int64_t UtcWindowStart(int64_t period_ns, int64_t wall_ns);

}  // namespace weir::quota
