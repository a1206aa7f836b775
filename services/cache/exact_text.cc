#include "services/cache/exact_text.h"

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/cache/unicode.h"

namespace weir::cache {
namespace {

bool IsAscii(std::string_view text) {
  // All of it, which takes less than to stop at the first: many at once.
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

std::string Normalised(std::string_view text) {
  std::u32string characters;
  for (std::string_view rest = text; !rest.empty();) {
    const text::Rune rune = text::DecodeRune(rest);
    characters.push_back(rune.code_point);
    rest.remove_prefix(rune.size);
  }
  std::string bytes;
  for (const char32_t c : Decomposed(characters)) AppendUtf8(c, bytes);
  return bytes;
}

// Appends `text` without its margins, with one character for each gap. A word at a time, not a
// character.
void AppendFolded(std::string_view text, std::string& folded) {
  char gap = 0;  // White space since the last other character, at its strongest.
  for (size_t at = 0; at < text.size();) {
    if (text::IsSpace(text[at])) {
      const bool ends_line = text[at] == '\n' || text[at] == '\r';
      if (gap != '\n') gap = ends_line ? '\n' : ' ';
      ++at;
      continue;
    }
    size_t end = at + 1;
    while (end < text.size() && !text::IsSpace(text[end])) ++end;
    if (gap != 0 && !folded.empty()) folded += gap;
    gap = 0;
    folded.append(text, at, end - at);
    at = end;
  }
}

}  // namespace

std::string FoldedText(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  if (IsAscii(text) || !text::IsValidUtf8(text)) {
    AppendFolded(text, folded);
  } else {
    AppendFolded(Normalised(text), folded);
  }
  return folded;
}

crypto::Digest ExactKey(std::string_view text) { return crypto::Sha256(FoldedText(text)); }

}  // namespace weir::cache
