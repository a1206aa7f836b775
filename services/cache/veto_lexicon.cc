#include "services/cache/veto_lexicon.h"

#include <functional>

#include "common/text/ascii.h"
#include "services/cache/stem.h"
#include "services/cache/veto_words.h"
#include "services/cache/word_list.h"

namespace weir::cache {
namespace {

// Those of tables are small numbers.
constexpr Concept kUnlisted = 1U << 31;

uint64_t PairOf(Concept one, Concept other) { return uint64_t{one} << 32 | other; }

const Meaning* FindIn(const std::unordered_map<std::string, Meaning>& table,
                      const std::string& key) {
  const auto at = table.find(key);
  return at == table.end() ? nullptr : &at->second;
}

}  // namespace

std::string StemOfPhrase(std::string_view phrase) {
  if (phrase.find('_') == std::string_view::npos) return Stem(phrase);
  std::string stems;
  for (const std::string_view word : text::Split(phrase, '_')) {
    if (!stems.empty()) stems += '_';
    stems += Stem(word);
  }
  return stems;
}

const VetoLexicon& VetoLexicon::Get() {
  static const VetoLexicon* const lexicon = new VetoLexicon;  // Lives as long as the process.
  return *lexicon;
}

VetoLexicon::VetoLexicon() {
  using enum WordClass;
  const auto add = [this](WordClass word_class, std::string_view groups) {
    for (const std::string_view group : text::Split(groups, ',')) AddGroup(word_class, group);
  };
  add(kNegation, veto_words::Negations());
  add(kBound, veto_words::Bounds());
  add(kQuantifier, veto_words::Quantifiers());
  add(kUnit, veto_words::Units());
  add(kLanguage, veto_words::Languages());
  add(kSequence, veto_words::Sequences());
  add(kTime, veto_words::Times());
  add(kDegree, veto_words::Degrees());
  add(kContent, veto_words::Synonyms());
  for (const std::string_view word : WordList(veto_words::Fillers())) {
    AddWord(word, {.word_class = kFiller, .concept_id = 0});
  }
  for (const std::string_view pair : WordList(veto_words::Opposites())) AddOpposites(pair);
}

void VetoLexicon::AddGroup(WordClass word_class, std::string_view group) {
  const std::vector<std::string_view> words = WordList(group);
  const Concept concept_id = Named(text::ToLower(words.front()));
  for (const std::string_view word : words) {
    AddWord(word, {.word_class = word_class, .concept_id = concept_id});
  }
}

void VetoLexicon::AddWord(std::string_view word, Meaning meaning) {
  const std::string lower = text::ToLower(word);
  if (lower != word) {
    capitals_.try_emplace(lower, meaning);
    return;
  }
  words_.try_emplace(lower, meaning);
  stems_.try_emplace(StemOfPhrase(lower), meaning);
  if (const size_t end = lower.find('_'); end != std::string::npos) {
    phrase_stems_.insert(Stem(lower.substr(0, end)));
  }
}

void VetoLexicon::AddOpposites(std::string_view pair) {
  const size_t slash = pair.find('/');
  const Concept one = Named(pair.substr(0, slash));
  const Concept other = Named(pair.substr(slash + 1));
  AddWord(pair.substr(0, slash), {.concept_id = one});
  AddWord(pair.substr(slash + 1), {.concept_id = other});
  opposed_.insert(PairOf(one, other));
  opposed_.insert(PairOf(other, one));
}

Concept VetoLexicon::Named(std::string_view name) {
  return names_.try_emplace(std::string(name), static_cast<Concept>(names_.size() + 1))
      .first->second;
}

const Meaning* VetoLexicon::FindWord(const std::string& word, bool capital) const {
  const Meaning* found = capital ? FindIn(capitals_, word) : nullptr;
  return found ? found : FindIn(words_, word);
}

const Meaning* VetoLexicon::Find(const std::string& phrase, bool capital) const {
  const Meaning* found = FindWord(phrase, capital);
  return found ? found : FindIn(stems_, StemOfPhrase(phrase));
}

Concept VetoLexicon::ConceptOf(std::string_view stem) {
  return static_cast<Concept>(std::hash<std::string_view>()(stem)) | kUnlisted;
}

bool VetoLexicon::AreOpposed(Concept one, Concept other) const {
  return opposed_.contains(PairOf(one, other));
}

}  // namespace weir::cache
