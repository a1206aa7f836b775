#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/quota/standing.h"
#include "common/status/status.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::quota {

// Nothing is known about a model's answers: what is held for one.
inline constexpr int64_t kUnlearnedOutput = 256;
// Nothing is known about a model's answers: an answer cut shorter than this is not worth its prompt
// while open holds may come back.
inline constexpr int64_t kUnlearnedNeed = 16;

// What one attempt is expected to cost. Amounts from 0 to kMaxAmount.
struct Demand {
  int64_t requests = 1;
  int64_t input_bound = 0;                 // No prompt of this size has more tokens.
  int64_t input_likely = 0;                // At most `input_bound`.
  std::optional<int64_t> output_declared;  // The largest completion that the request allows.
  std::optional<int64_t> output_max;       // The largest that the model can give. 0: none at all.
  std::optional<int64_t> output_p95;       // 95 % of the model's answers are not longer.

  bool has_output() const { return !output_max || *output_max > 0; }
};

// Without what was learned. kInvalidArgument names the first field that is wrong.
absl::StatusOr<Demand> ParseEstimate(const v1::Estimate& estimate);
// The same of one amount, `field`.
absl::Status CheckAmount(std::string_view field, int64_t value);

// When a demand that is refused now can be met.
enum class Outlook : uint8_t {
  kAnyTime,     // When open holds come back, or sooner than the reset in a bucket.
  kAfterReset,  // Not even if all open holds came back: only the next window helps.
  kNever,       // It is larger than the limit.
};

// What one limit says to a demand.
struct Offer {
  bool fits = false;
  int64_t input = 0;   // To hold: requests, or prompt tokens.
  int64_t output = 0;  // To hold: completion tokens.
  int64_t wanted = 0;  // Completion tokens that would be held had the limit no end.
  // Where it does not fit:
  int64_t room_needed = 0;  // Room with which it would.
  Outlook outlook = Outlook::kAnyTime;
};

// Request limits: exact.
Offer OfferRequests(const Standing& standing, const Demand& demand);

// A token limit that is never exceeded: the bound of the input, and as much output as there is room
// for.
//
// Output wanted: what the client declared; else the model's maximum while that is at most a quarter
// of what remains; else max(256, p95). With less room than that, all of it is offered, provided an
// answer is worth it: min(wanted, p95, or 16), or any answer at all where no open hold could come
// back. An untouched limit that the bound alone would fill is offered the likely input, so that a
// small limit admits its first call.
Offer OfferStrict(const Standing& standing, const Demand& demand);

// A token limit that may be overdrawn by one call at a time: the likely input and output, while
// anything remains. `output_cap`: what a strict limit leaves of the output.
Offer OfferAdaptive(const Standing& standing, const Demand& demand,
                    std::optional<int64_t> output_cap);

}  // namespace weir::quota
