#include "services/guardrails/compiled_policy.h"

#include <atomic>

#include "common/text/excerpt.h"
#include "services/guardrails/presets.h"

namespace weir::guardrails {
namespace {

uint64_t NextIdentity() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

absl::Status CompileRules(const v1::GuardrailPolicy& policy, PatternPool& patterns,
                          CompiledPolicy& compiled) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<v1::Rule> rules, AllRulesOf(policy));
  for (const v1::Rule& each : rules) {
    WEIR_ASSIGN_OR_RETURN(CompiledRule rule, CompileRule(each, patterns));
    rule.shadow = rule.shadow || policy.shadow();
    compiled.rules.push_back(std::move(rule));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::Rule>> AllRulesOf(const v1::GuardrailPolicy& policy) {
  std::vector<v1::Rule> rules;
  if (!policy.preset().empty()) {
    const std::vector<v1::Rule>* preset = RulesOfPreset(policy.preset());
    if (preset == nullptr) {
      return status::InvalidArgument("preset is '{}', which is none",
                                     text::Excerpt(policy.preset()));
    }
    rules = *preset;
  }
  rules.insert(rules.end(), policy.rules().begin(), policy.rules().end());
  return rules;
}

std::shared_ptr<const CompiledPolicy> CompilePolicy(const v1::GuardrailPolicy& policy,
                                                    PatternPool& patterns) {
  auto compiled = std::make_shared<CompiledPolicy>();
  compiled->name = policy.name();
  compiled->identity = NextIdentity();
  const absl::Status status = CompileRules(policy, patterns, *compiled);
  if (!status.ok()) compiled->fault = status::Message(status);
  return compiled;
}

}  // namespace weir::guardrails
