#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/quota/admission.h"
#include "services/quota/attempt_id.h"
#include "services/quota/lease.h"
#include "services/quota/limit_table.h"

namespace weir::quota {

// Where one counter stands, and when that changes by itself.
struct Position {
  Standing standing;
  int64_t reset_after_ns = 0;  // 0: nothing used. kForeverNs: never.
};
// In the order of the matches that were asked for.
using Positions = absl::InlinedVector<Position, 4>;

// Asks for a hold. Views and `matches` must live until the call is over.
struct ReserveOp {
  AttemptId id;
  std::string_view organization;
  uint64_t body_hash = 0;  // Tells a repeated request from another one under the same key.
  std::string_view edge_id;
  LimitMatches matches;
  Demand demand;
  bool dry_run = false;
  // It was dispatched before the store lost its hold: held whatever the room, and whatever the
  // limit.
  bool is_under_way = false;
};

struct ReserveOutcome {
  enum class Kind : uint8_t {
    kGranted,
    kReduced,   // Less output is covered than was asked for.
    kReplayed,  // The key was answered before; this is that answer.
    kConflict,  // The key was answered before, for another body. Nothing else is set.
    kRefused,
    kDegraded,  // Of QuotaService alone: the store is away, a share was granted without it.
  };
  Kind kind = Kind::kGranted;
  int64_t held_tokens = 0;
  std::optional<int64_t> output_cap;
  // After this operation.
  Positions positions;
  // Where refused: the match that did it.
  std::optional<Refusal> refusal;
};

// The view must live until the call is over.
struct ExtendOp {
  AttemptId id;
  std::string_view organization;
  // Output that the hold shall cover now.
  int64_t output_wanted = 0;
};

// The view must live until the call is over.
struct ReleaseOp {
  AttemptId id;
  std::string_view organization;
  bool keep_requests = false;  // Leaves the request counted.
};

struct ExtendOutcome {
  enum class Kind : uint8_t { kCovered, kNoHold, kExhausted };
  Kind kind = Kind::kCovered;
  // Output that the hold covers now; may be less than wanted.
  int64_t output_cap = 0;
  // Where exhausted: the limit that has no room, whose counter of it, and when asking again may
  // succeed.
  LimitPtr limit;
  std::string subject;
  Position position;
  int64_t retry_after_ns = 0;
};

// What was posted for an attempt that this store does not know, as the ledger has it.
struct PriorPosting {
  uint32_t seq = 0;  // 0: nothing was posted.
  int64_t tokens = 0;
  int64_t requests = 0;
  int64_t posted_at_us = 0;  // Since the Unix epoch.
};

// Posts what was spent. Views and `matches` must live until the call is over.
struct SettleOp {
  AttemptId id;
  std::string_view organization;
  uint32_t seq = 1;  // 1: the settlement; 2: its final correction.
  int64_t tokens = 0;
  int64_t requests = 0;
  // For an attempt that has no open hold.
  LimitMatches matches;
  // The lease that it was admitted under: what was spent is drawn from there.
  std::optional<AttemptId> lease;
  // The lease goes on: it is to have as much as before.
  bool top_up = false;
  // It was not sent before: an attempt that is not known here was not posted, while its lease is
  // open.
  bool first_sent = false;
  // The last word of the ledger; unset: it was not asked yet.
  std::optional<PriorPosting> prior;
};

struct SettleOutcome {
  enum class Kind : uint8_t {
    kApplied,
    kRepeated,  // This or a later seq of the key was posted before. Nothing was changed.
    kUnknown,   // The store knows no such attempt and `prior` is unset. Nothing was changed.
  };
  Kind kind = Kind::kApplied;
  // The cap that the output was given, with what Extend added to it, if any.
  std::optional<int64_t> output_cap;
  bool drew = false;       // From its lease.
  bool topped_up = false;  // What was drawn from the lease was added to it again.
};

struct LeaseOutcome {
  enum class Kind : uint8_t {
    kGranted,
    kNoRoom,  // Some limit has less than the least. Nothing was changed.
    kEnded,   // A lease of this id is over.
  };
  Kind kind = Kind::kGranted;
  LeaseAmounts granted;  // kMaxAmount of what no limit counts.
  Positions positions;   // After this operation.
};

struct Reaped {
  int64_t holds = 0;
  // Until the next hold may lapse: at least until then there is nothing to reap. Where none is
  // open, the time that one lasts.
  Duration idle_for{0};
};

// The use of one counter in its current window.
struct RestoredCounter {
  LimitPtr limit;
  std::string subject;
  int64_t used = 0;
  int64_t window_start_us = 0;  // Since the Unix epoch.
};

// Where a store that has lost counters finds them again. Thread-safe.
class CounterSource {
 public:
  virtual ~CounterSource() = default;
  // The use of all counters of the organisation that are known to last. kUnavailable: it cannot be
  // asked.
  virtual asio::awaitable<absl::StatusOr<std::vector<RestoredCounter>>> CountersOf(
      std::string organization) = 0;
};

// Hot state: counters, open holds, and which keys were answered. Decides with the functions of
// admission.h. Thread-safe.
//
// Atomicity: each operation happens wholly or not at all, as if they came one after another (per
// organisation). A refused, repeated or dry operation changes nothing.
//
// Time: the store's own clocks, never the caller's. Wall time does not go back: a window that ended
// is not reopened, one that began is not left early.
//
// Expiry: holds are kept apart from settled use. A hold lapses `hold_ttl` after its edge's last
// Renew (or after it was made, where that is later), at the next ReapExpired. Strict and request
// limits then count it as spent, the others void it; a settlement that comes later puts the truth
// in its place.
//
// Memory: an attempt is known for QuotaConfig::replay_retention after its end; where there are more
// than `replay_records`, the oldest are forgotten earlier.
//
// Blocking: never. An implementation may suspend; one in memory does not.
//
// kUnavailable: the store cannot be asked; whether the operation happened is unknown, repeat it.
class Windows {
 public:
  virtual ~Windows() = default;

  // Holds the demand against all matches, or against none.
  virtual asio::awaitable<absl::StatusOr<ReserveOutcome>> Reserve(ReserveOp op) = 0;

  // Raises what an open hold covers, as far as strict limits have room. Limits that may be
  // overdrawn hold what they have room for and never stop it. A hold that covers `output_wanted`
  // already stays as it is.
  virtual asio::awaitable<absl::StatusOr<ExtendOutcome>> Extend(ExtendOp op) = 0;

  // Ends the hold, whatever became of it, and counts what was spent. The highest seq of a key is
  // its truth, in any order of arrival.
  virtual asio::awaitable<absl::StatusOr<SettleOutcome>> Settle(SettleOp op) = 0;

  // Ends a hold of which nothing was spent. Nothing happens without an open or lapsed hold.
  virtual asio::awaitable<absl::Status> Release(ReleaseOp op) = 0;

  // Holds a share of all matches for an edge. The same id gets the same answer while it is open. It
  // lapses like any hold: what strict and request limits then count as spent are its remains.
  //
  // A settlement that names a lease, of an attempt that is not known here (where it may have been
  // sent before, the ledger is asked first), takes what was
  // spent out of the open lease and counts it; beyond what the lease has left, and of limits that
  // it has no part of, it is counted all the same. An open lease is topped up, where that is asked
  // for and all limits have room for it as for a new one (lease.h), or not at all. One that names a
  // lapsed lease takes it from what was assumed. Where the lease is not known (any more) the
  // attempt is one without a hold.
  virtual asio::awaitable<absl::StatusOr<LeaseOutcome>> Lease(LeaseOp op) = 0;
  // Lowers what leases hold; never raises it. A lease that is not known is over from then on, where
  // nothing shall be kept of it: it may be asked for still.
  virtual asio::awaitable<absl::Status> Return(std::string organization,
                                               std::vector<ReturnedLease> leases) = 0;

  // The edge is alive. Number of its open holds.
  virtual asio::awaitable<absl::StatusOr<int64_t>> Renew(std::string edge_id) = 0;

  // The edge is gone, and all that it dispatched was settled: ends its holds and leases, open or
  // lapsed, of which nothing was spent. How many there were.
  virtual asio::awaitable<absl::StatusOr<int64_t>> Forsake(std::string edge_id) = 0;

  // Ends the holds whose time is over.
  virtual asio::awaitable<absl::StatusOr<Reaped>> ReapExpired() = 0;

  // Where the limits stand. `matches` must live until the call is over.
  virtual asio::awaitable<absl::StatusOr<Positions>> Peek(LimitMatches matches) = 0;

  // Sets the use of counters, for a store that has lost it. Open holds stay.
  virtual asio::awaitable<absl::Status> Restore(std::vector<RestoredCounter> counters) = 0;

  // An edge says which of its attempts and leases are open, and not settled: a store that was
  // rebuilt cannot know, and keeps none alive that nobody speaks for. Those without a hold here,
  // which Reserve may give them anew.
  virtual asio::awaitable<absl::StatusOr<std::vector<AttemptId>>> Confirm(
      std::string /*organization*/, std::vector<AttemptId> /*open*/) {
    co_return std::vector<AttemptId>();
  }

  // `told` hears of each organisation whose holds may have been lost, before anything is decided
  // there again: those who have something under way have a moment to say so (Confirm, and Reserve
  // where that is missing). Called on any loop; before the first operation.
  virtual void OnLoss(std::function<void(const std::string& organization)> /*told*/) {}

  // Something that the ledger has was not posted here while the store could not be asked: its
  // counters are taken from the ledger before they are relied on again.
  virtual void Distrust(std::string_view /*organization*/) {}
};

}  // namespace weir::quota
