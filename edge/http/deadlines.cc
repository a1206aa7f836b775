#include "edge/http/deadlines.h"

namespace weir::edge {

Deadlines::Limit::Limit(Deadlines& deadlines, std::function<void()> expired)
    : deadlines_(deadlines), on_expired_(std::move(expired)), next_(deadlines.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  deadlines_.first_ = this;
}

Deadlines::Limit::~Limit() {
  if (deadlines_.sweeping_ == this) deadlines_.sweeping_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : deadlines_.first_) = next_;
}

void Deadlines::Limit::Set(Duration wait) {
  const MonotonicTime now = deadlines_.timers_.clock().Monotonic();
  when_ = now + wait;
  expired_once_ = false;
  // Nearly always a sweep is due before: then this is two stores.
  if (when_ < deadlines_.next_sweep_) deadlines_.Wake(now, when_);
}

Deadlines::~Deadlines() {
  if (next_sweep_ != MonotonicTime::max()) timers_.Cancel(timer_);
}

void Deadlines::Wake(MonotonicTime now, MonotonicTime when) {
  // Far limits are looked at within a second: by then most of them have been moved on.
  when = std::min(when, now + std::chrono::seconds(1));
  if (when >= next_sweep_) return;
  if (next_sweep_ != MonotonicTime::max()) timers_.Cancel(timer_);
  next_sweep_ = when;
  timer_ = timers_.At(when, [this] { Sweep(); });
}

void Deadlines::Sweep() {
  next_sweep_ = MonotonicTime::max();
  const MonotonicTime now = timers_.clock().Monotonic();
  MonotonicTime nearest = MonotonicTime::max();
  for (Limit* each = first_; each != nullptr; each = sweeping_) {
    sweeping_ = each->next_;
    if (each->when_ > now) {
      nearest = std::min(nearest, each->when_);
      continue;
    }
    each->when_ = MonotonicTime::max();
    each->expired_once_ = true;
    each->on_expired_();
  }
  sweeping_ = nullptr;
  if (nearest != MonotonicTime::max()) Wake(now, nearest);
}

}  // namespace weir::edge
