#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::text {

// Estimates how many tokens a language model makes of a text, without its vocabulary: one pass over
// classes of characters.
//
//   run of ASCII letters   1, and 1 more for every 4 letters after the eighth
//   run of digits          1 for every 3, rounded up
//   run of other marks     1 for every 2.2, rounded up; also of bytes that are not UTF-8
//   Chinese, Japanese, Korean character, emoji   0.85
//   any other letter       0.45
//   white space            nothing
//
// Within some 20 % of the byte-pair encoders in use for prose, code and tables of numbers; half of
// the truth for base64, up to half above it for Cyrillic. A model's own ratio is learned from what
// its provider reports, so this wants to be steady, not exact.
//
// Not thread-safe; a value of 32 bytes that allocates nothing.
class TokenScan {
 public:
  // Goes on where the last piece ended: a word, or a character, may be split over pieces, and the
  // sum is that of the whole text.
  void Feed(std::string_view piece);

  // Of all text so far, rounded up.
  int64_t tokens() const;

 private:
  std::string_view FinishCharacter(std::string_view piece);
  size_t FeedCharacter(std::string_view rest);
  void FeedMarks(int count);

  int64_t twentieths_ = 0;    // 0.85 and 0.45 of a token are whole numbers of these.
  uint8_t state_ = 0;         // Class and length (modulo its period) of the run that is open.
  uint8_t partial_size_ = 0;  // Bytes of a character whose rest is in the next piece.
  std::array<char, 4> partial_{};
};

// Of one whole text.
int64_t EstimateTokens(std::string_view utf8);

}  // namespace weir::text
