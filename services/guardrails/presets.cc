#include "services/guardrails/presets.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace weir::guardrails {
namespace {

using Rules = std::vector<v1::Rule>;

v1::Rule EntityRule(std::string_view preset, std::string_view name, std::string_view type,
                    std::string_view action, std::string_view replacement = "") {
  v1::Rule rule;
  rule.set_name(fmt::format("{}-{}", preset, name));
  rule.mutable_entities()->add_types(std::string(type));
  rule.set_action(std::string(action));
  rule.set_replacement(std::string(replacement));
  return rule;
}

Rules EveryDetectorOfWso2(std::string_view preset, std::string_view action,
                          std::string_view replacement) {
  Rules rules;
  const std::pair<std::string_view, std::string_view> kDetectors[] = {
      {"email", "EMAIL"}, {"phone", "PHONE"}, {"ssn", "US_SSN"}, {"card", "CREDIT_CARD"}};
  for (const auto& [name, type] : kDetectors) {
    rules.push_back(EntityRule(preset, name, type, action, replacement));
  }
  return rules;
}

// Any number that Luhn's formula holds for, whoever issues it; those that issuers have are found in
// the middle of other digits, too.
v1::Rule AnyLuhnNumber(std::string_view preset) {
  v1::Rule rule;
  rule.set_name(fmt::format("{}-luhn", preset));
  rule.mutable_pattern()->set_entity_type("CARD_NUMBER");
  rule.mutable_pattern()->set_expression(R"(\b\d(?:[ -]?\d){11,18}\b)");
  rule.mutable_pattern()->set_validator("luhn");
  rule.set_action("redact");
  rule.set_replacement("CC_MASKED_LAST4_{last4}");
  return rule;
}

// A number is a run of 8 digits or more, whatever it is for.
v1::Rule RunOfDigits(std::string_view preset) {
  v1::Rule rule;
  rule.set_name(fmt::format("{}-phone", preset));
  rule.mutable_pattern()->set_entity_type("PHONE");
  rule.mutable_pattern()->set_expression(R"(\+?\d(?:[ -]?\d){7,14}\b|\d{16,64})");
  rule.set_action("redact");
  return rule;
}

Rules SecureLlmGateway(std::string_view preset) {
  return {EntityRule(preset, "email", "EMAIL", "partial"),
          EntityRule(preset, "card", "CREDIT_CARD", "redact", "CC_MASKED_LAST4_{last4}"),
          AnyLuhnNumber(preset), RunOfDigits(preset)};
}

// Of requests: a model that gives orders in its answer gives them to nobody here.
v1::Rule NoInjection(std::string_view preset) {
  v1::Rule rule;
  rule.set_name(fmt::format("{}-block", preset));
  rule.mutable_injection();
  rule.set_action("block");
  rule.add_directions(v1::DIRECTION_REQUEST);
  return rule;
}

std::map<std::string, Rules, std::less<>> MakePresets() {
  std::map<std::string, Rules, std::less<>> presets;
  presets.emplace("wso2-pii-masking", EveryDetectorOfWso2("wso2-pii-masking", "mask", ""));
  presets.emplace("wso2-pii", EveryDetectorOfWso2("wso2-pii", "redact", "*****"));
  presets.emplace("secure-llm-gateway", SecureLlmGateway("secure-llm-gateway"));
  presets.emplace("pii-names", Rules{EntityRule("pii-names", "person", "PERSON", "mask")});
  presets.emplace("injection", Rules{NoInjection("injection")});
  return presets;
}

}  // namespace

const Rules* RulesOfPreset(std::string_view preset) {
  static const auto kRules = MakePresets();
  const auto found = kRules.find(preset);
  return found == kRules.end() ? nullptr : &found->second;
}

}  // namespace weir::guardrails
