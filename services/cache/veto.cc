#include "services/cache/veto.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "services/cache/misspelling.h"
#include "services/cache/substitution.h"
#include "services/cache/word_difference.h"
#include "services/cache/word_order.h"

namespace weir::cache {
namespace {

// Below, texts are so unlike that a negation in one of them says little: an unconditional rule
// refused a third of the true pairs of a bank's questions.
constexpr double kAlike = 0.55;
// Where a single word on one side alone refuses.
constexpr double kNearlySame = 0.75;

bool Differ(std::vector<Quantity> a, std::vector<Quantity> b, size_t ones_of_a, size_t ones_of_b) {
  std::vector<Quantity> only_a, only_b;
  const auto by_value = [](const Quantity& x, const Quantity& y) { return x.value < y.value; };
  std::ranges::set_difference(a, b, std::back_inserter(only_a), by_value);
  std::ranges::set_difference(b, a, std::back_inserter(only_b), by_value);
  const auto is_one = [](const Quantity& each) { return each.value == "1"; };
  const auto explained = [&](const std::vector<Quantity>& only, size_t ones) {
    return std::ranges::all_of(only, is_one) && only.size() <= ones;
  };
  return !explained(only_a, ones_of_b) || !explained(only_b, ones_of_a);
}

VetoReason ByNumber(const WordDifference& d) {
  const bool one_sided = d.a.quantities.empty() != d.b.quantities.empty();
  if (one_sided && d.Containment() < kAlike) return {};
  const bool ordinals =
      !d.a.ordinals.empty() && !d.b.ordinals.empty() && d.a.ordinals != d.b.ordinals;
  if (ordinals || Differ(d.a.quantities, d.b.quantities, d.a.perhaps_ones, d.b.perhaps_ones)) {
    return "veto_number";
  }
  return {};
}

// The same numbers with other units; a unit that one side leaves out is no other.
bool HaveOtherUnits(const std::vector<Quantity>& a, const std::vector<Quantity>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].unit != b[i].unit && a[i].unit != 0 && b[i].unit != 0) return true;
  }
  return false;
}

VetoReason ByUnit(const WordDifference& d) {
  const bool swapped = HaveOtherUnits(d.a.quantities, d.b.quantities);
  return swapped || d.OnBothSides(WordClass::kUnit) ? "veto_unit" : VetoReason();
}

bool AllIn(const std::vector<std::string>& some, const Wording& other) {
  return std::ranges::all_of(
      some, [&](const std::string& each) { return std::ranges::binary_search(other.words, each); });
}

VetoReason ByIdentifier(const WordDifference& d) {
  const bool same = AllIn(d.a.code, d.b) && AllIn(d.b.code, d.a) && AllIn(d.a.quoted, d.b) &&
                    AllIn(d.b.quoted, d.a);
  return same ? VetoReason() : "veto_identifier";
}

VetoReason ByEntity(const WordDifference& d) {
  const bool a_in_b = AllIn(d.a.names, d.b);
  const bool b_in_a = AllIn(d.b.names, d.a);
  if (!a_in_b && !b_in_a) return "veto_entity";
  return (!a_in_b || !b_in_a) && d.Containment() >= kAlike ? "veto_entity" : VetoReason();
}

VetoReason ByLanguage(const WordDifference& d) {
  if (d.OnBothSides(WordClass::kLanguage)) return "veto_language";
  return d.OnOneSide(WordClass::kLanguage) && d.Overlap() >= kAlike ? "veto_language"
                                                                    : VetoReason();
}

VetoReason ByOrder(const WordDifference& d) {
  return DiffersByOrder(d.a, d.b) ? "veto_order" : VetoReason();
}

VetoReason ByQuantifier(const WordDifference& d) {
  if (d.OnBothSides(WordClass::kBound) || d.OnBothSides(WordClass::kQuantifier)) {
    return "veto_quantifier";
  }
  const bool numbers = !d.a.quantities.empty() && !d.b.quantities.empty();
  const bool bound = numbers && d.OnOneSide(WordClass::kBound) && d.Overlap() >= kAlike;
  return bound ? "veto_quantifier" : VetoReason();
}

VetoReason ByTime(const WordDifference& d) {
  if (d.Overlap() < kAlike) return {};
  if (d.OnBothSides(WordClass::kSequence) || d.OnBothSides(WordClass::kTime)) return "veto_time";
  const bool one_sided = d.OnOneSide(WordClass::kTime) && d.Containment() >= kNearlySame;
  return one_sided ? "veto_time" : VetoReason();
}

VetoReason ByQuestionWord(const WordDifference& d) {
  const bool differ =
      d.a.asked != Asked::kAnything && d.b.asked != Asked::kAnything && d.a.asked != d.b.asked;
  return differ && d.Overlap() >= kAlike ? "veto_question_word" : VetoReason();
}

VetoReason ByComparative(const WordDifference& d) {
  return d.OnBothSides(WordClass::kDegree) && d.Overlap() >= kAlike ? "veto_comparative"
                                                                    : VetoReason();
}

VetoReason ByPolarity(const WordDifference& d) {
  if (d.Overlap() < kAlike || d.IsDoublyNegated()) return {};
  if (d.Opposites() > 0) return "veto_antonym";
  return d.IsNegated() ? "veto_negation" : VetoReason();
}

using Rule = VetoReason (*)(const WordDifference&);
constexpr auto kRules =
    std::to_array<Rule>({ByNumber, ByUnit, ByIdentifier, ByEntity, ByLanguage, ByOrder,
                         ByQuantifier, ByTime, ByQuestionWord, ByPolarity, ByComparative});

}  // namespace

VetoReason Veto(const Wording& asked, const Wording& cached, const VetoRules& rules) {
  if (asked.too_long || cached.too_long) return "veto_length";
  const auto mended = Mended(asked, cached, rules.vocabulary);
  const WordDifference difference(mended ? mended->first : asked, mended ? mended->second : cached);
  for (const Rule rule : kRules) {
    if (const VetoReason reason = rule(difference); !reason.empty()) return reason;
  }
  return rules.substitution && IsSubstitution(difference) ? "veto_substitution" : VetoReason();
}

}  // namespace weir::cache
