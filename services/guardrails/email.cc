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

// Where the longest name ends that a domain can be; 0: none.
size_t Domain(Reader& reader, size_t begin) {
  size_t best = 0;
  for (size_t at = begin;;) {
    const Label label = LabelAt(reader, at);
    const size_t length = label.end - at;
    if (length == 0 || length > kLongestLabel || label.end > kLongestMatch) return best;
    if (at != begin && IsTopLevel(reader, at, label)) best = label.end;
    if (!reader.Has(label.end, '.')) return best;
    at = label.end + 1;
  }
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

}  // namespace

Recognition RecogniseEmail(Reader& reader, std::string_view) {
  const size_t at = LocalPart(reader);
  if (at == 0 || !reader.Has(at, '@')) return {};
  const size_t end = Domain(reader, at + 1);
  if (end == 0 || IsFileName(reader, end)) return {};
  return {.length = end};
}

}  // namespace weir::guardrails
