#include "edge/pipeline/guard_choices.h"

#include <fmt/format.h>

#include <utility>

namespace weir::edge {
namespace {

std::string IdentityOf(const GuardPolicies::Entries& entries, uint64_t table_version) {
  std::string identity;
  for (const auto* each : entries) {
    // A service of before versions were told: any change may be one of this policy.
    const uint64_t version = each->version() != 0 ? each->version() : table_version;
    identity += fmt::format("{}:{},", each->name(), version);
  }
  return identity;
}

}  // namespace

std::shared_ptr<const ChosenGuards> GuardChoices::Choose(const Table& table,
                                                         const PolicySubjects& subjects) {
  GuardPolicies::Entries entries;
  for (const auto& each : table->attached.For(subjects)) entries.push_back(each.policy);
  if (entries.empty()) return nullptr;
  if (table != table_ || sets_.size() >= kMostSets) {
    sets_.clear();
    table_ = table;
  }
  const auto [place, is_new] = sets_.try_emplace(std::move(entries));
  if (!is_new) return place->second;
  auto chosen = std::make_shared<ChosenGuards>();
  chosen->requests = GuardPolicies::ForRequests(place->first);
  chosen->answers = GuardPolicies::ForAnswers(place->first);
  chosen->identity = IdentityOf(place->first, table->table->version());
  place->second = std::move(chosen);
  return place->second;
}

}  // namespace weir::edge
