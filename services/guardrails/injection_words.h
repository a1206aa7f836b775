#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::guardrails {

// What words mean to signatures. A word may be of several classes.
inline constexpr size_t kMostWordClasses = 448;
using WordClasses = std::bitset<kMostWordClasses>;

// `folded` as ReadWords has it.
const WordClasses& ClassesOf(std::string_view folded);
bool IsKnownWord(std::string_view folded);
// The class that is called so ("FORGET"), or that of one word ("you"), which signatures are
// written with. Nothing: no class is.
std::optional<size_t> WordClassNamed(std::string_view name);

}  // namespace weir::guardrails
