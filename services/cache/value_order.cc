#include "services/cache/value_order.h"

#include <cmath>

namespace weir::cache {

double ValueOrder::WorthOf(const Held& held) {
  return held.worth_of_one + std::log2(static_cast<double>(held.hits + 1));
}

void ValueOrder::Add(const Answer& answer) {
  int64_t hits = 0;
  if (const auto known = held_.find(answer.id); known != held_.end()) hits = known->second.hits;
  Remove(answer.id);
  const double half_lives =
      static_cast<double>(answer.created.time_since_epoch() / std::chrono::milliseconds(1)) /
      static_cast<double>(kHalfLife / std::chrono::milliseconds(1));
  Held held{.partition = answer.partition,
            .bytes = answer.Bytes(),
            .hits = hits,
            .worth_of_one = std::log2(static_cast<double>(answer.Tokens() + 1)) -
                            std::log2(static_cast<double>(answer.Bytes())) + half_lives,
            .expires = answer.expires};
  Organization& organization = organizations_[answer.partition.organization];
  organization.by_worth.emplace(WorthOf(held), answer.id);
  by_worth_.emplace(WorthOf(held), answer.id);
  by_expiry_.emplace(held.expires, answer.id);
  organization.totals.bytes += held.bytes;
  organization.totals.entries += 1;
  totals_.bytes += held.bytes;
  totals_.entries += 1;
  held_.emplace(answer.id, std::move(held));
}

void ValueOrder::Remove(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  const Held& held = found->second;
  const auto organization = organizations_.find(held.partition.organization);
  organization->second.by_worth.erase({WorthOf(held), id});
  by_worth_.erase({WorthOf(held), id});
  by_expiry_.erase({held.expires, id});
  organization->second.totals.bytes -= held.bytes;
  organization->second.totals.entries -= 1;
  totals_.bytes -= held.bytes;
  totals_.entries -= 1;
  if (organization->second.totals.entries == 0) organizations_.erase(organization);
  held_.erase(found);
}

void ValueOrder::Hit(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  Held& held = found->second;
  std::set<Worth>& own = organizations_.at(held.partition.organization).by_worth;
  own.erase({WorthOf(held), id});
  by_worth_.erase({WorthOf(held), id});
  ++held.hits;
  own.emplace(WorthOf(held), id);
  by_worth_.emplace(WorthOf(held), id);
}

std::optional<ValueOrder::Place> ValueOrder::Find(const std::string& id) const {
  const auto found = held_.find(id);
  if (found == held_.end()) return std::nullopt;
  return Place{.partition = found->second.partition, .id = id};
}

std::optional<ValueOrder::Place> ValueOrder::First(const std::set<Worth>& by_worth) const {
  if (by_worth.empty()) return std::nullopt;
  return Find(by_worth.begin()->second);
}

std::optional<ValueOrder::Place> ValueOrder::TooMuch(const std::string& organization) const {
  const auto own = organizations_.find(organization);
  if (own != organizations_.end()) {
    const Totals& totals = own->second.totals;
    const bool over =
        totals.bytes > budget_.organization_bytes || totals.entries > budget_.organization_entries;
    if (over) return First(own->second.by_worth);
  }
  if (totals_.bytes > budget_.bytes || totals_.entries > budget_.entries) return First(by_worth_);
  return std::nullopt;
}

std::optional<ValueOrder::Place> ValueOrder::Expired(WallTime now) const {
  if (by_expiry_.empty() || by_expiry_.begin()->first > now) return std::nullopt;
  return Find(by_expiry_.begin()->second);
}

ValueOrder::Totals ValueOrder::TotalsOf(const std::string& organization) const {
  const auto own = organizations_.find(organization);
  return own == organizations_.end() ? Totals() : own->second.totals;
}

}  // namespace weir::cache
