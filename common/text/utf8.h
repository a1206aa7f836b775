#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
namespace weir::text {

struct Rune {
  enum class Kind : uint8_t {
    kValid,      // `code_point` is what `size` bytes stand for.
    kInvalid,    // One byte that starts nothing; `size` is 1.
    kTruncated,  // The text ends inside a sequence that was right so far; `size` is what there is
                 // of it.
  };
  char32_t code_point = 0;
  uint8_t size = 0;
  Kind kind = Kind::kInvalid;
};

// The code point at the start of `text`, which is not empty.
Rune DecodeRune(std::string_view text);

bool IsValidUtf8(std::string_view text);

// The longest prefix of at most `max_bytes` that does not end inside a character (of valid text).
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace weir::text
