#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cache {

// A word of a text as the veto sees it.
struct Token {
  enum class Kind : uint8_t {
    kWord,    // Letters, and what is not ASCII.
    kNumber,  // Begins with a digit and has no letters: 1,299.00, 10:30, 1.2.3.
    kCode,    // What prose does not have: snake_case, camelCase, a/path, file.txt, 2fa.
  };

  Kind kind = Kind::kWord;
  std::string text;  // In lower case; a number without the commas between thousands.
  bool capital = false;
  bool begins_sentence = false;
  bool hyphen_follows = false;  // And the next token after it.
  bool quoted = false;          // Between quotation marks of whatever form.
  char sign = 0;                // '$' and alike before a number, '%' after it.
};

// The tokens of `text` in their order. Any bytes will do: what is not UTF-8 is taken as letters.
std::vector<Token> Tokenise(std::string_view text);

}  // namespace weir::cache
