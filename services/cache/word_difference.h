#pragma once

#include <cstddef>
#include <vector>

#include "services/cache/wording.h"

namespace weir::cache {

// What each of two texts says that the other does not. Borrows both.
class WordDifference {
 public:
  WordDifference(const Wording& a, const Wording& b);

  // Either side has, or both have, a term of that class whose concept the other side lacks.
  bool OnOneSide(WordClass word_class) const;
  bool OnBothSides(WordClass word_class) const;

  // Pairs of a term and its opposite on the other side, by the tables or by its prefix ("happy",
  // "unhappy").
  size_t Opposites() const { return opposites_; }

  // An odd number of negations is on one side alone.
  bool IsNegated() const { return a.negations % 2 != b.negations % 2; }
  // One negation and one pair of opposites together say the same again: "not poor", "rich".
  bool IsDoublyNegated() const { return IsNegated() && opposites_ == 1; }

  // The share that both have in what they say, 0 to 1: terms and numbers of the side that says
  // more. Opposites count on neither side.
  double Overlap() const { return overlap_; }
  // The same of the side that says less.
  double Containment() const { return containment_; }

  const Wording& a;
  const Wording& b;

 private:
  size_t ExchangedClasses() const;

  std::vector<const Term*> only_a_, only_b_;
  size_t opposites_ = 0;
  double overlap_ = 0, containment_ = 0;
};

}  // namespace weir::cache
