#pragma once

#include <absl/container/flat_hash_set.h>

#include <atomic>
#include <cstdint>
#include <deque>

#include "services/quota/attempt_id.h"
#include "services/quota/counting_rule.h"

namespace weir::quota {

// What is remembered of an attempt after its end.
struct SettledRecord {
  AttemptId id;
  int32_t requests = 0;    // Posted.
  uint64_t body_hash = 0;  // Of the Reserve that it had; 0: none.
  int64_t tokens = 0;      // Posted.
  Instant posted_at;
  int32_t held_tokens = 0;    // The answer to Reserve; the largest int32 stands for all above.
  int32_t output_cap = -1;    // -1: none.
  uint32_t seq = 0;           // The highest that was posted. 0: released.
  uint32_t kept_since_s = 0;  // Set by SettledRecords.
};
static_assert(sizeof(SettledRecord) == 72);

// How many records all parts of a store may keep together. Thread-safe.
struct RecordBudget {
  const int64_t max_records;
  std::atomic<int64_t> records = 0;
};

// The attempts that ended not long ago, the oldest forgotten first. Times are monotonic and
// kept by the second. Not thread-safe.
class SettledRecords {
 public:
  // `budget` must outlive this object.
  SettledRecords(RecordBudget& budget, int64_t keep_ns)
      : budget_(budget), keep_s_(static_cast<uint32_t>(keep_ns / kSecondNs)) {}
  ~SettledRecords() { budget_.records -= static_cast<int64_t>(ring_.size()); }
  SettledRecords(const SettledRecords&) = delete;
  SettledRecords& operator=(const SettledRecords&) = delete;

  // nullptr: unknown or forgotten. Valid until the next Add.
  SettledRecord* Find(const AttemptId& id);
  // `record.id` is not known yet.
  void Add(const SettledRecord& record, int64_t now_ns);
  // Somebody still asks for it: remembers it anew once half its time is over.
  void Refresh(const AttemptId& id, int64_t now_ns);
  // Drops what is older than that.
  void Forget(int64_t now_ns);

  size_t size() const { return by_id_.size(); }

 private:
  // A place in the ring, counted from the first one ever; wraps.
  using Place = uint32_t;
  const AttemptId& IdAt(Place place) const { return ring_[Place(place - first_)].id; }
  struct Hash {
    using is_transparent = void;
    const SettledRecords* records;
    size_t operator()(const AttemptId& id) const { return AttemptIdHash{}(id); }
    size_t operator()(Place place) const { return AttemptIdHash{}(records->IdAt(place)); }
  };
  struct Equal {
    using is_transparent = void;
    const SettledRecords* records;
    bool operator()(Place a, Place b) const { return a == b; }
    bool operator()(Place a, const AttemptId& b) const { return records->IdAt(a) == b; }
    bool operator()(const AttemptId& a, Place b) const { return records->IdAt(b) == a; }
  };
  void Append(SettledRecord record, int64_t now_ns);
  void DropFirst();

  RecordBudget& budget_;
  const uint32_t keep_s_;
  std::deque<SettledRecord> ring_;
  Place first_ = 0;
  // Places, not records: 5 bytes each beside the ring.
  absl::flat_hash_set<Place, Hash, Equal> by_id_{0, Hash{this}, Equal{this}};
};

}  // namespace weir::quota
