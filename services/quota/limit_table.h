#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <memory>
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

  // The limits that apply to an attempt, from the organisation's down. A "*" limit applies to each
  // subject of its level that has no limit of its own with the same unit. A level without limits
  // costs nothing; an empty subject matches none.
  LimitMatches Match(const v1::Subjects& subjects) const;

  // By organisation, then name.
  const std::vector<LimitPtr>& all() const { return all_; }

 private:
  using Limits = std::vector<const CompiledLimit*>;
  template <typename T>
  using ByName = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;
  struct LevelLimits {
    v1::Level level = v1::LEVEL_UNSPECIFIED;
    Limits defaults;
    ByName<Limits> named;  // With the defaults of other units.
  };
  struct Organization {
    Limits own;
    std::vector<LevelLimits> levels;  // Only those that have limits.
  };

  void Add(LimitPtr limit);
  static LevelLimits& LevelOf(Organization& organization, v1::Level level);
  static void SpreadDefaults(LevelLimits& level);

  std::vector<LimitPtr> all_;
  ByName<Organization> organizations_;
};

// The name at `level` among the subjects; empty: none.
std::string_view SubjectAt(v1::Level level, const v1::Subjects& subjects);
// Sets it; at the organisation's level there is nothing to set.
void SetSubjectAt(v1::Level level, const std::string& name, v1::Subjects& subjects);

}  // namespace weir::quota
