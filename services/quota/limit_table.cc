#include "services/quota/limit_table.h"

#include <algorithm>

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

LimitTable::LevelLimits& LimitTable::LevelOf(Organization& organization, v1::Level level) {
  for (LevelLimits& each : organization.levels) {
    if (each.level == level) return each;
  }
  return organization.levels.emplace_back(LevelLimits{.level = level});
}

void LimitTable::Add(LimitPtr limit) {
  Organization& organization = organizations_[limit->organization];
  if (limit->level == v1::LEVEL_ORGANIZATION) {
    organization.own.push_back(limit.get());
  } else {
    LevelLimits& level = LevelOf(organization, limit->level);
    Limits& into = limit->is_default() ? level.defaults : level.named[limit->subject];
    into.push_back(limit.get());
  }
  all_.push_back(std::move(limit));
}

void LimitTable::SpreadDefaults(LevelLimits& level) {
  for (auto& [subject, limits] : level.named) {
    const Limits own = limits;
    for (const CompiledLimit* each : level.defaults) {
      const bool covered = std::ranges::any_of(
          own, [&](const CompiledLimit* other) { return other->unit == each->unit; });
      if (!covered) limits.push_back(each);
    }
  }
}

std::shared_ptr<const LimitTable> LimitTable::Build(std::span<const StoredLimit> limits) {
  auto table = std::make_shared<LimitTable>();
  std::vector<LimitPtr> sorted;
  for (const StoredLimit& each : limits) {
    sorted.push_back(Compile(each.limit, each.counting_since_us));
  }
  std::ranges::sort(sorted, {},
                    [](const LimitPtr& each) { return std::tie(each->organization, each->name); });
  for (LimitPtr& each : sorted) table->Add(std::move(each));
  for (auto& [name, organization] : table->organizations_) {
    std::ranges::sort(organization.levels, {}, &LevelLimits::level);
    for (LevelLimits& level : organization.levels) SpreadDefaults(level);
  }
  return table;
}

LimitMatches LimitTable::Match(const v1::Subjects& subjects) const {
  LimitMatches matches;
  const auto organization = organizations_.find(std::string_view(subjects.organization()));
  if (organization == organizations_.end()) return matches;
  for (const CompiledLimit* each : organization->second.own) matches.push_back({each, {}});
  for (const LevelLimits& level : organization->second.levels) {
    const std::string_view subject = SubjectAt(level.level, subjects);
    if (subject.empty()) continue;
    const auto named = level.named.find(subject);
    const Limits& limits = named == level.named.end() ? level.defaults : named->second;
    for (const CompiledLimit* each : limits) matches.push_back({each, subject});
  }
  return matches;
}

}  // namespace weir::quota
