#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "services/cache/word_splitter.h"

namespace weir::cache {

// What a tokenizer.json (Hugging Face's format) says, as far as it is a BERT tokenizer.
struct TokenizerFile {
  NormalizerOptions normalizer;
  std::vector<std::string> pieces;  // By id; all of them differ, and none is empty.
  uint32_t unknown = 0;             // The id of a word that cannot be put together.
  std::string continuing_prefix;    // What pieces begin with that do not begin a word: "##".
  size_t max_word_chars = 0;        // A longer word is unknown. In characters, not bytes.
};

// Reads a WordPiece model behind BertNormalizer and BertPreTokenizer; a file that pads, truncates
// or adds tokens around a text is refused, since a sum of rows would take those for the text's own.
// Its added tokens ("[PAD]") are not looked for in texts: there they are what somebody wrote.
//
// kInvalidArgument: any other file; the message names the field, what it has, and what is wanted.
absl::StatusOr<TokenizerFile> ParseTokenizerFile(std::string_view json);

}  // namespace weir::cache
