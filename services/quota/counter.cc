#include "services/quota/counter.h"

namespace weir::quota {

void Counter::Adapt(const CountingRule& rule, Instant now) {
  if (kind_ == rule.kind) return;
  CountingRule before = rule;
  before.kind = kind_;
  const Standing standing = At(before, now);
  const int64_t used = std::max<int64_t>(0, standing.used);
  const int64_t time = rule.TimeOf(now);
  kind_ = rule.kind;
  switch (rule.kind) {
    case CountingRule::Kind::kUtcWindow:
      state_ = FixedWindow(UtcWindowStart(rule.period_ns, time), used, standing.held);
      break;
    case CountingRule::Kind::kAnchoredWindow:
      // An unused one waits for its first hold.
      state_ = FixedWindow(standing.untouched() ? kNeverNs : time, used, standing.held);
      break;
    case CountingRule::Kind::kTokenBucket:
      state_ = TokenBucket(time, used, standing.held);
      break;
  }
}

Standing Counter::At(const CountingRule& rule, Instant now) const {
  if (kind_ != rule.kind) {
    Counter adapted = *this;
    adapted.Adapt(rule, now);
    return adapted.At(rule, now);
  }
  return std::visit([&](const auto& state) { return state.At(rule, rule.TimeOf(now)); }, state_);
}

void Counter::Hold(const CountingRule& rule, Instant now, int64_t amount) {
  Adapt(rule, now);
  std::visit([&](auto& state) { state.Hold(rule, rule.TimeOf(now), amount); }, state_);
}

void Counter::Settle(const CountingRule& rule, Instant now, int64_t held, int64_t actual) {
  Adapt(rule, now);
  std::visit([&](auto& state) { state.Settle(rule, rule.TimeOf(now), held, actual); }, state_);
}

void Counter::Correct(const CountingRule& rule, Instant now, Instant posted_at, int64_t posted,
                      int64_t actual) {
  Adapt(rule, now);
  const int64_t time = rule.TimeOf(now);
  if (auto* window = std::get_if<FixedWindow>(&state_)) {
    window->Correct(rule, time, rule.TimeOf(posted_at), posted, actual);
  } else {
    std::get<TokenBucket>(state_).Correct(rule, time, posted, actual);
  }
}

void Counter::Restore(const CountingRule& rule, Instant now, Instant start, int64_t used) {
  Adapt(rule, now);
  if (auto* window = std::get_if<FixedWindow>(&state_)) {
    *window = FixedWindow(rule.TimeOf(start), used, window->held());
  } else {
    state_ = TokenBucket(rule.TimeOf(now), used, std::get<TokenBucket>(state_).held());
  }
}

int64_t Counter::ResetAfter(const CountingRule& rule, Instant now) const {
  if (kind_ != rule.kind) {
    Counter adapted = *this;
    adapted.Adapt(rule, now);
    return adapted.ResetAfter(rule, now);
  }
  return std::visit([&](const auto& state) { return state.ResetAfter(rule, rule.TimeOf(now)); },
                    state_);
}

bool Counter::IsIdle(const CountingRule& rule, Instant now) const {
  if (kind_ != rule.kind) return false;
  return std::visit([&](const auto& state) { return state.IsIdle(rule, rule.TimeOf(now)); },
                    state_);
}

int64_t Counter::WaitFor(const CountingRule& rule, Instant now, int64_t room) const {
  if (kind_ != rule.kind) {
    Counter adapted = *this;
    adapted.Adapt(rule, now);
    return adapted.WaitFor(rule, now, room);
  }
  const auto* bucket = std::get_if<TokenBucket>(&state_);
  if (bucket == nullptr) return ResetAfter(rule, now);
  return bucket->WaitFor(rule, rule.TimeOf(now), room);
}

}  // namespace weir::quota
