#include "services/cache/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text/ascii.h"

namespace weir::cache {
namespace {

using text::IsAlnum;
using text::IsDigit;
using text::IsLower;
using text::IsUpper;

bool IsHigh(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool IsLetter(char c) { return IsLower(c) || IsUpper(c) || IsHigh(c); }
bool IsPart(char c) { return IsAlnum(c) || IsHigh(c) || c == '_'; }

// Typographic marks become those of ASCII, so that what follows knows one form of each.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kMarks = {
    {{"\u2018", "'"},
     {"\u2019", "'"},
     {"\u201c", "\""},
     {"\u201d", "\""},
     {"\u00ab", "\""},
     {"\u00bb", "\""},
     {"\u2010", "-"},
     {"\u2011", "-"},
     {"\u2013", " - "},
     {"\u2014", " - "},
     {"\u2026", ". "},
     {"\u00a0", " "},
     {"\u202f", " "},
     {"\u20ac", "$"},
     {"\u00a3", "$"},
     {"\u00a5", "$"}}};

std::string WithAsciiMarks(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const auto mark =
        !IsHigh(text[0]) ? kMarks.end() : std::ranges::find_if(kMarks, [&](const auto& each) {
          return text.starts_with(each.first);
        });
    plain += mark == kMarks.end() ? text.substr(0, 1) : mark->second;
    text.remove_prefix(mark == kMarks.end() ? 1 : mark->first.size());
  }
  return plain;
}

// Latin letters with an accent have their capitals 0x20 below.
std::string Lower(std::string_view word) {
  std::string lower = text::ToLower(word);
  for (size_t i = 1; i < lower.size(); ++i) {
    const auto c = static_cast<unsigned char>(lower[i]);
    if (lower[i - 1] == '\xC3' && c >= 0x80 && c <= 0x9E && c != 0x97) lower[i] |= 0x20;
  }
  return lower;
}

bool IsCapital(std::string_view word) {
  return IsUpper(word[0]) ||
         (word.size() > 1 && word[0] == '\xC3' && static_cast<unsigned char>(word[1]) <= 0x9E);
}

class Tokeniser {
 public:
  explicit Tokeniser(std::string text) : text_(std::move(text)) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) {
      if (IsPart(text_[at_])) {
        TakeToken();
      } else {
        TakeMark();
      }
    }
    return std::move(tokens_);
  }

 private:
  char Next(size_t at) const { return at < text_.size() ? text_[at] : ' '; }
  char Before(size_t at) const { return at > 0 ? text_[at - 1] : ' '; }

  // A mark that holds a token together where more of it follows.
  bool Joins(size_t at) const {
    const char c = text_[at];
    const char next = Next(at + 1);
    if (c == '\'') return IsLetter(Before(at)) && IsLetter(next);
    if (c == ',') return IsDigit(Before(at)) && IsDigit(next) && IsDigit(Next(at + 3));
    if (c == ':') return (IsDigit(Before(at)) && IsDigit(next)) || next == ':' || Before(at) == ':';
    return (c == '.' || c == '/' || c == '@') && IsPart(next);
  }

  size_t End() const {
    size_t end = at_;
    while (end < text_.size() && (IsPart(text_[end]) || Joins(end))) ++end;
    // c++, c#, f#.
    if (IsLetter(text_[at_]) && end - at_ == 1) {
      while (Next(end) == '+' || Next(end) == '#') ++end;
    }
    return end;
  }

  void TakeToken() {
    const size_t end = End();
    const std::string_view word = std::string_view(text_).substr(at_, end - at_);
    if (IsSlashedProse(word)) {
      AddToken(word.substr(0, word.find('/')));
      at_ += word.find('/');
      return;
    }
    AddToken(word);
    at_ = end;
    tokens_.back().hyphen_follows = Next(end) == '-' && IsPart(Next(end + 1));
    JoinLetterAndNumber();
  }

  // "W-2" and "F-16" are names, as "W2" is.
  void JoinLetterAndNumber() {
    if (tokens_.size() < 2 || tokens_.back().kind != Token::Kind::kNumber) return;
    Token& letter = tokens_[tokens_.size() - 2];
    if (!letter.hyphen_follows || letter.text.size() != 1 || !IsLetter(letter.text[0])) return;
    letter.text += tokens_.back().text;
    letter.kind = Token::Kind::kCode;
    letter.hyphen_follows = tokens_.back().hyphen_follows;
    tokens_.pop_back();
  }

  // "and/or" is two words; "/etc/hosts", "a/path.txt" and "a/b/c" are one.
  bool IsSlashedProse(std::string_view word) const {
    return std::ranges::count(word, '/') == 1 && Before(at_) != '/' &&
           std::ranges::all_of(word, [](char c) { return IsLetter(c) || c == '/' || c == '\''; });
  }

  void AddToken(std::string_view word) {
    Token token;
    token.capital = IsCapital(word);
    token.begins_sentence = std::exchange(sentence_begins_, false);
    token.quoted = quoted_;
    token.kind = KindOf(word);
    token.text = Lower(word);
    if (token.kind != Token::Kind::kWord) {
      if (token.kind == Token::Kind::kNumber) std::erase(token.text, ',');
      token.sign = std::exchange(sign_, 0);
    } else if (IsSpelledWithDots(word)) {
      std::erase(token.text, '.');
    }
    sign_ = 0;
    tokens_.push_back(std::move(token));
  }

  static bool IsSpelledWithDots(std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i) {
      if (i % 2 == 0 ? !IsLetter(word[i]) : word[i] != '.') return false;
    }
    return word.size() > 1;
  }

  static Token::Kind KindOf(std::string_view word) {
    const bool has_digit = std::ranges::any_of(word, IsDigit);
    const bool has_letter = std::ranges::any_of(word, IsLetter);
    if (has_digit && !has_letter && word.find('_') == std::string_view::npos) {
      return Token::Kind::kNumber;
    }
    if (IsSpelledWithDots(word)) return Token::Kind::kWord;
    if (has_digit || word.find_first_of("_./:@") != std::string_view::npos) {
      return Token::Kind::kCode;
    }
    for (size_t i = 0; i + 1 < word.size(); ++i) {
      if (IsLower(word[i]) && IsUpper(word[i + 1])) return Token::Kind::kCode;
    }
    return Token::Kind::kWord;
  }

  void TakeMark() {
    const char c = text_[at_];
    if (c == '.' || c == '?' || c == '!' || c == ':' || c == ';' || c == '\n') {
      sentence_begins_ = true;
    }
    if (c == '"' || c == '`' || (c == '\'' && (quoted_ || !IsPart(Before(at_))))) TakeQuote();
    if (c == '%' && !tokens_.empty()) tokens_.back().sign = '%';
    if (c == '$') sign_ = '$';
    ++at_;
  }

  // A quotation begins like a sentence. One that nothing closes is none.
  void TakeQuote() {
    if (quoted_) {
      quoted_ = false;
      return;
    }
    const size_t close = text_.find(text_[at_], at_ + 1);
    quoted_ = close != std::string::npos;
    if (quoted_) sentence_begins_ = true;
  }

  std::string text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  bool sentence_begins_ = true;
  bool quoted_ = false;
  char sign_ = 0;
};

}  // namespace

std::vector<Token> Tokenise(std::string_view text) { return Tokeniser(WithAsciiMarks(text)).Run(); }

}  // namespace weir::cache
