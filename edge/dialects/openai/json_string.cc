#include "edge/dialects/openai/json_string.h"

#include <optional>

namespace weir::edge::openai {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

std::optional<char32_t> Hex4(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  char32_t value = 0;
  for (const char c : text.substr(2, 4)) {
    const bool digit = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(digit ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

void Encode(char32_t code, Unescaped& out) {
  const auto add = [&out](char32_t byte) { out.utf8[out.utf8_size++] = static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
    return;
  }
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xE0 | code >> 12);
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

Unescaped DecodeUnicode(std::string_view at, char32_t unit) {
  Unescaped out{.length = 6};
  const bool high = unit >= 0xD800 && unit < 0xDC00;
  const bool low = unit >= 0xDC00 && unit < 0xE000;
  if (const auto second = high ? Hex4(at.substr(6)) : std::nullopt;
      second && *second >= 0xDC00 && *second < 0xE000) {
    out.length = 12;
    Encode(0x10000 + ((unit - 0xD800) << 10) + (*second - 0xDC00), out);
  } else {
    Encode(high || low ? kReplacement : unit, out);
  }
  return out;
}

}  // namespace

Unescaped DecodeEscape(std::string_view at) {
  if (const auto unit = Hex4(at)) return DecodeUnicode(at, *unit);
  Unescaped out{.length = at.size() < 2 ? at.size() : 2};
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t known = at.size() < 2 ? std::string_view::npos : kNames.find(at[1]);
  if (known != std::string_view::npos) {
    Encode(static_cast<unsigned char>(kMeanings[known]), out);
  } else {
    for (const char c : at.substr(0, out.length)) out.utf8[out.utf8_size++] = c;
  }
  return out;
}

}  // namespace weir::edge::openai
