#include "services/quota/admission.h"

#include <tuple>

namespace weir::quota {
namespace {

bool IsStrictTokens(const CompiledLimit& limit) {
  return !limit.counts_requests() && limit.enforcement == Enforcement::kStrict;
}

Offer OfferOf(const Weighed& each, const Standing& standing, const Demand& demand,
              std::optional<int64_t> output_cap) {
  if (each.limit->counts_requests()) return OfferRequests(standing, demand);
  if (IsStrictTokens(*each.limit)) return OfferStrict(standing, demand);
  return OfferAdaptive(standing, demand, output_cap);
}

// A limit of 0 refuses whatever costs something.
Offer Closed(Offer offer) {
  if (offer.input + offer.wanted > 0) {
    offer.fits = false;
    offer.outlook = Outlook::kNever;
  }
  return offer;
}

Refusal RefusalOf(size_t index, const Weighed& each, const Standing& standing, const Offer& offer,
                  Instant now) {
  if (offer.outlook == Outlook::kNever) return {index, true, kForeverNs};
  const CountingRule& rule = each.limit->rule;
  const int64_t wait = each.counter->WaitFor(rule, now, offer.room_needed);
  // A bucket refills by itself; what a window lacks can only come from open holds.
  if (rule.is_bucket()) {
    return {index, false, standing.held > 0 ? std::min(wait, kRetrySoonNs) : wait};
  }
  if (offer.outlook == Outlook::kAfterReset) return {index, true, wait};
  return {index, false, std::min(wait, kRetrySoonNs)};
}

class Tightest {
 public:
  void Offer(const Refusal& refusal, const Standing& standing) {
    const auto rank = std::tuple(refusal.hard, refusal.retry_after_ns, -standing.remaining());
    if (refusal_ && rank <= rank_) return;
    refusal_ = refusal;
    rank_ = rank;
  }
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  std::optional<Refusal> refusal_;
  std::tuple<bool, int64_t, int64_t> rank_;
};

// The output that all strict limits cover, and what the least of them was asked for.
struct StrictOutput {
  std::optional<int64_t> covered;
  int64_t wanted = 0;

  void Take(const Offer& offer) {
    wanted = covered ? std::min(wanted, offer.wanted) : offer.wanted;
    covered = covered ? std::min(*covered, offer.output) : offer.output;
  }
};

void SetCap(const StrictOutput& strict, const Demand& demand, Admission& admission) {
  if (!strict.covered) return;
  admission.output_covered = *strict.covered;
  if (!demand.has_output()) return;
  admission.reduced = *strict.covered < strict.wanted;
  const bool whole = demand.output_declared && *strict.covered >= *demand.output_declared;
  if (!whole) admission.output_cap = strict.covered;
}

// Room for all that can be asked for.
constexpr Standing kEndless{.capacity = kMaxAmount, .used = 1, .held = 0};

Admission Weigh(std::span<const Weighed> limits, const Demand& demand, Instant now,
                bool is_under_way) {
  absl::InlinedVector<Offer, 4> offers(limits.size());
  StrictOutput strict;
  Tightest tightest;
  const auto weigh = [&](size_t i) {
    const Weighed& each = limits[i];
    const Standing standing = is_under_way ? kEndless : each.counter->At(each.limit->rule, now);
    offers[i] = OfferOf(each, standing, demand, strict.covered);
    if (each.limit->enforcement == Enforcement::kObserve) return;
    if (each.limit->rule.count == 0 && !is_under_way) offers[i] = Closed(offers[i]);
    if (!offers[i].fits) {
      tightest.Offer(RefusalOf(i, each, standing, offers[i], now), standing);
    } else if (IsStrictTokens(*each.limit)) {
      strict.Take(offers[i]);
    }
  };
  // Strict limits first: what they leave of the output bounds what the others hold.
  for (size_t i = 0; i < limits.size(); ++i) {
    if (IsStrictTokens(*limits[i].limit)) weigh(i);
  }
  for (size_t i = 0; i < limits.size(); ++i) {
    if (!IsStrictTokens(*limits[i].limit)) weigh(i);
  }

  Admission admission;
  admission.refusal = tightest.refusal();
  if (admission.refusal) return admission;
  for (size_t i = 0; i < limits.size(); ++i) {
    const bool is_strict = IsStrictTokens(*limits[i].limit);
    Portion portion{offers[i].input, is_strict ? *strict.covered : offers[i].output};
    if (!limits[i].limit->counts_requests()) {
      admission.held_tokens = std::max(admission.held_tokens, portion.amount());
      admission.output_covered = std::max(admission.output_covered, portion.output);
    }
    admission.portions.push_back(portion);
  }
  SetCap(strict, demand, admission);
  return admission;
}

}  // namespace

Admission Decide(std::span<const Weighed> limits, const Demand& demand, Instant now) {
  return Weigh(limits, demand, now, false);
}

Admission Impose(std::span<const Weighed> limits, const Demand& demand, Instant now) {
  return Weigh(limits, demand, now, true);
}

}  // namespace weir::quota
