#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// Sets of rules that other gateways have by that name, and what they do there.
inline constexpr std::array<std::string_view, 5> kPresets = {
    "wso2-pii-masking", "wso2-pii", "secure-llm-gateway", "pii-names", "injection"};

// The rules of a preset, whose names begin with its own; valid as long as the program. Null: there
// is no such preset.
const std::vector<v1::Rule>* RulesOfPreset(std::string_view preset);

}  // namespace weir::guardrails
