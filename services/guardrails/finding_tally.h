#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string_view>

#include "services/guardrails/action.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

// What metrics tell a finding by: closed sets alone.
struct FindingKind {
  Action action = Action::kAllow;
  std::string_view entity;  // A built-in entity's name, or one of those below.
  bool shadow = false;
  auto operator<=>(const FindingKind&) const = default;
};
inline constexpr std::string_view kAnyPattern = "PATTERN";
inline constexpr std::string_view kAnyDenyList = "DENY_LIST";
inline constexpr std::string_view kAnyInjection = "INJECTION";

// How often each was found.
using FindingTally = std::map<FindingKind, uint64_t>;

// The longest list of findings in an answer: what comes after is counted, and not listed.
inline constexpr int kMostFindings = 1000;

}  // namespace weir::guardrails
