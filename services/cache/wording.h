#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/cache/quantities.h"
#include "services/cache/tokens.h"
#include "services/cache/veto_lexicon.h"

namespace weir::cache {

// What a question that asks for something particular asks for.
enum class Asked : uint8_t { kAnything, kPerson, kTime, kPlace, kReason, kAmount };

// One word or phrase that says something.
struct Term {
  Concept concept_id = 0;
  WordClass word_class = WordClass::kContent;
  std::string text;  // In lower case.
};

// All that the veto needs of one text, whatever it is compared with. Of this process alone, like
// Question.
struct Wording {
  bool too_long = false;  // Nothing else is filled in.
  std::vector<Token> tokens;
  std::vector<std::string> words;     // Of the tokens: ascending, once each.
  std::vector<Term> terms;            // As they come; no fillers, negations, numbers.
  std::vector<Concept> concepts;      // Of the terms: ascending, once each.
  std::vector<Quantity> quantities;   // Ascending.
  std::vector<std::string> ordinals;  // Ascending.
  size_t perhaps_ones = 0;            // "one" that may be a number or not; not in `quantities`.
  int negations = 0;
  Asked asked = Asked::kAnything;
  std::vector<std::string> names;   // Capitalised words.
  std::vector<std::string> code;    // Tokens written like code.
  std::vector<std::string> quoted;  // Words between quotation marks.
  std::optional<Concept> from, to;  // What follows these.
  bool symmetric = false;           // "compare", "between", "or": order means nothing.
};

// Pure. Linear in the text, but for the sorting of its words.
Wording ReadWording(std::string_view text);

// The same of tokens, as they are after a misspelling was mended.
Wording ReadWording(std::vector<Token> tokens);

}  // namespace weir::cache
