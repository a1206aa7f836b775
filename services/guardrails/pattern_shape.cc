#include "services/guardrails/pattern_shape.h"

#include <algorithm>
#include <utility>

#include "common/text/ascii.h"
#include "common/text/parse.h"
#include "common/text/utf8.h"
#include "services/guardrails/reader.h"

namespace weir::guardrails {
namespace {

constexpr int kMostNested = 50;
// What a repetition without an end, or one of too much, comes to: more than any bound.
constexpr size_t kEndless = 1 << 20;

// A part of the expression. `longest` saturates at kEndless.
struct Part {
  size_t shortest = 0;
  size_t longest = 0;
  ByteSet bytes, first;
  ByteSet required;  // Each of them is in every match.
};

size_t Saturated(size_t length) { return std::min(length, kEndless); }

Part Then(Part a, const Part& b) {
  if (a.shortest == 0) a.first.Add(b.first);
  a.shortest = Saturated(a.shortest + b.shortest);
  a.longest = Saturated(a.longest + b.longest);
  a.bytes.Add(b.bytes);
  a.required.Add(b.required);
  return a;
}

Part Or(Part a, const Part& b) {
  a.shortest = std::min(a.shortest, b.shortest);
  a.longest = std::max(a.longest, b.longest);
  a.bytes.Add(b.bytes);
  a.first.Add(b.first);
  a.required.KeepOnly(b.required);
  return a;
}

Part Repeated(Part part, size_t least, size_t most) {
  if (least == 0) part.required = {};
  part.shortest = Saturated(part.shortest * least);
  part.longest = Saturated(part.longest * std::min(most, kEndless));
  return part;
}

// One character of the given ones.
struct Characters {
  ByteSet ascii;
  bool has_others = false;  // Above U+007F, of up to four bytes.
  bool may_be_fewer = false;
};

Part PartOf(const Characters& characters) {
  Part part{.shortest = 1, .longest = 1, .bytes = characters.ascii, .first = characters.ascii};
  if (characters.has_others) {
    part.longest = 4;
    part.first.AddRange(0xc2, 0xf4);
    part.bytes.AddRange(0x80, 0xf4);
  } else if (characters.ascii.size() == 1) {
    part.required = characters.ascii;
  }
  return part;
}

// Marks are rarer than letters.
std::optional<char> Rarest(const ByteSet& required) {
  std::optional<char> rarest;
  for (char c = 0x7f; c > ' '; --c) {
    if (!required.Has(c)) continue;
    if (!text::IsAlnum(c)) return c;
    rarest = c;
  }
  return rarest;
}

void AddAscii(char c, bool fold, Characters& to) {
  to.ascii.Add(static_cast<unsigned char>(c));
  if (!fold) return;
  to.ascii.Add(static_cast<unsigned char>(text::ToLower(c)));
  to.ascii.Add(static_cast<unsigned char>(text::ToUpper(c)));
  // U+017F and U+212A fold to s and k.
  const char lower = text::ToLower(c);
  to.has_others = to.has_others || lower == 's' || lower == 'k';
}

void AddRange(char32_t first, char32_t last, bool fold, Characters& to) {
  for (char32_t each = first; each <= last && each < 0x80; ++each) {
    AddAscii(static_cast<char>(each), fold, to);
  }
  to.has_others = to.has_others || last >= 0x80;
  if (fold && last >= 0x80) {
    // Some of them fold to letters of ASCII.
    to.ascii.AddRange('A', 'z');
    to.may_be_fewer = true;
  }
}

Characters Anything() {
  Characters all{.has_others = true, .may_be_fewer = true};
  all.ascii.AddRange(0, 0x7f);
  return all;
}

Characters Inverted(const Characters& characters) {
  if (characters.may_be_fewer) return Anything();
  Characters others{.has_others = true};
  for (int c = 0; c < 0x80; ++c) {
    if (!characters.ascii.Has(static_cast<char>(c))) {
      others.ascii.Add(static_cast<unsigned char>(c));
    }
  }
  return others;
}

// \d, \w, \s.
Characters Perl(char name) {
  Characters characters;
  if (name == 'd' || name == 'w') characters.ascii.AddRange('0', '9');
  if (name == 'w') {
    characters.ascii.AddRange('a', 'z');
    characters.ascii.AddRange('A', 'Z');
    characters.ascii.Add('_');
  }
  if (name == 's') {
    for (char each : {' ', '\t', '\n', '\f', '\r', '\v'}) {
      characters.ascii.Add(static_cast<unsigned char>(each));
    }
  }
  return characters;
}

// Recursive descent over the grammar of RE2: https://github.com/google/re2/wiki/Syntax
class ShapeParser {
 public:
  ShapeParser(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), folds_(ignore_case) {}

  absl::StatusOr<Part> Parse() {
    WEIR_ASSIGN_OR_RETURN(const Part part, Alternatives(0));
    if (at_ < pattern_.size()) return Refused("what stands here is not understood");
    return part;
  }

 private:
  absl::Status Refused(std::string_view why) const {
    return status::InvalidArgument("at byte {}: {}", at_, why);
  }
  bool Has(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  bool Take(char c) {
    if (!Has(c)) return false;
    ++at_;
    return true;
  }
  void Skip(size_t length) { at_ = std::min(at_ + length, pattern_.size()); }
  bool TakeText(std::string_view wanted) {
    if (!pattern_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  absl::StatusOr<Part> Alternatives(int depth) {
    // Flags that are set in a group end with it.
    const bool folds_outside = folds_;
    WEIR_ASSIGN_OR_RETURN(Part all, Sequence(depth));
    while (Take('|')) {
      WEIR_ASSIGN_OR_RETURN(const Part next, Sequence(depth));
      all = Or(std::move(all), next);
    }
    folds_ = folds_outside;
    return all;
  }

  absl::StatusOr<Part> Sequence(int depth) {
    Part all;
    while (at_ < pattern_.size() && !Has('|') && !Has(')')) {
      WEIR_ASSIGN_OR_RETURN(Part part, Atom(depth));
      // RE2 repeats what stands before the flags.
      if (std::exchange(are_flags_, false) && (Has('*') || Has('+') || Has('?') || Has('{'))) {
        return Refused("a repetition behind flags, want it behind what repeats");
      }
      WEIR_ASSIGN_OR_RETURN(part, Repetitions(std::move(part)));
      all = Then(std::move(all), part);
    }
    return all;
  }

  absl::StatusOr<Part> Repetitions(Part part) {
    for (;;) {
      if (Take('*')) {
        part = Repeated(std::move(part), 0, kEndless);
      } else if (Take('+')) {
        part = Repeated(std::move(part), 1, kEndless);
      } else if (Take('?')) {
        part = Repeated(std::move(part), 0, 1);
      } else if (!TakeCounted(part)) {
        return part;
      }
      Take('?');  // As few as possible: as many are possible.
    }
  }

  // "{2}", "{2,}", "{2,5}"; anything else that begins with a brace is a brace.
  bool TakeCounted(Part& part) {
    const size_t close = pattern_.find('}', at_);
    if (!Has('{') || close == std::string_view::npos) return false;
    const std::string_view inside = pattern_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = std::min(inside.find(','), inside.size());
    const auto least = text::ParseInt64(inside.substr(0, comma));
    const std::string_view rest = inside.substr(std::min(comma + 1, inside.size()));
    const auto most = comma == inside.size() ? least
                      : rest.empty()         ? std::optional<int64_t>(kEndless)
                                             : text::ParseInt64(rest);
    if (!least || !most || *least < 0 || *most < *least) return false;
    part = Repeated(std::move(part), static_cast<size_t>(*least), static_cast<size_t>(*most));
    at_ = close + 1;
    return true;
  }

  absl::StatusOr<Part> Atom(int depth) {
    if (Has('(')) return Group(depth + 1);
    if (Has('[')) return Class();
    if (Has('\\')) return Escape();
    if (Has('^') || Has('$')) return Refused("a value may stand anywhere in a text: want \\b");
    if (Take('.')) return PartOf(Anything());
    const text::Rune rune = text::DecodeRune(pattern_.substr(at_));
    at_ += rune.size;
    return Literal(rune.code_point);
  }

  Part Literal(char32_t c) const {
    Characters characters;
    AddRange(c, c, folds_, characters);
    return PartOf(characters);
  }

  // At "(": a group, or flags for the rest of the one around it.
  absl::StatusOr<Part> Group(int depth) {
    if (depth > kMostNested) return Refused("nested too deep, want at most 50");
    Take('(');
    const bool folds_outside = folds_;
    if (TakeText("?P<") || TakeText("?<")) {
      at_ = std::min(pattern_.find('>', at_), pattern_.size() - 1) + 1;
    } else if (Take('?')) {
      TakeFlags();
      are_flags_ = Take(')');
      if (are_flags_) return Part();  // They stay for what follows.
      Take(':');
    }
    absl::StatusOr<Part> inside = Alternatives(depth);
    folds_ = folds_outside;
    if (inside.ok() && !Take(')')) return Refused("want ')'");
    return inside;
  }

  void TakeFlags() {
    bool on = true;
    for (; at_ < pattern_.size() && !Has(':') && !Has(')'); ++at_) {
      if (Has('-')) on = false;
      if (Has('i')) folds_ = on;
    }
  }

  absl::StatusOr<Part> Escape() {
    Take('\\');
    const char name = at_ < pattern_.size() ? pattern_[at_] : '\\';
    if (name == 'A' || name == 'z')
      return Refused("a value may stand anywhere in a text: want \\b");
    if (name == 'b' || name == 'B') {
      ++at_;
      return Part();
    }
    if (TakeText("Q")) return Quoted();
    if (TakeText("C")) return Refused("\\C is a byte of a character, want whole characters");
    Characters characters;
    WEIR_RETURN_IF_ERROR(AddEscaped(characters).status());
    return PartOf(characters);
  }

  absl::StatusOr<Part> Quoted() {
    const size_t end = std::min(pattern_.find("\\E", at_), pattern_.size());
    Part all;
    while (at_ < end) {
      const text::Rune rune = text::DecodeRune(pattern_.substr(at_));
      at_ += rune.size;
      all = Then(std::move(all), Literal(rune.code_point));
    }
    TakeText("\\E");
    return all;
  }

  // After the backslash, also within a class. The character, where it is a single one.
  absl::StatusOr<std::optional<char32_t>> AddEscaped(Characters& to) {
    if (at_ == pattern_.size()) return Refused("a backslash stands at the end");
    const char name = pattern_[at_];
    if (std::string_view("dwsDWS").find(name) != std::string_view::npos) {
      ++at_;
      Characters named = Perl(text::ToLower(name));
      // U+017F and U+212A fold to letters that are in it.
      named.has_others = named.may_be_fewer = folds_ && text::ToLower(name) == 'w';
      Add(text::IsUpper(name) ? Inverted(named) : named, to);
      return std::nullopt;
    }
    if (name == 'p' || name == 'P') {
      TakeClassName();
      Add(Anything(), to);
      return std::nullopt;
    }
    WEIR_ASSIGN_OR_RETURN(const char32_t c, EscapedCharacter());
    AddRange(c, c, folds_, to);
    return c;
  }

  static void Add(const Characters& some, Characters& to) {
    to.ascii.Add(some.ascii);
    to.has_others = to.has_others || some.has_others;
    to.may_be_fewer = to.may_be_fewer || some.may_be_fewer;
  }

  // "pL", "p{Greek}".
  void TakeClassName() {
    Skip(1);
    if (!Has('{')) return Skip(1);
    at_ = std::min(pattern_.find('}', at_), pattern_.size() - 1) + 1;
  }

  absl::StatusOr<char32_t> EscapedCharacter() {
    const char name = pattern_[at_++];
    constexpr std::string_view kNames = "aftnrv", kCharacters = "\a\f\t\n\r\v";
    if (const size_t known = kNames.find(name); known != std::string_view::npos) {
      return static_cast<char32_t>(kCharacters[known]);
    }
    if (name == 'x') return Hexadecimal();
    if (text::IsDigit(name)) return Octal(name);
    return static_cast<char32_t>(static_cast<unsigned char>(name));
  }

  absl::StatusOr<char32_t> Hexadecimal() {
    size_t length = 2;
    if (Take('{')) length = std::min(pattern_.find('}', at_), pattern_.size()) - at_;
    uint32_t value = 0;
    for (const char each : pattern_.substr(at_, length)) {
      const char lower = text::ToLower(each);
      if (value > 0x10ffff) break;
      value =
          value * 16 + static_cast<uint32_t>(text::IsDigit(lower) ? lower - '0' : lower - 'a' + 10);
    }
    Skip(length);
    Take('}');
    if (value > 0x10ffff) return Refused("want a character up to 10FFFF");
    return static_cast<char32_t>(value);
  }

  absl::StatusOr<char32_t> Octal(char first) {
    auto value = static_cast<char32_t>(first - '0');
    for (int i = 0; i < 2 && at_ < pattern_.size() && text::IsDigit(pattern_[at_]); ++i) {
      value = value * 8 + static_cast<char32_t>(pattern_[at_++] - '0');
    }
    return value;
  }

  absl::StatusOr<Part> Class() {
    Take('[');
    const bool inverted = Take('^');
    Characters characters;
    // A bracket that stands first is a character.
    for (bool is_first = true; is_first || !Has(']'); is_first = false) {
      if (at_ >= pattern_.size()) return Refused("want ']'");
      WEIR_RETURN_IF_ERROR(AddClassItem(characters));
    }
    Take(']');
    return PartOf(inverted ? Inverted(characters) : characters);
  }

  absl::Status AddClassItem(Characters& to) {
    if (pattern_.substr(at_).starts_with("[:")) {
      const size_t end = pattern_.find(":]", at_);
      if (end == std::string_view::npos) return Refused("want ':]'");
      at_ = end + 2;
      // Which ones they are is not worth a table: more than they are is an upper bound, too.
      to.ascii.AddRange(0, 0x7f);
      to.may_be_fewer = true;
      to.has_others = true;
      return absl::OkStatus();
    }
    WEIR_ASSIGN_OR_RETURN(const std::optional<char32_t> first, ClassCharacter(to));
    const bool is_range =
        first && Has('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
    if (!is_range) return absl::OkStatus();
    Take('-');
    WEIR_ASSIGN_OR_RETURN(const std::optional<char32_t> last, ClassCharacter(to));
    if (last) AddRange(*first, *last, folds_, to);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<char32_t>> ClassCharacter(Characters& to) {
    if (Take('\\')) return AddEscaped(to);
    const text::Rune rune = text::DecodeRune(pattern_.substr(at_));
    at_ += rune.size;
    AddRange(rune.code_point, rune.code_point, folds_, to);
    return std::optional<char32_t>(rune.code_point);
  }

  const std::string_view pattern_;
  size_t at_ = 0;
  bool folds_;              // (?i)
  bool are_flags_ = false;  // What was read last.
};

}  // namespace

absl::StatusOr<PatternShape> ShapeOf(std::string_view pattern, bool ignore_case) {
  WEIR_ASSIGN_OR_RETURN(const Part part, ShapeParser(pattern, ignore_case).Parse());
  if (part.shortest > kLongestMatch) {
    return status::InvalidArgument("a match is at least {} bytes long, want at most {}",
                                   part.shortest, kLongestMatch);
  }
  if (part.shortest == 0) return status::InvalidArgument("a match may be empty");
  return PatternShape{part.shortest, std::min(part.longest, kLongestMatch), part.bytes, part.first,
                      Rarest(part.required)};
}

}  // namespace weir::guardrails
