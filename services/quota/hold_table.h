#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/quota/attempt_id.h"
#include "services/quota/counter_map.h"
#include "services/quota/lease.h"

namespace weir::quota {

// What one hold takes from one limit.
struct HoldPart {
  CountedLimit* counted;
  Enforcement enforcement;  // As it was when the hold was made.
  int64_t amount = 0;
  int64_t output = 0;  // The part of `amount` that is output.
  int64_t posted = 0;  // After the hold lapsed: what was counted as spent.
};

struct EdgeHolds;

// One attempt under way: open, or lapsed and waiting for the truth.
struct Hold {
  AttemptId id;
  uint64_t body_hash = 0;
  int64_t held_tokens = 0;  // The answer.
  std::optional<int64_t> output_cap;
  int64_t output_covered = 0;
  int64_t requests = 0;
  LeaseAmounts leased;               // Of a lease: the answer.
  int64_t made_at_ns = 0;            // Monotonic.
  std::optional<Instant> lapsed_at;  // Unset: open.
  absl::InlinedVector<HoldPart, 4> parts;

  EdgeHolds* edge = nullptr;  // Null where it lapsed.
  std::string lapsed_edge;    // Its name then.
  Hold* previous = nullptr;
  Hold* next = nullptr;
};

// The open holds of one edge, oldest first: also the order in which they lapse.
struct EdgeHolds {
  std::string_view name;
  Hold* first = nullptr;
  Hold* last = nullptr;
  int64_t open = 0;
  int64_t renewed_at_ns = kNeverNs;
};

// The attempts that are under way, by key and by edge. Not thread-safe.
class HoldTable {
 public:
  // nullptr: none. Valid until it is removed.
  Hold* Find(const AttemptId& id);
  // `id` is not there yet. Joins the edge's holds as the youngest.
  Hold& Add(const AttemptId& id, std::string_view edge_id, int64_t now_ns);
  void Remove(Hold& hold);

  // All of the edge, open or lapsed. Looks at every hold there is.
  std::vector<AttemptId> OfEdge(std::string_view edge_id) const;

  // Open holds of the edge.
  int64_t Renew(std::string_view edge_id, int64_t now_ns);
  // An open hold whose edge has been silent for `hold_ttl_ns`; nullptr: none.
  Hold* FindDue(int64_t hold_ttl_ns, int64_t now_ns);
  // It waits for the truth from now on. The oldest of those that wait longer than `keep_ns`, or of
  // more than `max_lapsed`, is removed by RemoveStale.
  void Lapse(Hold& hold, Instant now);
  void RemoveStale(int64_t keep_ns, size_t max_lapsed, int64_t now_ns);

  // When the next open hold falls due if no edge is heard of; kForeverNs: none is open.
  int64_t NextDue(int64_t hold_ttl_ns) const;
  int64_t open() const { return open_; }

 private:
  static int64_t DueAt(const EdgeHolds& edge, int64_t hold_ttl_ns);
  void Unlink(Hold& hold);

  absl::flat_hash_map<AttemptId, std::unique_ptr<Hold>, AttemptIdHash> holds_;
  std::unordered_map<std::string, EdgeHolds, NameHash, std::equal_to<>> edges_;
  std::deque<std::pair<AttemptId, int64_t>> lapsed_;  // With the time at which.
  int64_t open_ = 0;
};

}  // namespace weir::quota
