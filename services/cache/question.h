#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/cache/feature_lexicon.h"
#include "services/cache/stem_weights.h"

namespace weir::cache {

// What is longer is compared by equality alone. The veto reads texts of so many bytes; the features
// are held against one another word by word, hence a bound of their own.
inline constexpr size_t kMaxQuestionBytes = 8 << 10;
inline constexpr size_t kMaxQuestionWords = 512;

// All that the features of a pair need of one text, whatever it is compared with. About 1 KiB for a
// text of 15 words, so it can lie beside a cache entry.
//
// Words are 32-bit hashes that hold within one process only: keep it in memory, compute it again
// from the text after a restart. Sets are ascending.
struct Question {
  struct Content {
    uint32_t hash;
    std::string stem;
    double weight;
  };

  bool too_long = false;  // Nothing else is filled in.
  uint32_t words = 0;
  std::vector<uint32_t> word_set;
  std::vector<uint32_t> stems;         // As they come.
  std::vector<uint32_t> sorted_stems;  // With repetitions.
  std::vector<uint32_t> bigrams;       // Set of pairs of stems.
  std::vector<uint32_t> trigrams;      // Set of three characters each, of the words.
  std::vector<uint32_t> stop_words;    // Set.
  std::vector<uint32_t> numbers;       // Digits and words alike, with repetitions.
  std::vector<uint32_t> units;         // Set.
  std::vector<uint32_t> names;         // Set: what is capitalised, quoted or written like code.
  std::vector<features::OppositeId> opposites;  // Set.
  std::vector<Content> content;                 // By hash, once each: the stems that tell a topic.
  double content_weight = 0;
  int negations = 0;
  int question_class = 0;
};

// Pure. Linear in the text, but for the sorting of its words.
Question ReadQuestion(std::string_view text, const StemWeights& weights);

// The set of three characters each of `text`, ascending; two characters have none.
std::vector<uint32_t> Trigrams(std::string_view text);

}  // namespace weir::cache
