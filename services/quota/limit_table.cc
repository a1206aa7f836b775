#include "services/quota/limit_table.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace weir::quota {

std::string_view SubjectAt(v1::Level level, const v1::Subjects& subjects) {
  switch (level) {
    case v1::LEVEL_TEAM:
      return subjects.team();
    case v1::LEVEL_USER:
      return subjects.user();
    case v1::LEVEL_KEY:
      return subjects.key_name();
    case v1::LEVEL_PROVIDER:
      return subjects.provider();
    case v1::LEVEL_MODEL:
      return subjects.model();
    case v1::LEVEL_PROXY:
      return subjects.proxy();
    default:
      return {};
  }
}

void SetSubjectAt(v1::Level level, const std::string& name, v1::Subjects& subjects) {
  switch (level) {
    case v1::LEVEL_TEAM:
      return subjects.set_team(name);
    case v1::LEVEL_USER:
      return subjects.set_user(name);
    case v1::LEVEL_KEY:
      return subjects.set_key_name(name);
    case v1::LEVEL_PROVIDER:
      return subjects.set_provider(name);
    case v1::LEVEL_MODEL:
      return subjects.set_model(name);
    case v1::LEVEL_PROXY:
      return subjects.set_proxy(name);
    default:
      return;
  }
}

template <typename T>
T& LimitTable::Unshared(Shared<T>& shared) {
  // A table that is being made has no other owner than its maker; another owner is an older table.
  if (shared == nullptr) {
    shared = std::make_shared<T>();
  } else if (shared.use_count() > 1) {
    shared = std::make_shared<T>(*shared);
  }
  return *shared;
}

size_t LimitTable::PartOf(std::string_view subject) {
  return Mix(NameHash{}(subject)) % std::tuple_size_v<decltype(LevelLimits::named)>;
}

LimitTable::Shared<LimitTable::LevelLimits>& LimitTable::LevelOf(Organization& organization,
                                                                 v1::Level level) {
  const auto level_of = [](const Shared<LevelLimits>& each) { return each->level; };
  auto found = std::ranges::lower_bound(organization.levels, level, {}, level_of);
  if (found == organization.levels.end() || (*found)->level != level) {
    found = organization.levels.insert(found, std::make_shared<LevelLimits>());
    (*found)->level = level;
  }
  return *found;
}

void LimitTable::Insert(LimitPtr limit) {
  Organization& organization = Unshared(organizations_[limit->organization]);
  const auto put = [&limit](Limits& limits) {
    const auto name_of = [](const LimitPtr& each) -> const std::string& { return each->name; };
    limits.insert(std::ranges::lower_bound(limits, limit->name, {}, name_of), limit);
  };
  if (limit->level == v1::LEVEL_ORGANIZATION) return put(organization.own);
  LevelLimits& level = Unshared(LevelOf(organization, limit->level));
  if (limit->is_default()) return put(level.defaults);
  Limits& limits = Unshared(level.named[PartOf(limit->subject)])[limit->subject];
  std::erase_if(limits, [](const LimitPtr& each) { return each->is_default(); });
  put(limits);
}

void LimitTable::Erase(const v1::Limit& limit) {
  const auto found = organizations_.find(limit.organization());
  if (found == organizations_.end()) return;
  Organization& organization = Unshared(found->second);
  const auto is_it = [&limit](const LimitPtr& each) { return each->name == limit.name(); };
  if (limit.level() == v1::LEVEL_ORGANIZATION) {
    std::erase_if(organization.own, is_it);
    return;
  }
  LevelLimits& level = Unshared(LevelOf(organization, limit.level()));
  Limits& limits = limit.subject() == "*"
                       ? level.defaults
                       : Unshared(level.named[PartOf(limit.subject())])[limit.subject()];
  std::erase_if(limits, is_it);
}

void LimitTable::Follow(const v1::Limit& changed) {
  const auto found = organizations_.find(changed.organization());
  if (found == organizations_.end()) return;
  Organization& organization = Unshared(found->second);
  if (changed.level() != v1::LEVEL_ORGANIZATION) {
    FollowAt(Unshared(LevelOf(organization, changed.level())), changed.subject());
  }
  std::erase_if(organization.levels, [](const Shared<LevelLimits>& each) {
    return each->defaults.empty() && std::ranges::all_of(each->named, std::logical_not());
  });
  if (organization.own.empty() && organization.levels.empty()) organizations_.erase(found);
}

void LimitTable::FollowAt(LevelLimits& level, const std::string& subject) {
  if (subject == "*") return SpreadAll(level);
  Shared<Subjects>& part = level.named[PartOf(subject)];
  Limits& limits = Unshared(part)[subject];
  Spread(level.defaults, limits);
  if (limits.empty()) part->erase(subject);
  if (part->empty()) part = nullptr;
}

void LimitTable::Spread(const Limits& defaults, Limits& limits) {
  std::erase_if(limits, [](const LimitPtr& each) { return each->is_default(); });
  const Limits own = limits;
  if (own.empty()) return;
  for (const LimitPtr& each : defaults) {
    const bool covered =
        std::ranges::any_of(own, [&](const LimitPtr& other) { return other->unit == each->unit; });
    if (!covered) limits.push_back(each);
  }
}

void LimitTable::SpreadAll(LevelLimits& level) {
  for (Shared<Subjects>& part : level.named) {
    if (part == nullptr) continue;
    for (auto& [subject, limits] : Unshared(part)) Spread(level.defaults, limits);
  }
}

std::shared_ptr<const LimitTable> LimitTable::Build(std::span<const StoredLimit> limits) {
  auto table = std::make_shared<LimitTable>();
  for (const StoredLimit& each : limits) {
    table->Insert(Compile(each.limit, each.counting_since_us));
  }
  for (auto& [name, organization] : table->organizations_) {
    for (Shared<LevelLimits>& level : organization->levels) SpreadAll(*level);
  }
  return table;
}

std::shared_ptr<const LimitTable> LimitTable::With(const std::optional<StoredLimit>& before,
                                                   const std::optional<StoredLimit>& after) const {
  auto table = std::make_shared<LimitTable>(*this);
  if (before) {
    table->Erase(before->limit);
    table->Follow(before->limit);
  }
  if (after) {
    table->Insert(Compile(after->limit, after->counting_since_us));
    table->Follow(after->limit);
  }
  return table;
}

std::vector<LimitPtr> LimitTable::All() const {
  std::vector<LimitPtr> all;
  const auto add = [&all](const Limits& limits) {
    all.insert(all.end(), limits.begin(), limits.end());
  };
  for (const auto& [name, organization] : organizations_) {
    add(organization->own);
    for (const Shared<LevelLimits>& level : organization->levels) {
      add(level->defaults);
      for (const Shared<Subjects>& part : level->named) {
        if (part == nullptr) continue;
        for (const auto& [subject, limits] : *part) add(limits);
      }
    }
  }
  std::ranges::sort(all, {},
                    [](const LimitPtr& each) { return std::tie(each->organization, each->name); });
  // A default stands with its level, and with the subjects that it was spread to.
  const auto again = std::ranges::unique(all);
  all.erase(again.begin(), again.end());
  return all;
}

LimitMatches LimitTable::Match(const v1::Subjects& subjects) const {
  LimitMatches matches;
  const auto found = organizations_.find(std::string_view(subjects.organization()));
  if (found == organizations_.end()) return matches;
  const Organization& organization = *found->second;
  for (const LimitPtr& each : organization.own) matches.push_back({each.get(), {}});
  for (const Shared<LevelLimits>& level : organization.levels) {
    const std::string_view subject = SubjectAt(level->level, subjects);
    if (subject.empty()) continue;
    const Limits* limits = &level->defaults;
    if (const Subjects* part = level->named[PartOf(subject)].get()) {
      if (const auto named = part->find(subject); named != part->end()) limits = &named->second;
    }
    for (const LimitPtr& each : *limits) matches.push_back({each.get(), subject});
  }
  return matches;
}

}  // namespace weir::quota
