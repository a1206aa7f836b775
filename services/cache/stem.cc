#include "services/cache/stem.h"

#include <algorithm>
#include <array>

#include "common/text/ascii.h"

namespace weir::cache {
namespace {

using text::IsDigit;
using text::IsLower;

struct Ending {
  std::string_view end, put;
};
constexpr std::array<Ending, 9> kEndings = {{{"ies", "y"},
                                             {"sses", "ss"},
                                             {"ing", ""},
                                             {"ied", "y"},
                                             {"edly", ""},
                                             {"ed", ""},
                                             {"ly", ""},
                                             {"es", "e"},
                                             {"s", ""}}};

constexpr std::string_view kApostrophe = "\u2019";

void DropEnding(std::string& word) {
  for (const Ending& each : kEndings) {
    if (word.ends_with(each.end) && word.size() - each.end.size() >= 3 && !word.ends_with("ss")) {
      word.replace(word.size() - each.end.size(), std::string::npos, each.put);
      return;
    }
  }
}

bool IsDoubled(std::string_view word) {
  constexpr std::string_view kStayDouble = "aeiouls";
  const size_t size = word.size();
  return size > 3 && word[size - 1] == word[size - 2] &&
         kStayDouble.find(word[size - 1]) == std::string_view::npos;
}

std::string Lowered(std::string_view text) {
  std::string lower = text::ToLower(text);
  for (size_t at = lower.find(kApostrophe); at != std::string::npos;
       at = lower.find(kApostrophe, at)) {
    lower.replace(at, kApostrophe.size(), "'");
  }
  return lower;
}

size_t SkipWhile(std::string_view text, size_t at, bool (*is)(char)) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

// One more part after a mark, if there is one: 't of don't, .00 of 1,299.00.
size_t SkipPart(std::string_view text, size_t at, std::string_view marks, bool (*is)(char)) {
  if (at + 1 >= text.size() || marks.find(text[at]) == std::string_view::npos) return at;
  const size_t end = SkipWhile(text, at + 1, is);
  return end == at + 1 ? at : end;
}

bool IsLowerLetter(char c) { return IsLower(c); }
bool IsDecimal(char c) { return IsDigit(c); }

size_t WordEnd(std::string_view text, size_t at) {
  if (IsLower(text[at])) {
    return SkipPart(text, SkipWhile(text, at, IsLowerLetter), "'", IsLowerLetter);
  }
  size_t end = SkipWhile(text, at, IsDecimal);
  for (size_t more = SkipPart(text, end, ".,", IsDecimal); more != end;
       more = SkipPart(text, end, ".,", IsDecimal)) {
    end = more;
  }
  return end;
}

}  // namespace

std::string Stem(std::string_view word) {
  std::string stem(word);
  if (stem.size() <= 3 || !std::ranges::all_of(stem, IsLowerLetter)) return stem;
  DropEnding(stem);
  if (IsDoubled(stem)) stem.pop_back();
  if (stem.size() > 3 && stem.back() == 'e') stem.pop_back();
  return stem;
}

std::string StemOfPossessive(std::string_view word) {
  return Stem(word.ends_with("'s") ? word.substr(0, word.size() - 2) : word);
}

std::vector<std::string> FeatureWords(std::string_view text) {
  const std::string lower = Lowered(text);
  std::vector<std::string> words;
  for (size_t at = 0; at < lower.size();) {
    const size_t end = WordEnd(lower, at);
    if (end > at) words.push_back(lower.substr(at, end - at));
    at = std::max(end, at + 1);
  }
  return words;
}

}  // namespace weir::cache
