#pragma once

#include <cstddef>
#include <string_view>

namespace weir::guardrails {

// How an international number goes on after its country's code.
struct CallingPlan {
  size_t code_digits = 0;  // 0: no country has a code that `digits` begin with.
  size_t shortest = 0;     // Digits with the code, inclusive.
  size_t longest = 0;
};

// The plan that `digits` (with the code, without "+") belong to: ITU-T E.164, list of assigned
// codes; lengths of the numbering plans, loosely.
CallingPlan CallingPlanOf(std::string_view digits);

}  // namespace weir::guardrails
