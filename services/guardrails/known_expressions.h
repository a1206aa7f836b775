#pragma once

#include <string_view>

// Expressions of built-in policies, for CustomPattern.
namespace weir::guardrails {

// Any run of at least eight digits, with marks between them: phone numbers, and much else. Who
// looks for it rather masks too much.
inline constexpr std::string_view kAnyPhoneNumber = R"(\+?\(?\b\d(?:[-. ()/]{0,3}\d){7,}\b)";

}  // namespace weir::guardrails
