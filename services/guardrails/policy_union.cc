#include "services/guardrails/policy_union.h"

#include <algorithm>

namespace weir::guardrails {

PolicyUnion::PolicyUnion(CompiledPolicyList policies) {
  for (auto& policy : policies) {
    for (const CompiledRule& rule : policy->rules) rules_.push_back({policy, &rule});
  }
}

absl::StatusOr<std::shared_ptr<const PartRules>> PolicyUnion::For(const PartPlace& place) {
  std::vector<bool> which(rules_.size());
  for (size_t i = 0; i < rules_.size(); ++i) which[i] = rules_[i].rule->LooksAt(place);
  {
    MutexLock lock(mutex_);
    const auto kept = kept_.find(which);
    if (kept != kept_.end()) return kept->second;
  }
  std::vector<RuleOf> rules;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (which[i]) rules.push_back(rules_[i]);
  }
  WEIR_ASSIGN_OR_RETURN(std::shared_ptr<const PartRules> made, PartRules::Make(rules));
  MutexLock lock(mutex_);
  if (kept_.size() < kMostKept) kept_.emplace(std::move(which), made);
  return made;
}

bool PolicyUnion::LooksAt(v1::Direction direction) const {
  return std::ranges::any_of(rules_, [direction](const RuleOf& each) {
    return direction == v1::DIRECTION_REQUEST ? each.rule->requests : each.rule->responses;
  });
}

}  // namespace weir::guardrails
