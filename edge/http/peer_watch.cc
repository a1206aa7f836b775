#include "edge/http/peer_watch.h"

namespace weir::edge {

PeerWatch::Watched::Watched(PeerWatch& watch, std::function<void()> check)
    : watch_(watch), check_(std::move(check)), next_(watch.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  watch_.first_ = this;
  watch_.Arm();
}

PeerWatch::Watched::~Watched() {
  if (watch_.sweeping_ == this) watch_.sweeping_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : watch_.first_) = next_;
}

PeerWatch::~PeerWatch() {
  if (armed_) timers_.Cancel(timer_);
}

void PeerWatch::Arm() {
  if (armed_) return;
  armed_ = true;
  timer_ = timers_.At(timers_.clock().Monotonic() + kInterval, [this] { Sweep(); });
}

void PeerWatch::Sweep() {
  armed_ = false;
  for (Watched* each = first_; each != nullptr; each = sweeping_) {
    sweeping_ = each->next_;
    each->check_();
  }
  sweeping_ = nullptr;
  if (first_ != nullptr) Arm();
}

}  // namespace weir::edge
