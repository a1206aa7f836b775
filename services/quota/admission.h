#pragma once

#include <absl/container/inlined_vector.h>

#include <optional>
#include <span>

#include "common/quota/estimate.h"
#include "services/quota/compiled_limit.h"
#include "services/quota/counter.h"

namespace weir::quota {

// Open holds may come back any time: how soon a refused caller asks again.
inline constexpr int64_t kRetrySoonNs = kSecondNs;

// One limit that applies, and its counter.
struct Weighed {
  const CompiledLimit* limit;
  const Counter* counter;
};

// What to hold against one limit.
struct Portion {
  int64_t input = 0;   // Requests, or prompt tokens.
  int64_t output = 0;  // Completion tokens.
  int64_t amount() const { return input + output; }
};

// The limit that said no.
struct Refusal {
  size_t limit = 0;  // Index into what was weighed.
  // Asking again before the reset is pointless: the budget is settled, not held.
  bool hard = false;
  int64_t retry_after_ns = 0;  // kForeverNs: never.
};

// A decision over all limits at once: everything or nothing is held.
struct Admission {
  std::optional<Refusal> refusal;
  // Where admitted: one for each limit, in order.
  absl::InlinedVector<Portion, 4> portions;
  int64_t held_tokens = 0;  // The most that any token limit holds.
  // Completion tokens that all strict limits hold; else the most that any holds.
  int64_t output_covered = 0;
  // What must be written upstream as the cap of the output. Unset: nothing needs to.
  std::optional<int64_t> output_cap;
  // Less output is covered than was asked for.
  bool reduced = false;
};

// Decides on `demand`. Pure: changes nothing, and the same arguments get the same answer in every
// store. A refusal names the tightest of the limits that refuse: a hard one, then the longest wait,
// then the least that remains.
Admission Decide(std::span<const Weighed> limits, const Demand& demand, Instant now);

// What to hold for a demand that is under way, whatever room there is: never a refusal.
Admission Impose(std::span<const Weighed> limits, const Demand& demand, Instant now);

}  // namespace weir::quota
