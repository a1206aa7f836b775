#include "common/api/escrow.h"

#include <algorithm>

#include "common/time/proto_time.h"

namespace weir::api {
namespace {

// Before a lease ends: what a grant of the last moment may take to be dispatched.
constexpr Duration kMargin = std::chrono::seconds(2);
constexpr int64_t kClockDrift = 1000;  // A part in so many.

LeaseAmounts Read(const quota_pb::LeaseAmounts& amounts) {
  return {amounts.requests(), amounts.strict_tokens(), amounts.adaptive_tokens()};
}

// 0 where it is malformed.
Duration Read(const google::protobuf::Duration& duration) {
  return FromProto(duration).value_or(Duration(0));
}

int64_t& Kind(LeaseAmounts& amounts, bool requests, bool strict) {
  if (requests) return amounts.requests;
  return strict ? amounts.strict_tokens : amounts.adaptive_tokens;
}

}  // namespace

void Leased::Renew(MonotonicTime sent) {
  valid_until = std::max(valid_until, sent + ttl - ttl / kClockDrift - kMargin);
}

bool Leased::has_left() const {
  const auto some = [](int64_t was_granted, int64_t is_left) {
    return was_granted < quota::kMaxAmount && is_left > 0;
  };
  return !closed && (some(granted.requests, left.requests) ||
                     some(granted.strict_tokens, left.strict_tokens) ||
                     some(granted.adaptive_tokens, left.adaptive_tokens));
}

bool Escrow::Limit::counts_requests() const { return state.unit() == common::v1::UNIT_REQUESTS; }

quota::Standing Escrow::Limit::At(const LeaseAmounts& left, MonotonicTime now) const {
  LeaseAmounts ours = left;
  const int64_t own = std::max<int64_t>(0, Kind(ours, counts_requests(), strict));
  return {.capacity = state.limit(),
          // A bucket is full again; a window that is over begins anew (Roll).
          .used = now < resets_at ? used : std::min<int64_t>(used, 0),
          .held = std::max<int64_t>(0, held - own)};
}

LeasedPtr Escrow::Add(std::string id, const quota_pb::LeaseResponse& response, MonotonicTime sent,
                      MonotonicTime now) {
  auto lease = std::make_shared<Leased>();
  lease->id = std::move(id);
  lease->granted = lease->left = Read(response.granted());
  lease->limits_version = response.limits_version();
  lease->ttl = Read(response.ttl());
  lease->Renew(sent);
  lease->used_at = now;
  last_granted_ = lease->granted;
  output_p95_.reset();
  if (response.has_output_tokens_p95()) output_p95_ = response.output_tokens_p95();
  limits_.clear();
  for (const quota_pb::LeasedLimit& each : response.limits()) {
    const bool resets = each.state().has_reset_after();
    limits_.push_back(
        {.state = each.state(),
         .entity = each.entity(),
         .used = each.used(),
         .held = each.held(),
         .strict = each.strict(),
         .window = Read(each.window()),
         .resets_at = resets ? sent + Read(each.state().reset_after()) : MonotonicTime::max()});
  }
  leases_.push_back(lease);
  return lease;
}

LeaseAmounts Escrow::left(MonotonicTime now) const {
  LeaseAmounts all;
  for (const LeasedPtr& each : leases_) {
    if (MayServe(*each, now)) all += each->left;
  }
  return all.Clamped();
}

bool Escrow::Counts(const std::string& limit_name, const std::string& entity) const {
  return std::ranges::any_of(limits_, [&](const Limit& each) {
    return each.state.limit_name() == limit_name && each.entity == entity;
  });
}

bool Escrow::is_scarce(MonotonicTime now) const {
  const LeaseAmounts ours = left(now);
  return std::ranges::any_of(limits_, [&](const Limit& each) {
    return each.At(ours, now).room() < each.state.limit() / 2;
  });
}

bool Escrow::is_low(MonotonicTime now) const {
  const LeaseAmounts have = left(now) * 2;
  const auto below = [](int64_t has, int64_t granted) {
    return granted < quota::kMaxAmount && has < granted;
  };
  return below(have.requests, last_granted_.requests) ||
         below(have.strict_tokens, last_granted_.strict_tokens) ||
         below(have.adaptive_tokens, last_granted_.adaptive_tokens);
}

std::optional<Escrow::Need> Escrow::Weigh(quota::Demand demand, MonotonicTime now) const {
  demand.output_p95 = output_p95_;
  const LeaseAmounts ours = left(now);
  Need need{.amounts = {.requests = demand.requests}};
  // As admission.h: strict limits first, and what they cover bounds the others.
  int64_t strict_input = 0;
  for (const Limit& each : limits_) {
    if (each.counts_requests() || !each.strict) continue;
    const quota::Offer offer = quota::OfferStrict(each.At(ours, now), demand);
    if (!offer.fits || offer.output < offer.wanted) return std::nullopt;
    need.strict_output = std::min(need.strict_output.value_or(offer.output), offer.output);
    strict_input = std::max(strict_input, offer.input);
  }
  if (need.strict_output) need.amounts.strict_tokens = strict_input + *need.strict_output;
  for (const Limit& each : limits_) {
    if (each.counts_requests() || each.strict) continue;
    const quota::Offer offer = quota::OfferAdaptive(each.At(ours, now), demand, need.strict_output);
    need.amounts.adaptive_tokens =
        std::max(need.amounts.adaptive_tokens, offer.input + offer.output);
    need.adaptive_output = std::max(need.adaptive_output, offer.output);
  }
  return need;
}

LeaseAmounts Escrow::NeedOf(const quota::Demand& demand, MonotonicTime now) const {
  if (!limits_.empty()) {
    if (const std::optional<Need> need = Weigh(demand, now)) return need->amounts;
  }
  // Nobody has said yet which limits there are: what any could hold.
  quota::Demand any = demand;
  any.output_p95 = output_p95_;
  const quota::Standing endless{.capacity = quota::kMaxAmount};
  const quota::Offer strict = quota::OfferStrict(endless, any);
  const quota::Offer adaptive = quota::OfferAdaptive(endless, any, std::nullopt);
  return {demand.requests, strict.input + strict.wanted, adaptive.input + adaptive.output};
}

std::optional<LeasedAttempt> Escrow::Admit(const quota::Demand& demand, MonotonicTime now) {
  if (leases_.empty()) return std::nullopt;
  Roll(now);
  const std::optional<Need> need = Weigh(demand, now);
  if (!need) return std::nullopt;
  for (const LeasedPtr& each : leases_) {
    if (!MayServe(*each, now) || !each->left.Covers(need->amounts)) continue;
    each->left -= need->amounts;
    each->held += need->amounts;
    each->used_at = now;
    LeasedAttempt attempt{.lease = each, .held = need->amounts};
    attempt.output_covered = need->strict_output.value_or(need->adaptive_output);
    const bool whole =
        demand.output_declared && need->strict_output.value_or(0) >= *demand.output_declared;
    if (need->strict_output && demand.has_output() && !whole) {
      attempt.output_cap = need->strict_output;
    }
    return attempt;
  }
  return std::nullopt;
}

quota_pb::ReserveResponse Escrow::Answer(const LeasedAttempt& attempt, MonotonicTime now) const {
  quota_pb::ReserveResponse response;
  response.set_code(quota_pb::ReserveResponse::CODE_GRANTED);
  response.set_held_tokens(std::max(attempt.held.strict_tokens, attempt.held.adaptive_tokens));
  response.set_lease_id(attempt.lease->id);
  response.set_limits_version(attempt.lease->limits_version);
  const LeaseAmounts ours = left(now);
  int64_t headroom = quota::kMaxAmount;
  const Limit* tightest[2] = {nullptr, nullptr};  // Of tokens, of requests.
  int64_t remaining[2] = {0, 0};
  for (const Limit& each : limits_) {
    const quota::Standing standing = each.At(ours, now);
    if (each.strict && !each.counts_requests()) headroom = std::min(headroom, standing.room());
    const size_t unit = each.counts_requests() ? 1 : 0;
    if (tightest[unit] != nullptr && remaining[unit] <= standing.remaining()) continue;
    tightest[unit] = &each;
    remaining[unit] = standing.remaining();
  }
  for (const size_t unit : {1, 0}) {
    if (tightest[unit] == nullptr) continue;
    quota_pb::LimitState& state = *response.add_states();
    state = tightest[unit]->state;
    state.set_remaining(remaining[unit]);
    if (tightest[unit]->resets_at == MonotonicTime::max()) continue;
    *state.mutable_reset_after() = ToProto(std::max(Duration(0), tightest[unit]->resets_at - now));
  }
  if (attempt.output_cap) {
    response.set_output_tokens_cap(*attempt.output_cap);
    response.set_output_tokens_headroom(*attempt.output_cap + std::max<int64_t>(0, headroom));
  }
  return response;
}

bool LeasedAttempt::Extend(int64_t more) {
  if (lease->left.strict_tokens < more) return false;
  lease->left.strict_tokens -= more;
  lease->held.strict_tokens += more;
  held.strict_tokens += more;
  output_covered += more;
  return true;
}

void Escrow::ToppedUp(const LeaseAmounts& spent) {
  LeaseAmounts amounts = spent;
  for (Limit& each : limits_) {
    // A bucket refills meanwhile; what it was said to have is the better guess.
    if (each.window == Duration(0)) continue;
    each.used += Kind(amounts, each.counts_requests(), each.strict);
  }
}

void Escrow::Roll(MonotonicTime now) {
  for (Limit& each : limits_) {
    if (each.window <= Duration(0) || now < each.resets_at) continue;
    each.resets_at += (now - each.resets_at) / each.window * each.window + each.window;
    each.used = 0;
  }
}

}  // namespace weir::api
