#include "services/quota/fixed_window.h"

namespace weir::quota {

int64_t UtcWindowStart(int64_t period_ns, int64_t wall_ns) {
  const int64_t into = wall_ns % period_ns;
  return wall_ns - (into < 0 ? into + period_ns : into);
}

bool FixedWindow::IsCurrent(const CountingRule& rule, int64_t now) const {
  if (start_ == kNeverNs) return false;
  if (rule.kind == CountingRule::Kind::kUtcWindow) {
    return UtcWindowStart(rule.period_ns, now) <= start_;
  }
  return now - start_ < rule.period_ns;
}

void FixedWindow::EnterCurrent(const CountingRule& rule, int64_t now) {
  if (IsCurrent(rule, now)) return;
  start_ = rule.kind == CountingRule::Kind::kUtcWindow ? UtcWindowStart(rule.period_ns, now) : now;
  used_ = 0;
}

Standing FixedWindow::At(const CountingRule& rule, int64_t now) const {
  return {.capacity = rule.capacity, .used = IsCurrent(rule, now) ? used_ : 0, .held = held_};
}

void FixedWindow::Hold(const CountingRule& rule, int64_t now, int64_t amount) {
  EnterCurrent(rule, now);
  held_ += amount;
}

void FixedWindow::Settle(const CountingRule& rule, int64_t now, int64_t held, int64_t actual) {
  held_ -= held;
  if (actual == 0) return;
  EnterCurrent(rule, now);
  used_ = SaturatingAdd(used_, actual);
}

void FixedWindow::Correct(const CountingRule& rule, int64_t now, int64_t posted_at, int64_t posted,
                          int64_t actual) {
  const int64_t more = actual - posted;
  if (more > 0) {
    Settle(rule, now, 0, more);
  } else if (IsCurrent(rule, now) && start_ <= posted_at) {
    used_ = std::max<int64_t>(0, used_ + more);
  }
}

int64_t FixedWindow::ResetAfter(const CountingRule& rule, int64_t now) const {
  if (At(rule, now).untouched()) return 0;
  if (rule.kind == CountingRule::Kind::kUtcWindow) {
    const int64_t start = std::max(start_, UtcWindowStart(rule.period_ns, now));
    return start + rule.period_ns - now;
  }
  return IsCurrent(rule, now) ? start_ + rule.period_ns - now : rule.period_ns;
}

}  // namespace weir::quota
