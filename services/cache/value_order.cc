#include "services/cache/value_order.h"

#include <cmath>

namespace weir::cache {

double ValueOrder::WorthOf(const Held& held) {
  return held.worth_of_one + std::log2(static_cast<double>(held.hits + 1));
}

uint32_t ValueOrder::FreeSlot() {
  if (free_.empty()) {
    held_.emplace_back();
    return static_cast<uint32_t>(held_.size()) - 1;
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void ValueOrder::Add(AnswerPtr answer) {
  int64_t hits = 0;
  if (const auto known = slots_.find(answer->id); known != slots_.end()) {
    hits = held_[known->second].hits;
    RemoveSlot(known->second);
  }
  const double half_lives =
      static_cast<double>(answer->created.time_since_epoch() / std::chrono::milliseconds(1)) /
      static_cast<double>(kHalfLife / std::chrono::milliseconds(1));
  const int64_t bytes = answer->Bytes();
  Held held{.organization = organizations_.try_emplace(answer->partition.organization).first,
            .bytes = bytes,
            .hits = hits,
            .worth_of_one = std::log2(static_cast<double>(answer->Tokens() + 1)) -
                            std::log2(static_cast<double>(bytes)) + half_lives};
  const uint32_t slot = FreeSlot();
  Organization& organization = held.organization->second;
  organization.by_worth.emplace(WorthOf(held), slot);
  by_worth_.emplace(WorthOf(held), slot);
  by_expiry_.emplace(answer->expires, slot);
  slots_.emplace(answer->id, slot);
  organization.totals.bytes += bytes;
  organization.totals.entries += 1;
  totals_.bytes += bytes;
  totals_.entries += 1;
  held.answer = std::move(answer);
  held_[slot] = std::move(held);
}

void ValueOrder::Remove(const std::string& id) {
  const auto found = slots_.find(id);
  if (found != slots_.end()) RemoveSlot(found->second);
}

void ValueOrder::RemoveSlot(uint32_t slot) {
  const Held held = std::exchange(held_[slot], {});
  free_.push_back(slot);
  Organization& organization = held.organization->second;
  organization.by_worth.erase({WorthOf(held), slot});
  by_worth_.erase({WorthOf(held), slot});
  by_expiry_.erase({held.answer->expires, slot});
  slots_.erase(held.answer->id);
  organization.totals.bytes -= held.bytes;
  organization.totals.entries -= 1;
  totals_.bytes -= held.bytes;
  totals_.entries -= 1;
  if (organization.totals.entries == 0) organizations_.erase(held.organization);
}

void ValueOrder::Hit(const std::string& id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  const uint32_t slot = found->second;
  Held& held = held_[slot];
  ByWorth& own = held.organization->second.by_worth;
  own.erase({WorthOf(held), slot});
  by_worth_.erase({WorthOf(held), slot});
  ++held.hits;
  own.emplace(WorthOf(held), slot);
  by_worth_.emplace(WorthOf(held), slot);
}

AnswerPtr ValueOrder::Find(const std::string& id) const {
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : held_[found->second].answer;
}

AnswerPtr ValueOrder::First(const ByWorth& by_worth) const {
  return by_worth.empty() ? nullptr : held_[by_worth.begin()->second].answer;
}

AnswerPtr ValueOrder::TooMuch(const std::string& organization) const {
  const auto own = organizations_.find(organization);
  if (own != organizations_.end()) {
    const Totals& totals = own->second.totals;
    const bool over =
        totals.bytes > budget_.organization_bytes || totals.entries > budget_.organization_entries;
    if (over) return First(own->second.by_worth);
  }
  if (totals_.bytes > budget_.bytes || totals_.entries > budget_.entries) return First(by_worth_);
  return nullptr;
}

AnswerPtr ValueOrder::Expired(WallTime now) const {
  if (by_expiry_.empty() || by_expiry_.begin()->first > now) return nullptr;
  return held_[by_expiry_.begin()->second].answer;
}

ValueOrder::Totals ValueOrder::TotalsOf(const std::string& organization) const {
  const auto own = organizations_.find(organization);
  return own == organizations_.end() ? Totals() : own->second.totals;
}

}  // namespace weir::cache
