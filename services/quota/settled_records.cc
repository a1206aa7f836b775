#include "services/quota/settled_records.h"

namespace weir::quota {
namespace {

uint32_t Seconds(int64_t ns) { return static_cast<uint32_t>(ns / kSecondNs); }

}  // namespace

SettledRecord* SettledRecords::Find(const AttemptId& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &ring_[Place(*found - first_)];
}

void SettledRecords::Append(SettledRecord record, int64_t now_ns) {
  record.kept_since_s = Seconds(now_ns);
  ring_.push_back(record);
  by_id_.insert(Place(first_ + ring_.size() - 1));
  ++budget_.records;
  while (budget_.records > budget_.max_records && ring_.size() > 1) DropFirst();
}

void SettledRecords::Add(const SettledRecord& record, int64_t now_ns) {
  Forget(now_ns);
  Append(record, now_ns);
}

void SettledRecords::Refresh(const AttemptId& id, int64_t now_ns) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const SettledRecord record = ring_[Place(*found - first_)];
  // Not each time: a repeated refresh would fill the ring with copies.
  if (Seconds(now_ns) - record.kept_since_s < keep_s_ / 2) return;
  by_id_.erase(found);
  Append(record, now_ns);
}

void SettledRecords::Forget(int64_t now_ns) {
  while (!ring_.empty() && Seconds(now_ns) - ring_.front().kept_since_s >= keep_s_) DropFirst();
}

void SettledRecords::DropFirst() {
  const auto found = by_id_.find(ring_.front().id);
  // A refreshed record lives on in a later place.
  if (found != by_id_.end() && *found == first_) by_id_.erase(found);
  ring_.pop_front();
  ++first_;
  --budget_.records;
}

}  // namespace weir::quota
