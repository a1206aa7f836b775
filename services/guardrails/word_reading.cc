#include "services/guardrails/word_reading.h"

#include <algorithm>
#include <array>

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/guardrails/characters.h"

namespace weir::guardrails {
namespace {

// So many letters stand alone one after another where somebody writes letter by letter.
constexpr size_t kLettersInARow = 4;

// What a digit or a sign is drawn as. "1" is both an i and an l.
char LetterOf(char c, bool one_is_l) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
    case '|':
      return one_is_l ? 'l' : 'i';
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '7':
      return 't';
    default:
      return c;
  }
}

class WordReader {
 public:
  WordReader(std::string_view text, WordTest is_known) : text_(text), is_known_(is_known) {}

  std::vector<ReadWord> Run() {
    while (at_ < text_.size()) {
      if (!TakeWord()) TakeMark();
    }
    JoinLetters(words_.size());
    return std::move(words_);
  }

 private:
  // A letter, digit or apostrophe between letters; where it ends. 0: none is there.
  size_t PartOfWord(size_t at, ReadWord& word) const {
    const char c = text_[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      if (!text::IsAlnum(c) && !IsInnerMark(at, word)) return 0;
      Append(text::ToLower(c), word);
      return 1;
    }
    const text::Rune rune = text::DecodeRune(text_.substr(at));
    if (rune.kind != text::Rune::Kind::kValid || !IsWordCharacter(rune.code_point)) return 0;
    if (const char base = BaseLetter(rune.code_point)) {
      Append(base, word);
    } else if (!IsMark(rune.code_point) || rune.code_point > 0x36f) {
      folded_.clear();
      AppendUtf8(Lowered(rune.code_point), folded_);
      for (const char each : folded_) Append(each, word);
    }
    return rune.size;
  }
  // "don't", "delete_user"; "h@ck", "pa$$word".
  bool IsInnerMark(size_t at, const ReadWord& word) const {
    const char c = text_[at];
    if (c != '\'' && c != '_' && c != '@' && c != '$') return false;
    return word.size > 0 && at + 1 < text_.size() && text::IsAlnum(text_[at + 1]);
  }
  static void Append(char c, ReadWord& word) {
    if (c != '\'' && word.size < ReadWord::kMostLetters) word.letters[word.size++] = c;
  }

  bool TakeWord() {
    ReadWord word{.offset = static_cast<uint32_t>(at_)};
    size_t end = at_;
    while (end < text_.size()) {
      const size_t size = PartOfWord(end, word);
      if (size == 0) break;
      end += size;
    }
    if (end == at_) return false;
    word.length = static_cast<uint32_t>(end - at_);
    at_ = end;
    if (word.size == 0) return true;
    ReadLookAlikes(word);
    ReadLeet(word);
    word.begins_sentence = std::exchange(sentence_ended_, false);
    word.is_quoted = in_quotes_;
    if (word.size > 1) JoinLetters(words_.size());
    words_.push_back(word);
    if (word.size > 1) first_single_ = words_.size();
    return true;
  }

  // A word of Latin letters and such as look like them, or that is known if they are taken for
  // them.
  void ReadLookAlikes(ReadWord& word) const {
    if (IsAscii(word.text())) return;
    ReadWord latin = word;
    latin.size = 0;
    bool has_latin = false;
    for (std::string_view rest = word.text(); !rest.empty();) {
      const text::Rune rune = text::DecodeRune(rest);
      const char looks = rune.size == 1 ? rest[0] : LatinLookAlike(rune.code_point);
      if (looks == 0) return;
      has_latin = has_latin || rune.size == 1;
      Append(text::ToLower(looks), latin);
      rest.remove_prefix(rune.size);
    }
    if (has_latin || is_known_(latin.text())) word = latin;
  }

  void ReadLeet(ReadWord& word) const {
    const auto has = [&word](auto is) { return std::ranges::any_of(word.text(), is); };
    const auto is_drawn = [](char c) { return LetterOf(c, false) != c; };
    if (!has(is_drawn) || word.size < 2) return;
    if (!has([](char c) { return text::IsLower(c); }) && word.size > 3) return;
    for (const bool one_is_l : {false, true}) {
      ReadWord read = word;
      for (size_t i = 0; i < read.size; ++i) read.letters[i] = LetterOf(read.letters[i], one_is_l);
      if (!is_known_(read.text())) continue;
      word.letters = read.letters;
      return;
    }
  }

  void TakeMark() {
    const char c = text_[at_];
    const bool before_blank = at_ + 1 >= text_.size() || text::IsSpace(text_[at_ + 1]);
    if ((c == '.' || c == '!' || c == '?') && before_blank) sentence_ended_ = true;
    if (c == '\n' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') sentence_ended_ = true;
    if (c == '"' || c == '`') in_quotes_ = !in_quotes_;
    if (c == '\n') in_quotes_ = false;
    const text::Rune rune = text::DecodeRune(text_.substr(at_));
    if (rune.code_point == 0x201c || rune.code_point == 0xab) in_quotes_ = true;
    if (rune.code_point == 0x201d || rune.code_point == 0xbb) in_quotes_ = false;
    if (rune.code_point == 0x3002) sentence_ended_ = true;
    at_ += rune.size;
  }

  // Puts the words of one letter from first_single_ to `end` together.
  void JoinLetters(size_t end) {
    const size_t begin = std::min(first_single_, end);
    if (end - begin < kLettersInARow) return;
    std::vector<ReadWord> letters(words_.begin() + static_cast<ptrdiff_t>(begin),
                                  words_.begin() + static_cast<ptrdiff_t>(end));
    words_.resize(begin);
    for (size_t i = 0; i < letters.size();) i += TakeJoined(letters, i);
    first_single_ = words_.size();
  }

  // Letters with a dot between are one word; the others are cut by the words that are known.
  size_t TakeJoined(const std::vector<ReadWord>& letters, size_t from) {
    ReadWord word = letters[from];
    size_t dotted = 1;
    while (from + dotted < letters.size() && IsDotBetween(letters, from + dotted) &&
           dotted < ReadWord::kMostLetters) {
      ++dotted;
    }
    size_t taken = dotted;
    if (dotted == 1) taken = LongestKnown(letters, from);
    for (size_t i = 1; i < taken; ++i) Append(letters[from + i].letters[0], word);
    word.length = letters[from + taken - 1].offset + letters[from + taken - 1].length - word.offset;
    ReadLeet(word);
    words_.push_back(word);
    return taken;
  }
  bool IsDotBetween(const std::vector<ReadWord>& letters, size_t i) const {
    const size_t end = letters[i - 1].offset + letters[i - 1].length;
    if (letters[i].offset != end + 1) return false;
    return !text::IsSpace(text_[end]);
  }
  size_t LongestKnown(const std::vector<ReadWord>& letters, size_t from) const {
    std::array<char, ReadWord::kMostLetters> joined;
    const size_t most = std::min(letters.size() - from, ReadWord::kMostLetters);
    size_t longest = 1;
    for (size_t i = 0; i < most; ++i) {
      joined[i] = LetterOf(letters[from + i].letters[0], false);
      if (i > 0 && is_known_({joined.data(), i + 1})) longest = i + 1;
    }
    return longest;
  }

  const std::string_view text_;
  const WordTest is_known_;
  size_t at_ = 0;
  std::vector<ReadWord> words_;
  size_t first_single_ = 0;  // From here on all words have one letter.
  bool sentence_ended_ = true;
  bool in_quotes_ = false;
  mutable std::string folded_;
};

}  // namespace

std::vector<ReadWord> ReadWords(std::string_view read, WordTest is_known) {
  return WordReader(read, is_known).Run();
}

}  // namespace weir::guardrails
