#pragma once

#include <cstddef>
#include <string_view>

#include "services/guardrails/normalised_text.h"
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

// How far can be read within kMostRead bytes of the text that came, where that is not the text that
// is read. A view.
class Reach {
 public:
  // Of a text that is read as it came.
  Reach() = default;
  // `read` begins at `begin` of the text that is looked through.
  Reach(const NormalisedText& read, size_t begin) : read_(&read), begin_(begin) {}
  size_t From(size_t at, std::string_view text) const {
    if (read_ == nullptr) return text.size();
    return begin_ + read_->ReadEnd(at - begin_, kMostRead);
  }

 private:
  const NormalisedText* read_ = nullptr;
  size_t begin_ = 0;
};

// Looks from `from` on for the first place where a value of `vocabulary` begins; of several that
// begin there the longest, of equally long ones the highest in rank, then the first Kind. What lies
// before `from` is looked at as context alone, kContext bytes of it.
//
// A text that is not whole yet has more to come: the answer's `begin` is then the first place where
// that could change what is found, and is less than kMostRead before the end of the text. So a
// stream that is scanned piece by piece gives what the whole text gives.
//
// Linear in the text. Thread-safe.
Match FindNext(std::string_view text, size_t from, bool is_whole, const Vocabulary& vocabulary,
               const Reach& reach = {});

}  // namespace weir::guardrails
