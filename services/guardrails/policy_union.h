#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/async/mutex.h"
#include "services/guardrails/part_rules.h"

namespace weir::guardrails {

using CompiledPolicyList = std::vector<std::shared_ptr<const CompiledPolicy>>;

// Policies that judge the same request, as one. What they make of a part is compiled when the first
// such part comes, and kept. Thread-safe.
class PolicyUnion {
 public:
  // Kinds of parts that are kept compiled; one beyond them is compiled for itself.
  static constexpr size_t kMostKept = 64;

  explicit PolicyUnion(CompiledPolicyList policies);

  // The rules that look at `place`. kFailedPrecondition: as PartRules::Make.
  absl::StatusOr<std::shared_ptr<const PartRules>> For(const PartPlace& place);

  // Whether any rule looks at parts of that direction.
  bool LooksAt(v1::Direction direction) const;

 private:
  std::vector<RuleOf> rules_;  // Own the policies.
  Mutex mutex_;
  // By which of the rules they have.
  std::map<std::vector<bool>, std::shared_ptr<const PartRules>> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::guardrails
