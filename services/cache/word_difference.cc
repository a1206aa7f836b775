#include "services/cache/word_difference.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include "services/cache/stem.h"

namespace weir::cache {
namespace {

// Whoever lacks more than these says something else; holding all against all would not be linear.
constexpr size_t kMostTerms = 16;

constexpr auto kOpposingPrefixes =
    std::to_array<std::string_view>({"un", "in", "im", "ir", "il", "non", "dis", "de", "mis"});

std::vector<const Term*> TermsOnlyIn(const Wording& one, const Wording& other) {
  std::vector<const Term*> only;
  for (const Term& term : one.terms) {
    const bool shared = std::ranges::binary_search(other.concepts, term.concept_id) ||
                        std::ranges::binary_search(other.words, term.text);
    const auto is_same = [&](const Term* each) { return each->concept_id == term.concept_id; };
    if (!shared && std::ranges::none_of(only, is_same)) only.push_back(&term);
    if (only.size() > kMostTerms) break;
  }
  return only;
}

bool HasOpposingPrefix(std::string_view longer, std::string_view shorter) {
  constexpr size_t kShortest = 4;
  return shorter.size() >= kShortest && longer.ends_with(shorter) &&
         std::ranges::find(kOpposingPrefixes, longer.substr(0, longer.size() - shorter.size())) !=
             kOpposingPrefixes.end();
}

bool AreOpposed(const Term& one, const Term& other) {
  if (VetoLexicon::Get().AreOpposed(one.concept_id, other.concept_id)) return true;
  const std::string a = Stem(one.text);
  const std::string b = Stem(other.text);
  return HasOpposingPrefix(a, b) || HasOpposingPrefix(b, a);
}

size_t CountOpposites(const std::vector<const Term*>& only_a,
                      const std::vector<const Term*>& only_b) {
  size_t count = 0;
  for (const Term* one : only_a) {
    const auto is_opposed = [&](const Term* other) { return AreOpposed(*one, *other); };
    if (std::ranges::any_of(only_b, is_opposed)) ++count;
  }
  return count;
}

size_t SharedConcepts(const Wording& a, const Wording& b) {
  std::vector<Concept> shared;
  std::ranges::set_intersection(a.concepts, b.concepts, std::back_inserter(shared));
  return shared.size();
}

size_t SharedNumbers(const Wording& a, const Wording& b) {
  std::vector<Quantity> shared;
  std::ranges::set_intersection(a.quantities, b.quantities, std::back_inserter(shared), {},
                                &Quantity::value, &Quantity::value);
  return shared.size();
}

// Texts that say nothing but what is exchanged are alike in all the rest.
double Share(size_t shared, size_t all, size_t exchanged) {
  if (all <= exchanged) return 1;
  return std::min(1.0, static_cast<double>(shared) / static_cast<double>(all - exchanged));
}

}  // namespace

WordDifference::WordDifference(const Wording& first, const Wording& second)
    : a(first), b(second), only_a_(TermsOnlyIn(a, b)), only_b_(TermsOnlyIn(b, a)) {
  opposites_ = CountOpposites(only_a_, only_b_);
  const size_t shared = SharedConcepts(a, b) + SharedNumbers(a, b);
  const size_t size_a = a.concepts.size() + a.quantities.size();
  const size_t size_b = b.concepts.size() + b.quantities.size();
  const size_t exchanged = opposites_ + ExchangedClasses();
  overlap_ = Share(shared, std::max(size_a, size_b), exchanged);
  containment_ = Share(shared, std::min(size_a, size_b), exchanged);
}

// Opposites are counted already.
size_t WordDifference::ExchangedClasses() const {
  if (opposites_ > 0) return 0;
  constexpr std::array kExchanged = {WordClass::kDegree, WordClass::kSequence, WordClass::kTime};
  return static_cast<size_t>(
      std::ranges::count_if(kExchanged, [this](WordClass each) { return OnBothSides(each); }));
}

bool WordDifference::OnOneSide(WordClass word_class) const {
  return std::ranges::find(only_a_, word_class, &Term::word_class) != only_a_.end() ||
         std::ranges::find(only_b_, word_class, &Term::word_class) != only_b_.end();
}

bool WordDifference::OnBothSides(WordClass word_class) const {
  return std::ranges::find(only_a_, word_class, &Term::word_class) != only_a_.end() &&
         std::ranges::find(only_b_, word_class, &Term::word_class) != only_b_.end();
}

}  // namespace weir::cache
