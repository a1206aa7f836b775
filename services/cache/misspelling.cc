#include "services/cache/misspelling.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "services/cache/stem.h"
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
  return one.substr(at + 1) == other.substr(at + 1);
}

bool IsExtraLetter(std::string_view longer, std::string_view shorter, size_t at) {
  return longer.substr(at + 1) == shorter.substr(at);
}

// Of two words of which both may be right.
bool IsLikelySlip(std::string_view longer, std::string_view shorter, size_t at) {
  if (at >= shorter.size() || at + 1 >= longer.size()) return false;
  // A letter doubled is a slip in any word.
  const bool doubled = longer.size() > shorter.size() && longer[at] == longer[at - 1];
  return doubled || shorter.size() >= kLongWord;
}

std::vector<std::string> WordsOnlyIn(const Wording& one, const Wording& other) {
  std::vector<std::string> only;
  std::ranges::set_difference(one.words, other.words, std::back_inserter(only));
  return only;
}

// How well a word is known, rising.
enum class Knowledge : uint8_t { kNone, kVocabulary, kTable };

Knowledge KnowledgeOf(const std::string& word, const StemWeights* vocabulary) {
  if (VetoLexicon::Get().Find(word, false)) return Knowledge::kTable;
  const bool known = vocabulary && vocabulary->Knows(Stem(word));
  return known ? Knowledge::kVocabulary : Knowledge::kNone;
}

struct Slip {
  bool in_a;  // Else in b.
  std::string wrong, right;
};

std::optional<Slip> SlipBetween(const std::string& in_a, const std::string& in_b,
                                const StemWeights* vocabulary) {
  // Most words are not alike at all.
  if (in_a[0] != in_b[0]) return std::nullopt;
  const Knowledge of_a = KnowledgeOf(in_a, vocabulary);
  const Knowledge of_b = KnowledgeOf(in_b, vocabulary);
  if (of_a == Knowledge::kTable && of_b == Knowledge::kTable) return std::nullopt;
  const bool is_word = vocabulary && (of_a == Knowledge::kNone) != (of_b == Knowledge::kNone);
  if (!IsMisspelling(in_a, in_b, is_word)) return std::nullopt;
  if (of_a > of_b) return Slip{.in_a = false, .wrong = in_b, .right = in_a};
  return Slip{.in_a = true, .wrong = in_a, .right = in_b};
}

void Replace(std::vector<Token>& tokens, std::string_view word, std::string_view by) {
  for (Token& token : tokens) {
    if (token.text == word) token.text = by;
  }
}

}  // namespace

bool IsMisspelling(std::string_view one, std::string_view other, bool is_word) {
  if (one.size() < other.size()) std::swap(one, other);
  if (other.size() < kShortWord || one.size() - other.size() > 1) return false;
  if (one.find_first_of("0123456789") != std::string_view::npos) return false;
  const auto at = static_cast<size_t>(std::ranges::mismatch(one, other).in1 - one.begin());
  if (at == 0 || at == one.size()) return false;
  const bool same_size = one.size() == other.size();
  if (same_size && IsSwapped(one, other, at)) return true;
  if (!is_word && !IsLikelySlip(one, other, at)) return false;
  return same_size ? IsWrongLetter(one, other, at) : IsExtraLetter(one, other, at);
}

std::optional<std::pair<Wording, Wording>> Mended(const Wording& a, const Wording& b,
                                                  const StemWeights* vocabulary) {
  const std::vector<std::string> only_a = WordsOnlyIn(a, b);
  const std::vector<std::string> only_b = WordsOnlyIn(b, a);
  if (only_a.size() > kMostWords || only_b.size() > kMostWords) return std::nullopt;
  std::vector<Slip> slips;
  for (const std::string& one : only_a) {
    for (const std::string& other : only_b) {
      if (const auto slip = SlipBetween(one, other, vocabulary)) slips.push_back(*slip);
    }
  }
  if (slips.empty()) return std::nullopt;
  std::vector<Token> tokens_a = a.tokens, tokens_b = b.tokens;
  for (const Slip& each : slips) Replace(each.in_a ? tokens_a : tokens_b, each.wrong, each.right);
  return std::pair(ReadWording(std::move(tokens_a)), ReadWording(std::move(tokens_b)));
}

}  // namespace weir::cache
