#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/quota/compiled_limit.h"
#include "services/quota/hash.h"
#include "services/quota/limit_store.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::quota {

// A limit that applies, and whose counter of it: a default has one counter for each subject. Valid
// as long as the table and the subjects that were matched.
struct LimitMatch {
  const CompiledLimit* limit;
  std::string_view subject;  // Empty: the organisation.
};
using LimitMatches = absl::InlinedVector<LimitMatch, 4>;

// All limits of all organisations, compiled. An immutable snapshot; thread-safe.
class LimitTable {
 public:
  // `limits` are valid (limit_check.h) and unique by organisation and name.
  static std::shared_ptr<const LimitTable> Build(std::span<const StoredLimit> limits);

  // This table without `before` and with `after`: what a limit was, and what it is; one may be
  // unset. Shares all that stays, so that the next of ten thousand limits costs what the first did;
  // but a "*" limit is spread over all subjects of its level.
  std::shared_ptr<const LimitTable> With(const std::optional<StoredLimit>& before,
                                         const std::optional<StoredLimit>& after) const;

  // The limits that apply to an attempt, from the organisation's down. A "*" limit applies to each
  // subject of its level that has no limit of its own with the same unit. A level without limits
  // costs nothing; an empty subject matches none.
  LimitMatches Match(const v1::Subjects& subjects) const;

  // By organisation, then name. Walks the whole table.
  std::vector<LimitPtr> All() const;

 private:
  using Limits = std::vector<LimitPtr>;  // By name; those of a subject before the defaults.
  template <typename T>
  using ByName = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;
  // What stands behind a pointer may be shared between tables, and does not change then.
  template <typename T>
  using Shared = std::shared_ptr<T>;
  using Subjects = ByName<Limits>;  // With the defaults of other units.
  struct LevelLimits {
    v1::Level level = v1::LEVEL_UNSPECIFIED;
    Limits defaults;
    // By the hash of the subject; null where there is none.
    std::array<Shared<Subjects>, 128> named;
  };
  struct Organization {
    Limits own;
    std::vector<Shared<LevelLimits>> levels;  // By level; only those that have limits.
  };

  // The same, and nobody else's: a copy where it is shared, empty where it is null.
  template <typename T>
  static T& Unshared(Shared<T>& shared);
  static size_t PartOf(std::string_view subject);
  static Shared<LevelLimits>& LevelOf(Organization& organization, v1::Level level);
  // Into or out of the limits of its subject, without what follows from it.
  void Insert(LimitPtr limit);
  void Erase(const v1::Limit& limit);
  // What follows from a change of `changed`: defaults are spread, and what is empty goes.
  void Follow(const v1::Limit& changed);
  static void FollowAt(LevelLimits& level, const std::string& subject);
  // Gives a subject, or each of a level, the defaults of the units that it has no limit of.
  static void Spread(const Limits& defaults, Limits& limits);
  static void SpreadAll(LevelLimits& level);

  ByName<Shared<Organization>> organizations_;
};

// The name at `level` among the subjects; empty: none.
std::string_view SubjectAt(v1::Level level, const v1::Subjects& subjects);
// Sets it; at the organisation's level there is nothing to set.
void SetSubjectAt(v1::Level level, const std::string& name, v1::Subjects& subjects);

}  // namespace weir::quota
