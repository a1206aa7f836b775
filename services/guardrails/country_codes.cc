#include "services/guardrails/country_codes.h"

#include <algorithm>
#include <array>

namespace weir::guardrails {
namespace {

// Of two digits; the others have one (1, 7) or three.
constexpr std::array<int, 44> kTwoDigits = {
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54,
    55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
// Tens of those of three digits.
constexpr std::array<int, 19> kThreeDigits = {21, 22, 23, 24, 25, 26, 29, 35, 37, 38,
                                              42, 50, 59, 67, 68, 69, 85, 96, 97};
constexpr std::array<int, 17> kOtherThreeDigits = {800, 808, 870, 878, 880, 881, 882, 883, 886,
                                                   888, 992, 993, 994, 995, 996, 997, 998};

struct Lengths {
  int code;
  size_t shortest, longest;
};
// Where a plan is much narrower than E.164 allows.
constexpr std::array<Lengths, 12> kNarrow = {{{31, 11, 11},
                                              {32, 10, 11},
                                              {33, 11, 11},
                                              {34, 11, 11},
                                              {41, 11, 11},
                                              {44, 11, 12},
                                              {45, 10, 10},
                                              {47, 10, 10},
                                              {48, 11, 11},
                                              {61, 11, 11},
                                              {86, 11, 13},
                                              {91, 12, 12}}};

int Front(std::string_view digits, size_t count) {
  int value = 0;
  for (size_t i = 0; i < count; ++i) value = value * 10 + (digits[i] - '0');
  return value;
}

CallingPlan PlanFor(int code, size_t code_digits) {
  const auto* narrow = std::ranges::find(kNarrow, code, &Lengths::code);
  if (narrow != kNarrow.end()) return {code_digits, narrow->shortest, narrow->longest};
  return {code_digits, 9, 15};
}

}  // namespace

CallingPlan CallingPlanOf(std::string_view digits) {
  if (digits.size() < 3) return {};
  if (digits[0] == '1') return digits[1] >= '2' ? CallingPlan{1, 11, 11} : CallingPlan{};
  if (digits[0] == '7') return {1, 11, 11};
  const int two = Front(digits, 2), three = Front(digits, 3);
  if (std::ranges::find(kTwoDigits, two) != kTwoDigits.end()) return PlanFor(two, 2);
  const bool is_three = std::ranges::find(kThreeDigits, two) != kThreeDigits.end() ||
                        std::ranges::find(kOtherThreeDigits, three) != kOtherThreeDigits.end();
  return is_three ? PlanFor(three, 3) : CallingPlan{};
}

}  // namespace weir::guardrails
