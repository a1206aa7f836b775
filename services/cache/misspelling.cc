#include "services/cache/misspelling.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "services/cache/veto_lexicon.h"

namespace weir::cache {
namespace {

constexpr size_t kMostWords = 16;
// A wrong letter makes another word of most shorter ones.
constexpr size_t kLongWord = 7;
constexpr size_t kShortWord = 4;

bool IsSwapped(std::string_view one, std::string_view other, size_t at) {
  return at + 1 < one.size() && one[at] == other[at + 1] && one[at + 1] == other[at] &&
         one.substr(at + 2) == other.substr(at + 2);
}

bool IsWrongLetter(std::string_view one, std::string_view other, size_t at) {
  return one.size() >= kLongWord && at + 1 < one.size() &&
         one.substr(at + 1) == other.substr(at + 1);
}

// `longer` has one letter more, at `at`. A letter doubled is a slip in any word.
bool IsExtraLetter(std::string_view longer, std::string_view shorter, size_t at) {
  if (at >= shorter.size() || longer.substr(at + 1) != shorter.substr(at)) return false;
  return shorter.size() >= kLongWord || longer[at] == longer[at - 1];
}

std::vector<std::string> WordsOnlyIn(const Wording& one, const Wording& other) {
  std::vector<std::string> only;
  std::ranges::set_difference(one.words, other.words, std::back_inserter(only));
  return only;
}

void Replace(std::vector<Token>& tokens, std::string_view word, std::string_view by) {
  for (Token& token : tokens) {
    if (token.text == word) token.text = by;
  }
}

}  // namespace

bool IsMisspelling(std::string_view one, std::string_view other) {
  if (one.size() < other.size()) std::swap(one, other);
  if (other.size() < kShortWord || one.size() - other.size() > 1) return false;
  if (one.find_first_of("0123456789") != std::string_view::npos) return false;
  const auto at = static_cast<size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  if (at == 0 || at == one.size()) return false;
  if (one.size() == other.size()) return IsSwapped(one, other, at) || IsWrongLetter(one, other, at);
  return IsExtraLetter(one, other, at);
}

std::pair<Wording, Wording> Mended(const Wording& a, const Wording& b) {
  const std::vector<std::string> only_a = WordsOnlyIn(a, b);
  const std::vector<std::string> only_b = WordsOnlyIn(b, a);
  if (only_a.size() > kMostWords || only_b.size() > kMostWords) return {a, b};
  const VetoLexicon& lexicon = VetoLexicon::Get();
  std::vector<Token> tokens_a = a.tokens, tokens_b = b.tokens;
  bool mended = false;
  for (const std::string& one : only_a) {
    for (const std::string& other : only_b) {
      const bool knows_one = lexicon.Find(one, false) != nullptr;
      const bool knows_other = lexicon.Find(other, false) != nullptr;
      if ((knows_one && knows_other) || !IsMisspelling(one, other)) continue;
      if (knows_one) {
        Replace(tokens_b, other, one);
      } else {
        Replace(tokens_a, one, other);
      }
      mended = true;
    }
  }
  if (!mended) return {a, b};
  return {ReadWording(std::move(tokens_a)), ReadWording(std::move(tokens_b))};
}

}  // namespace weir::cache
