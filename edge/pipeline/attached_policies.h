#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/common/v1/attachment.pb.h"

namespace weir::edge {

// Whose request it is, as policies are attached. Borrows its texts.
struct PolicySubjects {
  std::string_view organization;
  std::string_view proxy;  // Empty: none, as the next three.
  std::string_view team;
  std::string_view user;
  std::string_view key;
  std::vector<std::string_view> providers;  // Of every attempt that is planned.
};

// The policies of a table (weir.guardrails.v1.PolicyTable, weir.cache.v1.PolicyTable) by whom they
// are for. Immutable: any number of threads may read it.
template <typename Table>
class AttachedPolicies {
 public:
  using Entry = typename Table::value_type;

  // `owner` keeps `table`, a repeated field of entries, alive.
  AttachedPolicies(std::shared_ptr<const void> owner, const Table& table)
      : owner_(std::move(owner)) {
    for (const Entry& each : table) organizations_[each.organization()].push_back(&each);
  }

  // None is for anybody of `organization`.
  bool IsEmptyFor(std::string_view organization) const {
    return organizations_.find(organization) == organizations_.end();
  }

  struct Applying {
    const Entry* policy = nullptr;
    common::v1::Attachment::Level level =
        common::v1::Attachment::LEVEL_UNSPECIFIED;  // The narrowest.
  };
  // Those that apply to `subjects`, each once, from the widest to the narrowest; equally wide ones
  // by name.
  std::vector<Applying> For(const PolicySubjects& subjects) const {
    std::vector<Applying> applying;
    const auto found = organizations_.find(subjects.organization);
    if (found == organizations_.end()) return applying;
    for (const Entry* each : found->second) {
      const auto level = NarrowestLevel(*each, subjects);
      if (level != common::v1::Attachment::LEVEL_UNSPECIFIED) applying.push_back({each, level});
    }
    std::sort(applying.begin(), applying.end(), [](const Applying& a, const Applying& b) {
      if (a.level != b.level) return a.level < b.level;
      return a.policy->name() < b.policy->name();
    });
    return applying;
  }

 private:
  using Attachment = common::v1::Attachment;

  static Attachment::Level NarrowestLevel(const Entry& policy, const PolicySubjects& subjects) {
    Attachment::Level narrowest = Attachment::LEVEL_UNSPECIFIED;
    for (const Attachment& each : policy.attachments()) {
      if (each.level() > narrowest && Holds(each, subjects)) narrowest = each.level();
    }
    return narrowest;
  }
  static bool Holds(const Attachment& attachment, const PolicySubjects& subjects) {
    const std::string_view subject = attachment.subject();
    switch (attachment.level()) {
      case Attachment::LEVEL_ORGANIZATION:
        return true;
      case Attachment::LEVEL_PROVIDER:
        return std::find(subjects.providers.begin(), subjects.providers.end(), subject) !=
               subjects.providers.end();
      case Attachment::LEVEL_PROXY:
        return !subject.empty() && subject == subjects.proxy;
      case Attachment::LEVEL_TEAM:
        return !subject.empty() && subject == subjects.team;
      case Attachment::LEVEL_USER:
        return !subject.empty() && subject == subjects.user;
      case Attachment::LEVEL_KEY:
        return !subject.empty() && subject == subjects.key;
      default:
        return false;
    }
  }

  const std::shared_ptr<const void> owner_;
  std::map<std::string, std::vector<const Entry*>, std::less<>> organizations_;
};

}  // namespace weir::edge
