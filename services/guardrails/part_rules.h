#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "services/guardrails/compiled_policy.h"
#include "services/guardrails/vocabulary.h"

namespace weir::guardrails {

// A rule with the policy that it is of.
struct RuleOf {
  std::shared_ptr<const CompiledPolicy> policy;  // Owns the rule.
  const CompiledRule* rule = nullptr;

  bool blocks() const { return rule->action == Action::kBlock && !rule->shadow; }
};

// Rules that look at the same parts, as one. Three readings of a text, for what one of them finds
// must not hide what another looks for: values that block, values that are replaced, values that
// are only told of. Where several rules find the same value the strictest acts; rules in shadow are
// told of beside it. Immutable; thread-safe.
class PartRules {
 public:
  // One reading: what is looked for, and what is done about each kind of it.
  struct Reading {
    Vocabulary vocabulary;
    Treatments treatments;
    // By Kind::index(): the rules that tell of it. Borrowed from the policies.
    std::vector<std::vector<RuleOf>> told;
  };

  // kFailedPrecondition: they have more patterns than a vocabulary holds.
  static absl::StatusOr<std::shared_ptr<const PartRules>> Make(std::span<const RuleOf> rules);

  const Reading& blocking() const { return blocking_; }
  const Reading& replacing() const { return replacing_; }
  const Reading& watching() const { return watching_; }
  // Each by itself: they block or are told of, and replace nothing.
  const std::vector<RuleOf>& deny_lists() const { return deny_lists_; }
  const std::vector<RuleOf>& injections() const { return injections_; }
  bool empty() const {
    return blocking_.vocabulary.empty() && replacing_.vocabulary.empty() &&
           watching_.vocabulary.empty() && deny_lists_.empty() && injections_.empty();
  }

 private:
  Reading blocking_, replacing_, watching_;
  std::vector<RuleOf> deny_lists_, injections_;
};

}  // namespace weir::guardrails
