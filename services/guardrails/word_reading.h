#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "services/guardrails/normalised_text.h"

namespace weir::guardrails {

// Letters go into it one by one; every prefix of a word has a hash by it.
class WordHash {
 public:
  constexpr void Add(char c) { hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL; }
  constexpr uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325ULL;
};
constexpr uint64_t HashOfWord(std::string_view folded) {
  WordHash hash;
  for (const char each : folded) hash.Add(each);
  return hash.value();
}

// A word of a text, folded: letters in lower case, Latin ones without their marks.
struct ReadWord {
  static constexpr size_t kMostLetters = 24;  // Bytes that are kept of it.
  uint32_t offset = 0;                        // In the text that was read.
  uint32_t length = 0;
  uint8_t size = 0;
  std::array<char, kMostLetters> letters{};
  bool begins_sentence = false;
  bool is_quoted = false;

  std::string_view text() const { return {letters.data(), size}; }
};

// The words of a text. What is written letter by letter ("i g n o r e", "i.g.n.o.r.e") is put
// together, and cut into words that `is_known` where it has no blanks of its own; digits within
// letters are read as the letters that they are drawn as where that gives a word that `is_known`.
using WordTest = bool (*)(std::string_view folded);
std::vector<ReadWord> ReadWords(std::string_view read, WordTest is_known);

}  // namespace weir::guardrails
