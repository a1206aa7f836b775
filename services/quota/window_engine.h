#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "services/quota/counter_map.h"
#include "services/quota/hold_table.h"
#include "services/quota/settled_records.h"
#include "services/quota/windows.h"

namespace weir::quota {

struct WindowEngineOptions {
  int64_t hold_ttl_ns = 60 * kSecondNs;
  int64_t replay_retention_ns = 3600 * kSecondNs;
  // A lapsed hold waits this long for its settlement; then what was assumed stays.
  int64_t lapsed_retention_ns = 7 * kDayNs;
  size_t max_lapsed = 100'000;
};

// The operations of Windows as a sequential, deterministic machine: state, operation, time in;
// answer out. MemoryWindows puts locks around several, and a store with its own scripts is compared
// with it. Not thread-safe.
class WindowEngine {
 public:
  // `budget` must outlive this object.
  WindowEngine(const WindowEngineOptions& options, RecordBudget& budget);

  ReserveOutcome Reserve(const ReserveOp& op, Instant now);
  ExtendOutcome Extend(const ExtendOp& op, Instant now);
  SettleOutcome Settle(const SettleOp& op, Instant now);
  // False: no such hold, open or lapsed.
  bool Release(const AttemptId& id, bool keep_requests, Instant now);
  LeaseOutcome Lease(const LeaseOp& op, Instant now);
  // False: no such lease, open or lapsed.
  bool Return(const ReturnedLease& op, Instant now);
  int64_t Renew(std::string_view edge_id, Instant now);
  // How many holds it ended.
  int64_t Forsake(std::string_view edge_id, Instant now);
  // Ends at most `max` holds whose time is over; how many it ended.
  int64_t Reap(int64_t max, Instant now);
  Positions Peek(const LimitMatches& matches, Instant now) const;
  void Restore(const RestoredCounter& counter, Instant now);

  // When the next open hold may lapse; kForeverNs: none is open.
  int64_t NextDueNs() const { return holds_.NextDue(options_.hold_ttl_ns); }
  int64_t open_holds() const { return holds_.open(); }
  size_t counters() const { return counters_.size(); }

 private:
  // Wall time that does not go back.
  Instant Clamp(Instant now);
  std::optional<ReserveOutcome> Replay(const ReserveOp& op);
  using AllWeighed = absl::InlinedVector<Weighed, 4>;
  AllWeighed Weigh(const LimitMatches& matches) const;
  void MakeLease(const LeaseOp& op, const LeaseAmounts& granted, Instant now);
  // Takes what was spent out of the lease, and counts it. Whether it was topped up.
  bool Draw(Hold& lease, const SettleOp& op, Instant now);
  void MakeHold(const ReserveOp& op, const Admission& admission, Instant now);
  // The part of a strict limit that has the least room, if any.
  static const HoldPart* Narrowest(const Hold& hold, Instant now);
  static void Grow(Hold& hold, int64_t more, Instant now);
  void EndHold(Hold& hold, int64_t tokens, int64_t requests, uint32_t seq, Instant now);
  // Puts the truth of `op` in the place of what was posted for its attempt.
  void Correct(const SettleOp& op, int64_t tokens, int64_t requests, Instant posted_at,
               Instant now);
  SettleOutcome SettleKnown(SettledRecord& record, const SettleOp& op, Instant now);
  SettleOutcome SettleUnknown(const SettleOp& op, Instant now);
  static void Expire(Hold& hold, Instant now);

  const WindowEngineOptions options_;
  CounterMap counters_;
  HoldTable holds_;
  SettledRecords records_;
  int64_t last_wall_ns_ = kNeverNs;
};

}  // namespace weir::quota
