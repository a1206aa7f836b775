#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/cache/tokenizer_file.h"

namespace weir::cache {

// A small tokenizer.json that is right; tests replace parts of it.
inline constexpr std::string_view kTokenizerJson =
    R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],)"
    R"("normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,)"
    R"("strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},)"
    R"("post_processor":null,"model":{"type":"WordPiece","unk_token":"[UNK]",)"
    R"("continuing_subword_prefix":"##","max_input_chars_per_word":10,)"
    R"("vocab":{"[UNK]":0,"a":1,"##b":2}}})";

// The sample with its first `from` replaced; `from` must be in it.
inline std::string TokenizerJsonWith(std::string_view from, std::string_view to) {
  std::string json(kTokenizerJson);
  return json.replace(json.find(from), from.size(), to);
}

// `pieces` behind [UNK], with ids from 1 up.
inline TokenizerFile TokenizerOf(const std::vector<std::string>& pieces) {
  TokenizerFile file{.pieces = {"[UNK]"}, .continuing_prefix = "##", .max_word_chars = 10};
  file.pieces.insert(file.pieces.end(), pieces.begin(), pieces.end());
  return file;
}

}  // namespace weir::cache
