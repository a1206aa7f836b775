#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace weir::cache {

// What a word is to the veto.
enum class WordClass : uint8_t {
  kContent,
  kFiller,
  kNegation,
  kBound,
  kQuantifier,
  kUnit,
  kLanguage,
  kSequence,
  kTime,
  kDegree,
};

// Words of one concept mean the same here.
using Concept = uint32_t;

struct Meaning {
  WordClass word_class = WordClass::kContent;
  Concept concept_id = 0;
};

// The tables of veto_words.h, ready to be looked up. Immutable.
class VetoLexicon {
 public:
  static const VetoLexicon& Get();

  // The words of a phrase, at most.
  static constexpr size_t kLongestPhrase = 3;

  // Nothing where no table has it. `phrase` is in lower case, with underscores for spaces;
  // `capital` opens entries that are common words otherwise ("Rust", "May").
  const Meaning* Find(const std::string& phrase, bool capital) const;

  // The same of a word with just this ending: France is no franc.
  const Meaning* FindWord(const std::string& word, bool capital) const;

  // A phrase of several words begins with one of this stem.
  bool BeginsPhrase(const std::string& stem) const { return phrase_stems_.contains(stem); }

  // The concept of a word that no table has.
  static Concept ConceptOf(std::string_view stem);

  bool AreOpposed(Concept one, Concept other) const;

 private:
  VetoLexicon();
  void AddGroup(WordClass word_class, std::string_view group);
  void AddWord(std::string_view word, Meaning meaning);
  void AddOpposites(std::string_view pair);
  Concept Named(std::string_view name);

  std::unordered_map<std::string, Meaning> words_;
  std::unordered_map<std::string, Meaning> stems_;
  std::unordered_map<std::string, Meaning> capitals_;
  std::unordered_set<std::string> phrase_stems_;
  std::unordered_map<std::string, Concept> names_;
  std::unordered_set<uint64_t> opposed_;
};

// "turning_off" -> "turn_off".
std::string StemOfPhrase(std::string_view phrase);

}  // namespace weir::cache
