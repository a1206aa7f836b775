#pragma once

#include <absl/functional/function_ref.h>

#include <string_view>

namespace weir::cache {

// What is done to a text before it is split; the names and the meaning of BertNormalizer.
struct NormalizerOptions {
  bool clean_text = true;            // Drops control characters and U+FFFD.
  bool handle_chinese_chars = true;  // Makes each Chinese character a word.
  bool strip_accents = true;         // Takes letters apart from their accents, and drops these.
  bool lowercase = true;
};

// Splits texts into words as BERT does: at white space, and each punctuation character is a word.
// Thread-safe.
class WordSplitter {
 public:
  // Is given a word, never empty, which lives as long as the call. False: wants no more.
  using Sink = absl::FunctionRef<bool(std::string_view word)>;

  explicit WordSplitter(NormalizerOptions options) : options_(options) {}

  // `text` may be any bytes: what is not UTF-8 is read as U+FFFD, a byte each. Words are UTF-8.
  void Split(std::string_view text, Sink sink) const;

 private:
  const NormalizerOptions options_;
};

}  // namespace weir::cache
