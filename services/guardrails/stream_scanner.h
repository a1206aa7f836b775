#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/guardrails/normalised_text.h"
#include "services/guardrails/scanner.h"

namespace weir::guardrails {

// Takes a text apart: what is no value, and the values, in their order. Views are gone afterwards.
class Parts {
 public:
  virtual ~Parts() = default;
  virtual void Text(std::string_view text) = 0;
  // A value begins; its first bytes, which are read as at most kLongestMatch.
  virtual void Value(Kind kind, std::string_view head) = 0;
  // More bytes of the value that came last.
  virtual void Tail(std::string_view more) = 0;
};

// Scans a text that comes in pieces, as a reader takes it (NormalisedText). Whatever the pieces,
// the parts are those of the whole text (only cut otherwise): a byte is held back while what
// follows could still make it part of a value, and at most kMostHeld are at any time.
//
// Not thread-safe. Small enough to travel: Save() makes less than 400 bytes of it.
class StreamScanner {
 public:
  // Of bytes that were fed: what nobody sees before it, and a character that is not whole yet.
  static constexpr size_t kMostHeld = kMostRead + NormalisedText::kMostLeftOut + 3;

  // `vocabulary` outlives it.
  explicit StreamScanner(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // After the last piece nothing is held back.
  void Feed(std::string_view piece, bool is_last, Parts& parts);

  // Bytes that were fed and are neither text nor value yet.
  size_t held() const { return buffer_.size() - context_; }

  // Everything but the vocabulary. It has the last bytes of the text: not for logs.
  std::string Save() const;
  // kInvalidArgument: `saved` is not what Save made.
  absl::Status Load(std::string_view saved);

 private:
  class Emitter;

  // Takes apart what can be settled of `text`, which is read, from `at` on; where that ends.
  size_t TakeApart(std::string_view text, size_t at, bool is_last, const Reach& reach,
                   Emitter& emitter);
  // How much of `text` from `at` on is the tail that is open; closes it where it ends.
  size_t TakeTail(std::string_view text, size_t at, bool is_last, const Reach& reach);
  size_t TakePemTail(std::string_view text, size_t at, bool is_last, const Reach& reach);

  const Vocabulary& vocabulary_;
  std::string buffer_;  // Context as it was read, then what is held back as it came.
  size_t context_ = 0;
  Recognition::Tail tail_ = Recognition::Tail::kNone;
  uint32_t tail_bytes_ = 0;  // Of the open tail so far.
};

}  // namespace weir::guardrails
