// Any bytes are a tokenizer file or a fault, and any bytes are a text: never a crash, nor minutes.
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "services/cache/tokenizer_file.h"
#include "services/cache/word_pieces.h"

namespace weir::cache {
namespace {

// One whose pieces are met by chance.
constexpr std::string_view kFile = R"({"version":"1.0","truncation":null,"padding":null,
  "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
                "strip_accents":null,"lowercase":true},
  "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,
  "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
           "max_input_chars_per_word":100,
           "vocab":{"[UNK]":0,"a":1,"##a":2,"ab":3,"##b":4,"#":5,"你":6,"e":7,"##é":8,"1":9}}})";

void Tokenize(const WordPieces& pieces, std::string_view text) {
  TokenIds ids;
  pieces.Tokenize(text, ids);
  for (const uint32_t id : ids.all()) {
    if (id >= pieces.vocabulary_size()) std::abort();
  }
}

// The same file under each of the options.
std::vector<std::unique_ptr<WordPieces>> UnderAllOptions() {
  TokenizerFile file = ParseTokenizerFile(kFile).value();
  std::vector<std::unique_ptr<WordPieces>> all;
  for (int options = 0; options < 16; ++options) {
    file.normalizer = {.clean_text = (options & 1) != 0,
                       .handle_chinese_chars = (options & 2) != 0,
                       .strip_accents = (options & 4) != 0,
                       .lowercase = (options & 8) != 0};
    all.push_back(std::make_unique<WordPieces>(file));
  }
  return all;
}

}  // namespace
}  // namespace weir::cache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::cache;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const auto kKnown = UnderAllOptions();
  for (const auto& each : kKnown) Tokenize(*each, input);
  const absl::StatusOr<TokenizerFile> file = ParseTokenizerFile(input);
  if (file.ok()) Tokenize(WordPieces(*file), input);
  return 0;
}
