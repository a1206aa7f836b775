#include "services/cache/wording.h"

#include <algorithm>
#include <array>
#include <span>

#include "services/cache/question.h"
#include "services/cache/sorted_set.h"
#include "services/cache/stem.h"

namespace weir::cache {
namespace {

// How far a particle may be from its verb: "turn the dark mode off".
constexpr size_t kParticleReach = 5;

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr auto kSymmetricWords = std::to_array<std::string_view>(
    {"between", "or",         "compare",      "comparing", "comparison", "compared", "differ",
     "differs", "difference", "differences",  "differing", "different",  "versus",   "vs",
     "similar", "similarity", "similarities", "same",      "equal",      "equals",   "both"});
constexpr auto kFromWords = std::to_array<std::string_view>(
    {"from", "leaves", "leave", "leaving", "departs", "depart", "departing"});
constexpr auto kToWords = std::to_array<std::string_view>(
    {"to", "into", "arrives", "arrive", "arriving", "lands", "land", "landing", "towards"});
constexpr auto kNegatedWords = std::to_array<std::string_view>({"can't", "won't"});

bool IsContraction(std::string_view word) {
  return word.ends_with("n't") || IsOneOf(word, kNegatedWords);
}

class Reader {
 public:
  explicit Reader(std::vector<Token> tokens) { wording_.tokens = std::move(tokens); }

  Wording Read() {
    used_.resize(Tokens().size());
    for (Token& token : wording_.tokens) DropPossessive(token);
    const bool title_case = IsTitleCase();
    for (size_t at = 0; at < Tokens().size(); ++at) AddSpelling(Tokens()[at], title_case);
    for (size_t at = 0; at < Tokens().size();) at += used_[at] ? 1 : Take(at);
    for (size_t at = 0; at < Tokens().size(); ++at) AddAsked(at);
    Finish();
    return std::move(wording_);
  }

 private:
  std::span<const Token> Tokens() const { return wording_.tokens; }
  const std::string* Word(size_t at) const {
    return at < Tokens().size() ? &Tokens()[at].text : nullptr;
  }
  bool IsWord(size_t at, std::string_view word) const { return Word(at) && *Word(at) == word; }

  // "Kenya's" is Kenya, and a name wherever it stands; "what's" is a word of its own.
  void DropPossessive(Token& token) {
    if (!token.text.ends_with("'s") || lexicon_.Find(token.text, false)) return;
    token.text.resize(token.text.size() - 2);
    token.begins_sentence = false;
  }

  // Capitals tell nothing where most words have them; the first word has one anyway.
  bool IsTitleCase() const {
    if (Tokens().size() < 5) return false;
    const std::span<const Token> rest = Tokens().subspan(1);
    const auto words = std::ranges::count(rest, Token::Kind::kWord, &Token::kind);
    const auto capitals = std::ranges::count_if(
        rest, [](const Token& each) { return each.kind == Token::Kind::kWord && each.capital; });
    return words >= 4 && capitals * 4 >= words * 3;
  }

  void AddSpelling(const Token& token, bool title_case) {
    wording_.words.push_back(token.text);
    if (token.kind == Token::Kind::kCode && OrdinalOf(token.text).empty()) {
      if (!ReadNumberAt({&token, 1})) wording_.code.push_back(token.text);
    }
    if (token.quoted) wording_.quoted.push_back(token.text);
    if (IsOneOf(token.text, kSymmetricWords)) wording_.symmetric = true;
    const Meaning* meaning = lexicon_.FindWord(token.text, token.capital);
    const bool plain = meaning && meaning->word_class != WordClass::kContent;
    if (token.kind == Token::Kind::kWord && token.capital && !token.begins_sentence &&
        !title_case && !plain) {
      wording_.names.push_back(token.text);
    }
  }

  // Reads what begins at `at`; how many tokens it takes.
  size_t Take(size_t at) {
    if (const size_t taken = TakeNumber(at)) return taken;
    if (const size_t taken = TakePhrase(at)) return taken;
    TakeUnknown(at);
    return 1;
  }

  size_t TakeNumber(size_t at) {
    if (const std::string_view ordinal = OrdinalOf(Tokens()[at].text); !ordinal.empty()) {
      wording_.ordinals.emplace_back(ordinal);
      return Tokens()[at].text == "first" ? 0 : 1;
    }
    const std::optional<ReadNumber> number = ReadNumberAt(Tokens().subspan(at));
    if (!number) return 0;
    if (number->may_be_one && number->quantity.unit == 0) {
      ++wording_.perhaps_ones;
    } else {
      wording_.quantities.push_back(number->quantity);
    }
    return number->tokens;
  }

  size_t TakePhrase(size_t at) {
    const size_t left = std::min(VetoLexicon::kLongestPhrase, Tokens().size() - at);
    const bool begins_phrase = lexicon_.BeginsPhrase(Stem(*Word(at)));
    for (size_t words = begins_phrase ? left : 1; words > 0; --words) {
      const std::string phrase = Phrase(at, words);
      const Meaning* meaning = begins_phrase ? BeforeNumber(phrase, at + words) : nullptr;
      const Token& token = Tokens()[at];
      if (!meaning) meaning = lexicon_.Find(phrase, token.capital && !token.begins_sentence);
      if (!meaning) continue;
      Add(at, phrase, *meaning);
      return words;
    }
    return 0;
  }

  // What is a bound only there: "over 9".
  const Meaning* BeforeNumber(const std::string& phrase, size_t next) const {
    if (next >= Tokens().size()) return nullptr;
    const Meaning* meaning = lexicon_.Find(phrase + "_number", false);
    return meaning && ReadNumberAt(Tokens().subspan(next)) ? meaning : nullptr;
  }

  std::string Phrase(size_t at, size_t words) const {
    std::string phrase = *Word(at);
    for (size_t i = 1; i < words; ++i) phrase += "_" + *Word(at + i);
    return phrase;
  }

  void TakeUnknown(size_t at) {
    const std::string& word = *Word(at);
    if (IsContraction(word)) {
      ++wording_.negations;
      return;
    }
    const std::string stem = Stem(word);
    if ((stem == "turn" || stem == "switch") && TakeParticle(at)) return;
    Add(at, word, {.concept_id = VetoLexicon::ConceptOf(stem)});
  }

  // "turn it off" is "turn off it".
  bool TakeParticle(size_t at) {
    const size_t end = std::min(Tokens().size(), at + kParticleReach);
    for (size_t i = at + 1; i < end; ++i) {
      if (!IsWord(i, "on") && !IsWord(i, "off")) continue;
      const std::string phrase = "turn_" + *Word(i);
      used_[i] = true;
      Add(at, phrase, *lexicon_.Find(phrase, false));
      return true;
    }
    return false;
  }

  void Add(size_t at, const std::string& text, const Meaning& meaning) {
    NoteRole(at);
    if (meaning.word_class == WordClass::kNegation) ++wording_.negations;
    if (meaning.word_class == WordClass::kFiller || meaning.word_class == WordClass::kNegation) {
      return;
    }
    FillRole(at, meaning);
    wording_.terms.push_back({meaning.concept_id, meaning.word_class, text});
  }

  void NoteRole(size_t at) {
    if (IsOneOf(*Word(at), kFromWords)) pending_ = &wording_.from;
    if (IsOneOf(*Word(at), kToWords)) pending_ = &wording_.to;
  }

  // The next thing after "from" or "to" is where; "leaves", itself a term, is not.
  void FillRole(size_t at, const Meaning& meaning) {
    if (!pending_ || IsOneOf(*Word(at), kFromWords) || IsOneOf(*Word(at), kToWords)) return;
    *pending_ = meaning.concept_id;
    pending_ = nullptr;
  }

  void AddAsked(size_t at) {
    if (IsWord(at, "how") && (IsWord(at + 1, "many") || IsWord(at + 1, "much"))) {
      wording_.asked = Asked::kAmount;
    }
    if (IsWord(at, "number") && IsWord(at + 1, "of")) wording_.asked = Asked::kAmount;
    if (!Tokens()[at].begins_sentence || wording_.asked != Asked::kAnything) return;
    if (IsWord(at, "who") || IsWord(at, "whom")) wording_.asked = Asked::kPerson;
    if (IsWord(at, "when")) wording_.asked = Asked::kTime;
    if (IsWord(at, "how") && (IsWord(at + 1, "long") || IsWord(at + 1, "soon"))) {
      wording_.asked = Asked::kTime;
    }
    if (IsWord(at, "where")) wording_.asked = Asked::kPlace;
    if (IsWord(at, "why")) wording_.asked = Asked::kReason;
  }

  void Finish() {
    MakeSet(wording_.words);
    for (const Term& term : wording_.terms) wording_.concepts.push_back(term.concept_id);
    MakeSet(wording_.concepts);
    std::ranges::sort(wording_.quantities);
    std::ranges::sort(wording_.ordinals);
  }

  const VetoLexicon& lexicon_ = VetoLexicon::Get();
  Wording wording_;
  std::vector<bool> used_;
  std::optional<Concept>* pending_ = nullptr;  // The role that the next term has.
};

}  // namespace

Wording ReadWording(std::string_view text) {
  if (text.size() > kMaxQuestionBytes) {
    Wording wording;
    wording.too_long = true;
    return wording;
  }
  return ReadWording(Tokenise(text));
}

Wording ReadWording(std::vector<Token> tokens) { return Reader(std::move(tokens)).Read(); }

}  // namespace weir::cache
