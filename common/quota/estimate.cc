#include "common/quota/estimate.h"

namespace weir::quota {
namespace {

int64_t AtMost(std::optional<int64_t> bound, int64_t value) {
  return bound ? std::min(*bound, value) : value;
}

int64_t LearnedOr(const Demand& demand, int64_t otherwise) {
  return demand.output_p95 ? std::max<int64_t>(1, *demand.output_p95) : otherwise;
}

// `room`: what remains after the input.
int64_t OutputWanted(const Demand& demand, int64_t room) {
  if (!demand.has_output()) return 0;
  if (demand.output_declared) return std::max<int64_t>(1, *demand.output_declared);
  if (demand.output_max && *demand.output_max <= room / 4) return *demand.output_max;
  return AtMost(demand.output_max, std::max(kUnlearnedOutput, LearnedOr(demand, 0)));
}

// The least room after the input in which a call makes sense at all.
int64_t LeastOutput(const Demand& demand) { return demand.has_output() ? 1 : 0; }

// The prompt of an embedding may be all there is to hold: a hold of nothing would pass an exhausted
// limit.
int64_t AtLeastOne(const Demand& demand, int64_t input) {
  return demand.has_output() ? input : std::max<int64_t>(1, input);
}

int64_t StrictInput(const Standing& standing, const Demand& demand) {
  const int64_t bound = AtLeastOne(demand, demand.input_bound);
  const bool bound_fits = standing.room() - bound >= LeastOutput(demand);
  if (standing.untouched() && !bound_fits) return AtLeastOne(demand, demand.input_likely);
  return bound;
}

Outlook OutlookOf(bool ever, bool without_holds) {
  if (!ever) return Outlook::kNever;
  return without_holds ? Outlook::kAnyTime : Outlook::kAfterReset;
}

}  // namespace

absl::Status CheckAmount(std::string_view field, int64_t value) {
  if (value >= 0 && value <= kMaxAmount) return absl::OkStatus();
  return status::InvalidArgument("{} is {}, want 0 to {}", field, value, kMaxAmount);
}

absl::StatusOr<Demand> ParseEstimate(const v1::Estimate& estimate) {
  WEIR_RETURN_IF_ERROR(CheckAmount("estimate.requests", estimate.requests()));
  WEIR_RETURN_IF_ERROR(CheckAmount("estimate.input_tokens_bound", estimate.input_tokens_bound()));
  WEIR_RETURN_IF_ERROR(CheckAmount("estimate.input_tokens_likely", estimate.input_tokens_likely()));
  WEIR_RETURN_IF_ERROR(
      CheckAmount("estimate.output_tokens_declared", estimate.output_tokens_declared()));
  WEIR_RETURN_IF_ERROR(CheckAmount("estimate.output_tokens_max", estimate.output_tokens_max()));
  Demand demand{
      .requests = estimate.requests(),
      .input_bound = estimate.input_tokens_bound(),
      .input_likely = std::min(estimate.input_tokens_likely(), estimate.input_tokens_bound())};
  if (estimate.has_output_tokens_declared()) {
    demand.output_declared = estimate.output_tokens_declared();
  }
  if (estimate.has_output_tokens_max()) demand.output_max = estimate.output_tokens_max();
  return demand;
}

Offer OfferRequests(const Standing& standing, const Demand& demand) {
  const int64_t requests = demand.requests;
  // A further attempt of a request costs none: nothing to refuse.
  if (requests == 0) return {.fits = true};
  return {.fits = standing.room() >= requests,
          .input = requests,
          .room_needed = requests,
          .outlook = OutlookOf(requests <= standing.capacity,
                               standing.used + requests <= standing.capacity)};
}

Offer OfferStrict(const Standing& standing, const Demand& demand) {
  Offer offer;
  offer.input = StrictInput(standing, demand);
  const int64_t room = standing.room() - offer.input;
  offer.wanted = OutputWanted(demand, room);
  offer.output = std::min(offer.wanted, room);
  const int64_t least = LeastOutput(demand);
  const int64_t need = std::min(offer.wanted, LearnedOr(demand, kUnlearnedNeed));
  offer.fits = room >= need || (standing.held == 0 && room >= least);
  if (offer.fits) return offer;

  offer.room_needed = offer.input + (standing.held > 0 ? need : least);
  // Were all holds to vanish, an unused limit would be an untouched one.
  const Standing without_holds{.capacity = standing.capacity, .used = standing.used};
  const int64_t smallest = AtLeastOne(demand, demand.input_likely) + least;
  offer.outlook = OutlookOf(smallest <= standing.capacity,
                            without_holds.room() - StrictInput(without_holds, demand) >= least);
  return offer;
}

Offer OfferAdaptive(const Standing& standing, const Demand& demand,
                    std::optional<int64_t> output_cap) {
  Offer offer;
  offer.input = AtLeastOne(demand, demand.input_likely);
  const int64_t likely = LearnedOr(demand, kUnlearnedOutput);
  offer.wanted = AtMost(demand.output_declared, AtMost(demand.output_max, likely));
  offer.output = AtMost(output_cap, offer.wanted);
  // "input + output <= room", or it finishes on an overdraft of at most that: both are "anything
  // remains".
  offer.fits = standing.room() > 0;
  offer.room_needed = 1;
  offer.outlook = OutlookOf(true, standing.used < standing.capacity);
  return offer;
}

}  // namespace weir::quota
