#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "services/guardrails/compiled_rule.h"

namespace weir::guardrails {

// A policy, ready to be asked: its preset's rules, then its own. Immutable; thread-safe.
struct CompiledPolicy {
  std::string name;
  std::vector<CompiledRule> rules;
  // Why it cannot be asked. Empty: it can.
  std::string fault;
  // No two policies of a process have the same, nor a policy before and after a change.
  uint64_t identity = 0;
};

// Every rule of `policy`, its preset's included; kInvalidArgument: there is no such preset.
absl::StatusOr<std::vector<v1::Rule>> AllRulesOf(const v1::GuardrailPolicy& policy);

// A policy that cannot be compiled, which its checks (policy_rules.h) would not have let pass, has
// a fault.
std::shared_ptr<const CompiledPolicy> CompilePolicy(const v1::GuardrailPolicy& policy,
                                                    PatternPool& patterns);

}  // namespace weir::guardrails
