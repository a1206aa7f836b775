#include "services/cache/exact_text.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/cache/unicode.h"

namespace weir::cache {
namespace {

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string Normalised(std::string_view text) {
  if (IsAscii(text) || !text::IsValidUtf8(text)) return std::string(text);
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

}  // namespace

std::string FoldedText(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  char gap = 0;  // White space since the last other character, at its strongest.
  for (const char c : Normalised(text)) {
    if (text::IsSpace(c)) {
      const bool ends_line = c == '\n' || c == '\r';
      if (gap != '\n') gap = ends_line ? '\n' : ' ';
      continue;
    }
    if (gap != 0 && !folded.empty()) folded += gap;
    gap = 0;
    folded += c;
  }
  return folded;
}

crypto::Digest ExactKey(std::string_view text) { return crypto::Sha256(FoldedText(text)); }

}  // namespace weir::cache
