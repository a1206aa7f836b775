#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "common/quota/lease_amounts.h"
#include "services/quota/admission.h"
#include "services/quota/attempt_id.h"
#include "services/quota/limit_table.h"

namespace weir::quota {

// What counts against `limit`.
int64_t& AmountFor(const CompiledLimit& limit, LeaseAmounts& amounts);
int64_t AmountFor(const CompiledLimit& limit, const LeaseAmounts& amounts);

// Asks for a share of all limits at once, that an edge may spend by itself: one hold, from which
// settlements of single attempts draw. Views and `matches` must live until the call is over.
struct LeaseOp {
  AttemptId id;  // Of the lease: an attempt that nobody dispatches.
  std::string_view organization;
  std::string_view edge_id;
  LimitMatches matches;
  LeaseAmounts wanted;  // At most so much of each; nothing is held of what is not wanted.
  LeaseAmounts least;   // Less is not worth it.
  // An answer is under way and needs it: takes what there is, and leaves no part to others.
  bool to_the_end = false;
};

// A lease takes at most this part of the room of each limit, so that many edges find some.
inline constexpr int64_t kLeaseShare = 10;

// What one lease may take of a limit.
int64_t ShareOf(const Standing& standing);

// What a lease gets; kMaxAmount of what no limit counts. Unset: less than `least`, or nothing.
//
// Besides kLeaseShare, what is held of a limit stays below what remains of it: leases strand no
// more than half of what nobody has spent. Limits that only observe give all that is asked and hold
// nothing. Pure.
std::optional<LeaseAmounts> ShareOut(std::span<const Weighed> limits, const LeaseOp& op,
                                     Instant now);

// Gives back what an edge does not need of a lease.
struct ReturnedLease {
  AttemptId id;
  // At most so much stays: what open attempts may still draw. Nothing: the lease ends.
  LeaseAmounts keep;
};

}  // namespace weir::quota
