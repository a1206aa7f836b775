#include "common/text/excerpt.h"

#include <fmt/format.h>

#include <iterator>

#include "common/text/utf8.h"

namespace weir::text {
namespace {

// C1 controls, line separators, the byte order mark, and the marks that turn the direction of
// writing.
bool IsDeceptive(char32_t c) {
  return (c >= 0x80 && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0x061C ||
         c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void AppendAscii(std::string& out, char c) {
  switch (c) {
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c < 0x7F) {
    out.push_back(c);
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string Excerpt(std::string_view text, size_t max_bytes) {
  std::string_view rest = Utf8Prefix(text, max_bytes);
  const bool cut = rest.size() < text.size();
  std::string out;
  out.reserve(rest.size() + 3);
  while (!rest.empty()) {
    const Rune rune = DecodeRune(rest);
    if (rune.kind != Rune::Kind::kValid || rune.size == 1) {
      AppendAscii(out, rest[0]);
      rest.remove_prefix(1);
      continue;
    }
    if (IsDeceptive(rune.code_point)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}",
                     static_cast<uint32_t>(rune.code_point));
    } else {
      out += rest.substr(0, rune.size);
    }
    rest.remove_prefix(rune.size);
  }
  if (cut) out += "...";
  return out;
}

}  // namespace weir::text
