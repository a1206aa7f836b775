#pragma once

#include <cstddef>
#include <string_view>

#include "services/guardrails/recognisers.h"
#include "services/guardrails/vocabulary.h"

namespace weir::guardrails {

// The next value in a text.
struct Match {
  size_t begin = 0;   // Byte in the text; where none was found, all before it is settled.
  size_t length = 0;  // 0: none was found.
  Kind kind = Entity::kEmail;
  Recognition::Tail tail = Recognition::Tail::kNone;

  bool found() const { return length > 0; }
};

// Looks from `from` on for the first place where a value of `vocabulary` begins; of several that
// begin there the longest, of equally long ones the first Kind. What lies before `from` is looked
// at as context alone, kContext bytes of it.
//
// A text that is not whole yet has more to come: the answer's `begin` is then the first place where
// that could change what is found, and is less than kMostRead before the end of the text. So a
// stream that is scanned piece by piece gives what the whole text gives.
//
// Linear in the text. Thread-safe.
Match FindNext(std::string_view text, size_t from, bool is_whole, const Vocabulary& vocabulary);

}  // namespace weir::guardrails
