#include "services/guardrails/cues.h"

#include <algorithm>

#include "common/text/ascii.h"

namespace weir::guardrails {
namespace {

bool IsWordByte(char c) {
  return text::IsLower(c) || text::IsUpper(c) || static_cast<unsigned char>(c) >= 0x80;
}

// Takes the last word off; empty: there is none.
std::string_view TakeLastWord(std::string_view& before) {
  while (!before.empty() && !IsWordByte(before.back())) before.remove_suffix(1);
  size_t begin = before.size();
  while (begin > 0 && IsWordByte(before[begin - 1])) --begin;
  const std::string_view word = before.substr(begin);
  before = before.substr(0, begin);
  return word;
}

}  // namespace

int NearestCue(std::string_view before, std::initializer_list<std::string_view> stems) {
  for (int words = 1; words < kNoCue; ++words) {
    const std::string_view word = TakeLastWord(before);
    if (word.empty()) return kNoCue;
    const auto begins = [word](std::string_view stem) {
      return text::StartsWithIgnoreCase(word, stem);
    };
    if (std::ranges::any_of(stems, begins)) return words;
  }
  return kNoCue;
}

}  // namespace weir::guardrails
