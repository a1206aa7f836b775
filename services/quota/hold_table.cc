#include "services/quota/hold_table.h"

#include <algorithm>

namespace weir::quota {

Hold* HoldTable::Find(const AttemptId& id) {
  const auto found = holds_.find(id);
  return found == holds_.end() ? nullptr : found->second.get();
}

Hold& HoldTable::Add(const AttemptId& id, std::string_view edge_id, int64_t now_ns) {
  Hold& hold = *holds_.emplace(id, std::make_unique<Hold>()).first->second;
  hold.id = id;
  hold.made_at_ns = now_ns;
  auto edge = edges_.find(edge_id);
  if (edge == edges_.end()) edge = edges_.emplace(edge_id, EdgeHolds{}).first;
  hold.edge = &edge->second;
  hold.edge->name = edge->first;
  hold.previous = hold.edge->last;
  (hold.previous != nullptr ? hold.previous->next : hold.edge->first) = &hold;
  hold.edge->last = &hold;
  ++hold.edge->open;
  ++open_;
  return hold;
}

void HoldTable::Unlink(Hold& hold) {
  if (hold.edge == nullptr) return;
  (hold.previous != nullptr ? hold.previous->next : hold.edge->first) = hold.next;
  (hold.next != nullptr ? hold.next->previous : hold.edge->last) = hold.previous;
  --hold.edge->open;
  --open_;
  hold.edge = nullptr;
}

void HoldTable::Remove(Hold& hold) {
  Unlink(hold);
  for (HoldPart& part : hold.parts) --part.counted->holds;
  holds_.erase(AttemptId(hold.id));
}

std::vector<AttemptId> HoldTable::OfEdge(std::string_view edge_id) const {
  std::vector<AttemptId> all;
  for (const auto& [id, hold] : holds_) {
    const std::string_view name = hold->edge != nullptr ? hold->edge->name : hold->lapsed_edge;
    if (name == edge_id) all.push_back(id);
  }
  return all;
}

int64_t HoldTable::Renew(std::string_view edge_id, int64_t now_ns) {
  const auto edge = edges_.find(edge_id);
  if (edge == edges_.end()) return 0;
  edge->second.renewed_at_ns = std::max(edge->second.renewed_at_ns, now_ns);
  return edge->second.open;
}

int64_t HoldTable::DueAt(const EdgeHolds& edge, int64_t hold_ttl_ns) {
  if (edge.first == nullptr) return kForeverNs;
  return std::max(edge.first->made_at_ns, edge.renewed_at_ns) + hold_ttl_ns;
}

Hold* HoldTable::FindDue(int64_t hold_ttl_ns, int64_t now_ns) {
  for (auto edge = edges_.begin(); edge != edges_.end();) {
    if (DueAt(edge->second, hold_ttl_ns) <= now_ns) return edge->second.first;
    // An edge without holds is only a name; a new hold brings it back.
    edge = edge->second.first == nullptr ? edges_.erase(edge) : std::next(edge);
  }
  return nullptr;
}

void HoldTable::Lapse(Hold& hold, Instant now) {
  if (hold.edge != nullptr) hold.lapsed_edge = hold.edge->name;
  Unlink(hold);
  hold.lapsed_at = now;
  lapsed_.emplace_back(hold.id, now.monotonic_ns);
}

void HoldTable::RemoveStale(int64_t keep_ns, size_t max_lapsed, int64_t now_ns) {
  while (!lapsed_.empty() &&
         (lapsed_.size() > max_lapsed || now_ns - lapsed_.front().second >= keep_ns)) {
    Hold* hold = Find(lapsed_.front().first);
    // The truth may have come meanwhile.
    if (hold != nullptr && hold->lapsed_at) Remove(*hold);
    lapsed_.pop_front();
  }
}

int64_t HoldTable::NextDue(int64_t hold_ttl_ns) const {
  int64_t due = kForeverNs;
  for (const auto& [name, edge] : edges_) due = std::min(due, DueAt(edge, hold_ttl_ns));
  return due;
}

}  // namespace weir::quota
