#pragma once

#include <initializer_list>
#include <string_view>

namespace weir::guardrails {

inline constexpr int kNoCue = 6;

// Which of the last five words of `before`, counted from 1 at its end, is the nearest that begins
// with one of `stems` (lower case); kNoCue: none does. Words are what lies between bytes that are
// neither letters nor above 0x7f; case of ASCII letters is ignored. Five words on the left is what
// Presidio's context enhancer looks at.
int NearestCue(std::string_view before, std::initializer_list<std::string_view> stems);

inline bool HasCue(std::string_view before, std::initializer_list<std::string_view> stems) {
  return NearestCue(before, stems) != kNoCue;
}

}  // namespace weir::guardrails
