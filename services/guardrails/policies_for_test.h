#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "weir/guardrails/v1/guardrails_admin.pb.h"

// Policies of the organisation "acme", for tests.
namespace weir::guardrails {

inline constexpr std::string_view kAcme = "acme";

inline v1::Rule EntityRule(std::string_view name, std::string_view action,
                           std::initializer_list<std::string_view> types) {
  v1::Rule rule;
  rule.set_name(std::string(name));
  rule.set_action(std::string(action));
  rule.mutable_entities();
  for (const std::string_view each : types) rule.mutable_entities()->add_types(std::string(each));
  return rule;
}

inline v1::Rule PatternRule(std::string_view name, std::string_view action, std::string_view type,
                            std::string_view expression) {
  v1::Rule rule;
  rule.set_name(std::string(name));
  rule.set_action(std::string(action));
  rule.mutable_pattern()->set_entity_type(std::string(type));
  rule.mutable_pattern()->set_expression(std::string(expression));
  return rule;
}

inline v1::Rule DenyRule(std::string_view name, std::string_view action,
                         std::initializer_list<std::string_view> phrases) {
  v1::Rule rule;
  rule.set_name(std::string(name));
  rule.set_action(std::string(action));
  for (const std::string_view each : phrases) {
    rule.mutable_deny_list()->add_phrases(std::string(each));
  }
  return rule;
}

inline v1::Rule InjectionRule(std::string_view name, std::string_view action,
                              double threshold = 0) {
  v1::Rule rule;
  rule.set_name(std::string(name));
  rule.set_action(std::string(action));
  rule.mutable_injection()->set_threshold(threshold);
  return rule;
}

inline v1::GuardrailPolicy PolicyOf(std::string_view name, std::initializer_list<v1::Rule> rules) {
  v1::GuardrailPolicy policy;
  policy.set_organization(std::string(kAcme));
  policy.set_name(std::string(name));
  for (const v1::Rule& each : rules) *policy.add_rules() = each;
  return policy;
}

inline v1::GuardrailPolicy PresetPolicy(std::string_view preset) {
  v1::GuardrailPolicy policy = PolicyOf(preset, {});
  policy.set_preset(std::string(preset));
  return policy;
}

}  // namespace weir::guardrails
