#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

// RFC 5321, 4.5.3.1.1 and RFC 1035, 2.3.4.
constexpr size_t kLongestLocalPart = 64;
constexpr size_t kLongestLabel = 63;

// Bytes of the letter with a mark that begins there; 0: none does.
size_t LatinAt(Reader& reader, size_t at) {
  return Reader::IsLatinLead(reader.At(at)) && reader.At(at + 1) != Reader::kEnd ? 2 : 0;
}

bool IsLocalMark(int c) {
  return c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'';
}

// Where the local part ends; 0: there is none, or it is too long.
size_t LocalPart(Reader& reader) {
  size_t at = 0;
  while (at <= kLongestLocalPart) {
    if (reader.HasAlnum(at) || (at > 0 && IsLocalMark(reader.At(at)))) {
      ++at;
    } else if (const size_t latin = LatinAt(reader, at)) {
      at += latin;
    } else {
      return at;
    }
  }
  return 0;
}

struct Label {
  size_t end = 0;
  bool is_letters = true;  // Nothing else.
};
Label LabelAt(Reader& reader, size_t at) {
  Label label{.end = at};
  while (label.end < kLongestMatch) {
    if (reader.HasLetter(label.end)) {
      ++label.end;
    } else if (reader.HasDigit(label.end) || reader.Has(label.end, '-')) {
      label.is_letters = false;
      ++label.end;
    } else if (const size_t latin = LatinAt(reader, label.end)) {
      label.end += latin;
    } else {
      break;
    }
  }
  return label;
}

bool IsTopLevel(Reader& reader, size_t at, const Label& label) {
  const size_t length = label.end - at;
  if (label.is_letters) return length >= 2;
  return length > 4 && text::EqualsIgnoreCase(reader.Read(at, 4), "xn--");
}

// Whether `word`, in lower case, stands there in either case.
bool HasWord(Reader& reader, size_t at, std::string_view word) {
  for (size_t i = 0; i < word.size(); ++i) {
    const int c = reader.At(at + i);
    if (!Reader::IsLetter(c) || (c | 0x20) != word[i]) return false;
  }
  return true;
}

bool IsOpening(int c) { return c == '[' || c == '(' || c == '{' || c == '<'; }
bool IsClosing(int c) { return c == ']' || c == ')' || c == '}' || c == '>'; }

// After "[at]", " (AT) "; 0: it does not stand there.
size_t Bracketed(Reader& reader, size_t at, std::string_view word) {
  if (reader.Has(at, ' ')) ++at;
  if (!IsOpening(reader.At(at))) return 0;
  ++at;
  if (reader.Has(at, ' ')) ++at;
  if (!HasWord(reader, at, word)) return 0;
  at += word.size();
  if (reader.Has(at, ' ')) ++at;
  if (!IsClosing(reader.At(at))) return 0;
  ++at;
  return reader.Has(at, ' ') ? at + 1 : at;
}

// After " at ".
size_t BetweenBlanks(Reader& reader, size_t at, std::string_view word) {
  if (!reader.Has(at, ' ') || !HasWord(reader, at + 1, word)) return 0;
  return reader.Has(at + 1 + word.size(), ' ') ? at + 2 + word.size() : 0;
}

// Where words stand around, these end a domain. None of them is a word of English.
bool IsSpokenTopLevel(std::string_view label) {
  for (std::string_view each :
       {"com", "org", "net", "edu", "gov", "mil", "info", "biz", "dev",    "app",
        "io",  "ai",  "eu",  "uk",  "de",  "fr",  "es",   "nl",  "pl",     "pt",
        "br",  "ch",  "se",  "dk",  "fi",  "cz",  "ru",   "cn",  "jp",     "kr",
        "ca",  "au",  "nz",  "mx",  "ie",  "za",  "ng",   "tr",  "example"}) {
    if (text::EqualsIgnoreCase(label, each)) return true;
  }
  return false;
}

// What stands between two labels.
struct Dot {
  size_t end = 0;  // 0: nothing does.
  bool is_word = false;
  bool is_bare_word = false;
};
Dot DotAt(Reader& reader, size_t at) {
  if (reader.Has(at, '.')) return {.end = at + 1};
  if (const size_t end = Bracketed(reader, at, "dot")) return {.end = end, .is_word = true};
  if (const size_t end = BetweenBlanks(reader, at, "dot")) {
    return {.end = end, .is_word = true, .is_bare_word = true};
  }
  return {};
}

// Where the longest name ends that a domain can be; 0: none. `wants_word`: a dot of it has to be
// one.
size_t Domain(Reader& reader, size_t begin, bool wants_word) {
  size_t best = 0;
  bool has_word = false;
  Dot dot;
  for (size_t at = begin;;) {
    const Label label = LabelAt(reader, at);
    const size_t length = label.end - at;
    if (length == 0 || length > kLongestLabel || label.end > kLongestMatch) return best;
    const bool ends = at != begin && IsTopLevel(reader, at, label) && (has_word || !wants_word) &&
                      (!dot.is_bare_word || IsSpokenTopLevel(reader.Read(at, length)));
    if (ends) best = label.end;
    dot = DotAt(reader, label.end);
    if (dot.end == 0) return best;
    has_word = has_word || dot.is_word;
    at = dot.end;
  }
}

// What stands between the local part and the domain.
struct AtSign {
  size_t end = 0;  // 0: nothing does.
  bool is_bare_word = false;
};
AtSign AtSignAt(Reader& reader, size_t at) {
  if (reader.Has(at, '@')) return {.end = at + 1};
  if (const size_t end = Bracketed(reader, at, "at")) return {.end = end};
  return {.end = BetweenBlanks(reader, at, "at"), .is_bare_word = true};
}

// What is drawn at two sizes is called "logo@2x.png".
bool IsFileName(Reader& reader, size_t end) {
  for (std::string_view suffix : {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"}) {
    if (end <= suffix.size()) continue;
    if (text::EqualsIgnoreCase(reader.Read(end - suffix.size(), suffix.size()), suffix))
      return true;
  }
  return false;
}

// "a***", of a name whose ends alone were left: what follows is no name of its own.
bool EndsInPartMask(std::string_view before) {
  const size_t last = before.find_last_not_of('*');
  if (last == std::string_view::npos || last + 1 == before.size()) return false;
  return text::IsAlnum(before[last]) && (last == 0 || !text::IsAlnum(before[last - 1]));
}

}  // namespace

Recognition RecogniseEmail(Reader& reader, std::string_view before) {
  const size_t local = LocalPart(reader);
  if (local == 0 || (local == 1 && EndsInPartMask(before))) return {};
  const AtSign at = AtSignAt(reader, local);
  if (at.end == 0) return {};
  const size_t end = Domain(reader, at.end, at.is_bare_word);
  if (end == 0 || IsFileName(reader, end)) return {};
  return {.length = end};
}

}  // namespace weir::guardrails
