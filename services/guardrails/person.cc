#include <algorithm>
#include <array>

#include "common/text/utf8.h"
#include "services/guardrails/characters.h"
#include "services/guardrails/person_names.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

constexpr size_t kLongestWord = 32;   // Folded.
constexpr size_t kLongestName = 100;  // Bytes of the text.
constexpr size_t kMostWords = 5;

// A word of a name. Apostrophes and hyphens belong to it where letters stand on both sides.
struct Word {
  size_t begin = 0, end = 0;
  std::array<char, kLongestWord> folded{};
  size_t folded_size = 0;
  bool is_capitalised = false;
  bool is_initial = false;  // "J."
  bool is_all_capitals = false;

  std::string_view text() const { return {folded.data(), folded_size}; }
  bool empty() const { return end == begin; }
};

// Bytes of the letter at `at`; 0: none is there.
size_t LetterAt(Reader& reader, size_t at) {
  if (reader.HasLetter(at)) return 1;
  return Reader::IsLatinLead(reader.At(at)) && reader.At(at + 1) != Reader::kEnd ? 2 : 0;
}

// A letter without its marks; 0: it has none of ASCII.
char BaseOf(Reader& reader, size_t at, size_t size) {
  if (size == 1) return text::ToLower(static_cast<char>(reader.At(at)));
  return BaseLetter(text::DecodeRune(reader.Read(at, size)).code_point);
}

bool IsUpperAt(Reader& reader, size_t at, size_t size) {
  if (size == 1) return text::IsUpper(static_cast<char>(reader.At(at)));
  const char32_t c = text::DecodeRune(reader.Read(at, size)).code_point;
  return Lowered(c) != c;
}

// "O'Brien", "Seo-yeon"; not the end of "Ann's".
bool JoinsLetters(Reader& reader, size_t at) {
  if (!reader.Has(at, '\'') && !reader.Has(at, '-')) return false;
  if (LetterAt(reader, at + 1) == 0) return false;
  return !(reader.Has(at, '\'') && reader.Has(at + 1, 's') && LetterAt(reader, at + 2) == 0);
}

Word WordAt(Reader& reader, size_t begin) {
  Word word{.begin = begin, .end = begin};
  while (word.end < begin + 2 * kLongestWord && word.folded_size < kLongestWord) {
    const size_t letter = LetterAt(reader, word.end);
    if (letter == 0 && !(word.end > begin && JoinsLetters(reader, word.end))) break;
    if (letter > 0) {
      const bool is_upper = IsUpperAt(reader, word.end, letter);
      if (word.end == begin) word.is_capitalised = word.is_all_capitals = is_upper;
      word.is_all_capitals = word.is_all_capitals && is_upper;
      const char base = BaseOf(reader, word.end, letter);
      if (base != 0) word.folded[word.folded_size++] = base;
    }
    word.end += std::max<size_t>(1, letter);
  }
  // What goes on with a digit or a letter of another script is no name.
  if (reader.HasDigit(word.end) || reader.Has(word.end, '_') || reader.Has(word.end, '@')) {
    return {.begin = begin, .end = begin};
  }
  if (word.folded_size == 1 && word.is_capitalised && reader.Has(word.end, '.')) {
    word.is_initial = true;
    word.is_all_capitals = false;
    ++word.end;
  }
  return word;
}

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 30> kParticles = {
    "van", "von", "de", "der", "den", "da",  "do",   "dos", "das", "del",
    "di",  "du",  "la", "le",  "ten", "ter", "zu",   "zum", "zur", "af",
    "av",  "al",  "el", "bin", "ibn", "ben", "bint", "e",   "y",   "st"};

// Words that begin with a capital and are none of a name.
constexpr std::array<std::string_view, 213> kNoNames = {
    "the",        "this",      "that",      "these",     "those",    "there",    "they",
    "then",       "than",      "what",      "when",      "where",    "which",    "who",
    "whom",       "whose",     "why",       "how",       "and",      "but",      "for",
    "not",        "nor",       "yet",       "you",       "your",     "our",      "his",
    "her",        "its",       "their",     "she",       "him",      "from",     "with",
    "without",    "about",     "after",     "before",    "between",  "into",     "over",
    "under",      "are",       "was",       "were",      "been",     "being",    "have",
    "has",        "had",       "does",      "did",       "can",      "could",    "would",
    "should",     "shall",     "must",      "please",    "thanks",   "thank",    "hello",
    "dear",       "hey",       "hi",        "yes",       "also",     "here",     "now",
    "write",      "create",    "make",      "give",      "tell",     "find",     "explain",
    "describe",   "summarize", "translate", "rewrite",   "list",     "show",     "send",
    "call",       "contact",   "email",     "phone",     "name",     "address",  "customer",
    "patient",    "client",    "user",      "assistant", "system",   "human",    "team",
    "sir",        "madam",     "everyone",  "all",       "both",     "friend",   "friends",
    "support",    "manager",   "director",  "engineer",  "teacher",  "student",  "doctor",
    "monday",     "tuesday",   "wednesday", "thursday",  "friday",   "saturday", "sunday",
    "january",    "february",  "march",     "april",     "may",      "june",     "july",
    "august",     "september", "october",   "november",  "december", "lane",     "drive",
    "court",      "plaza",     "square",    "bridge",    "park",     "card",     "cards",
    "passport",   "routing",   "account",   "transfer",  "invoice",  "order",    "visa",
    "mastercard", "iban",      "ssn",       "number",    "mr",       "mrs",      "ms",
    "miss",       "dr",        "prof",      "professor", "herr",     "frau",     "sra",
    "mme",        "mlle",      "signor",    "signora",   "capt",     "rev",      "hon",
    "new",        "north",     "south",     "east",      "west",     "great",    "saint",
    "san",        "santa",     "los",       "las",       "mount",    "lake",     "fort",
    "port",       "republic",  "my",        "mi",        "meu",      "mijn",     "moj",
    "mein",       "meine",     "mon",       "ma",        "mes",      "il",       "el",
    "la",         "le",        "der",       "die",       "das",      "ein",      "eine",
    "via",        "rue",       "calle",     "strasse",   "piazza",   "avenida",  "rua",
    "ulica",      "erklare",   "hong"};

// What is called after somebody: who reads on finds no person.
constexpr std::array<std::string_view, 69> kThings = {
    "street",   "road",      "avenue",     "ave",          "boulevard", "university", "college",
    "school",   "institute", "hospital",   "airport",      "station",   "award",      "prize",
    "theorem",  "inc",       "ltd",        "llc",          "gmbh",      "corp",       "corporation",
    "company",  "group",     "foundation", "bank",         "hotel",     "museum",     "library",
    "center",   "centre",    "church",     "river",        "city",      "county",     "island",
    "valley",   "hall",      "building",   "test",         "effect",    "method",     "disease",
    "syndrome", "algorithm", "airlines",   "airways",      "sa",        "ag",         "bv",
    "nv",       "kg",        "plc",        "co",           "traders",   "toys",       "industries",
    "systems",  "solutions", "services",   "technologies", "partners",  "associates", "media",
    "press",    "times",     "news",       "works",        "islands",   "shepherd"};

// A title and words that somebody says his name with.
constexpr std::array<std::string_view, 34> kTitles = {
    "mr",     "mrs",     "ms",     "miss",     "mx",      "dr",    "prof",   "professor", "doctor",
    "sir",    "madam",   "madame", "monsieur", "mme",     "mlle",  "herr",   "frau",      "senor",
    "senora", "sr",      "sra",    "signor",   "signora", "dott",  "dottor", "dona",      "pan",
    "pani",   "mevrouw", "meneer", "rev",      "capt",    "judge", "nurse"};
constexpr std::array<std::string_view, 27> kNaming = {
    "my name is", "name is",       "i am",        "i'm",       "me llamo",   "mi nombre es",
    "soy",        "je m'appelle",  "je suis",     "mi chiamo", "io sono",    "ich heisse",
    "ich bin",    "mein name ist", "meu nome e",  "me chamo",  "eu sou",     "mijn naam is",
    "ik ben",     "nazywam sie",   "mam na imie", "jag heter", "benim adim", "is called",
    "was named",  "named",         "calls me"};
// Words before which, and labels behind which people stand.
constexpr std::array<std::string_view, 40> kPeople = {
    "name",   "user",   "contact", "hi",        "hello",     "hey",       "hola",    "bonjour",
    "hallo",  "ciao",   "regards", "sincerely", "cheers",    "thanks",    "best",    "yours",
    "from",   "to",     "cc",      "bcc",       "sender",    "recipient", "author",  "signed",
    "frau",   "friend", "brother", "sister",    "husband",   "wife",      "son",     "daughter",
    "mother", "father", "boss",    "manager",   "candidate", "student",   "witness", "guest"};

// Behind these one that nobody knows is believed.
constexpr std::array<std::string_view, 21> kRoles = {
    "customer",    "client",      "patient",   "employee",  "attn",      "attention", "dear",
    "holder",      "beneficiary", "kundin",    "kunde",     "cliente",   "paciente",  "patientin",
    "mitarbeiter", "colleague",   "plaintiff", "defendant", "passenger", "applicant", "tenant"};
// Behind these the name is on a line of its own.
constexpr std::array<std::string_view, 6> kClosings = {"regards", "sincerely", "cheers",
                                                       "thanks",  "best",      "yours"};

// The end of what stands before, folded: letters, apostrophes, single blanks. What a cue's name can
// be written in or behind ("Name: ", "\"name\": \"") is left out.
class Before {
 public:
  explicit Before(std::string_view before) {
    for (; !before.empty() && IsMark(before.back()); before.remove_suffix(1)) {
      ends_sentence_ = ends_sentence_ || IsStop(before.back());
      is_label_ = is_label_ || before.back() == ':';
    }
    Fold(before);
  }
  // A stop, a comma or the end of a line lies between.
  bool ends_sentence() const { return ends_sentence_; }
  bool is_label() const { return is_label_; }
  // Ends with it, as whole words.
  bool EndsWith(std::string_view phrase) const {
    const std::string_view all(folded_.data(), size_);
    if (!all.ends_with(phrase)) return false;
    return all.size() == phrase.size() || all[all.size() - phrase.size() - 1] == ' ';
  }
  std::string_view LastWord() const {
    const std::string_view all(folded_.data(), size_);
    const size_t blank = all.rfind(' ');
    return blank == std::string_view::npos ? all : all.substr(blank + 1);
  }

 private:
  static bool IsMark(char c) {
    return text::IsSpace(c) || std::string_view("\"':=,.<>([*-").find(c) != std::string_view::npos;
  }
  static bool IsStop(char c) { return c == '.' || c == ',' || c == '\n'; }
  void Fold(std::string_view before) {
    while (!before.empty()) {
      const text::Rune rune = text::DecodeRune(before);
      before.remove_prefix(rune.size);
      char base = rune.code_point == '\'' ? '\'' : BaseLetter(rune.code_point);
      if (base == 0) base = ' ';
      if (base == ' ' && size_ > 0 && folded_[size_ - 1] == ' ') continue;
      folded_[size_++] = base;
    }
  }
  std::array<char, kContext> folded_{};
  size_t size_ = 0;
  bool ends_sentence_ = false;
  bool is_label_ = false;
};

enum class Cue : uint8_t { kNone, kPeople, kRole, kNaming, kTitle };

Cue CueOf(std::string_view before) {
  const Before folded(before);
  const std::string_view last = folded.LastWord();
  if (IsOneOf(kTitles, last)) return Cue::kTitle;
  if (IsOneOf(kClosings, last)) return Cue::kPeople;
  if (folded.ends_sentence()) return Cue::kNone;
  const auto ends = [&folded](std::string_view phrase) { return folded.EndsWith(phrase); };
  if (std::ranges::any_of(kNaming, ends)) return Cue::kNaming;
  if (IsOneOf(kRoles, last)) return Cue::kRole;
  if (last == "from" || last == "to") return folded.is_label() ? Cue::kPeople : Cue::kNone;
  return IsOneOf(kPeople, last) ? Cue::kPeople : Cue::kNone;
}

// Words that follow each other as those of a name do.
struct Run {
  std::array<Word, kMostWords> words;
  size_t size = 0;
  bool is_thing = false;

  size_t end() const { return words[size - 1].end; }
};

// After up to two particles and the blanks between: where a capitalised word begins; 0: none does.
size_t NextBegin(Reader& reader, size_t end) {
  size_t at = end;
  for (int particles = 0; particles <= 2; ++particles) {
    if (!reader.Has(at, ' ')) return 0;
    const Word word = WordAt(reader, at + 1);
    if (word.empty()) return 0;
    if (word.is_capitalised) return at + 1;
    if (!IsOneOf(kParticles, word.text())) return 0;
    at = word.end;
  }
  return 0;
}

Run RunAt(Reader& reader) {
  Run run;
  for (size_t at = 0; run.size < kMostWords && at < kLongestName;) {
    const Word word = WordAt(reader, at);
    if (word.empty() || !word.is_capitalised) break;
    if (IsOneOf(kThings, word.text())) run.is_thing = run.size > 0;
    if (IsOneOf(kThings, word.text()) || IsOneOf(kNoNames, word.text())) break;
    run.words[run.size++] = word;
    const size_t next = NextBegin(reader, word.end);
    if (next == 0) break;
    at = next;
  }
  return run;
}

// One of the words behind the first is known as a last name.
bool HasLastName(const Run& run, NameRank least) {
  for (size_t i = 1; i < run.size; ++i) {
    if (LastNameRank(run.words[i].text()) >= least) return true;
  }
  return false;
}

bool IsPerson(const Run& run, std::string_view before) {
  const Word& first = run.words[0];
  const NameRank rank = FirstNameRank(first.text());
  // What shouts is no name unless all of it is one.
  if (first.is_all_capitals) {
    return rank == NameRank::kKnown && HasLastName(run, NameRank::kKnown);
  }
  if (rank == NameRank::kKnown) return true;
  const bool has_last_name = HasLastName(run, NameRank::kDoubtful);
  if (has_last_name && (rank == NameRank::kDoubtful || first.is_initial)) return true;
  const Cue cue = CueOf(before);
  if (cue == Cue::kTitle) return !first.is_initial || run.size > 1;
  if (cue == Cue::kNaming) return true;
  if (cue == Cue::kNone) return false;
  if (rank == NameRank::kDoubtful || LastNameRank(first.text()) == NameRank::kKnown) return true;
  return has_last_name || (cue == Cue::kRole && run.size > 1);
}

}  // namespace

Recognition RecognisePerson(Reader& reader, std::string_view before) {
  const Run run = RunAt(reader);
  if (run.size == 0 || run.is_thing) return {};
  if (run.words[0].folded_size < 2 && !run.words[0].is_initial) return {};
  if (!IsPerson(run, before)) return {};
  return {.length = run.end()};
}

}  // namespace weir::guardrails
