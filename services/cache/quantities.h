#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/cache/tokens.h"
#include "services/cache/veto_lexicon.h"

namespace weir::cache {

// A number of a text, in digits, and the unit that follows it.
struct Quantity {
  std::string value;
  Concept unit = 0;  // 0: none.
  auto operator<=>(const Quantity&) const = default;
};

struct ReadNumber {
  Quantity quantity;
  size_t tokens = 0;        // How many of them it takes, the unit included.
  bool may_be_one = false;  // "one" is a pronoun as often as a number.
};

// The number that begins with the first of `tokens`: "1,000", "twenty-five", "5 million", "10k",
// "3.5kg", "50%". Ordinals and words before a hyphen ("two-factor") are none.
std::optional<ReadNumber> ReadNumberAt(std::span<const Token> tokens);

// "3" for "third", "3rd"; empty: not an ordinal. "second" is none, being a unit as often.
std::string_view OrdinalOf(std::string_view word);

}  // namespace weir::cache
