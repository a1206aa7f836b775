#include "common/text/json_escape.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "common/text/utf8.h"

namespace weir::text {
namespace {

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101ULL * byte; }

// Bit 7 of each byte of the result is set where that byte of `word` is zero; bytes above the first
// such may be wrong.
constexpr uint64_t ZeroBytes(uint64_t word) { return (word - Repeat(1)) & ~word & Repeat(0x80); }

// Nonzero where a byte needs more than a copy: a quote, a backslash, below 0x20, or not ASCII. The
// lowest set bit is exact.
uint64_t SpecialBytes(uint64_t word) {
  const uint64_t control = (word - Repeat(0x20)) & ~word;
  return ((control | word) & Repeat(0x80)) | ZeroBytes(word ^ Repeat('"')) |
         ZeroBytes(word ^ Repeat('\\'));
}

bool IsPlain(char c) { return static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\' && c >= 0; }

// How many bytes at the start of `text` are copied as they are.
size_t PlainPrefix(std::string_view text) {
  size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; i + 8 <= text.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + i, 8);
      if (const uint64_t special = SpecialBytes(word)) {
        return i + static_cast<size_t>(std::countr_zero(special)) / 8;
      }
    }
  }
  while (i < text.size() && IsPlain(text[i])) ++i;
  return i;
}

void AppendControl(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
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
      out += "\\u00";
      out.push_back(kHex[c >> 4 & 15]);
      out.push_back(kHex[c & 15]);
  }
}

// Bytes at the start of `text` that are UTF-8 but not ASCII.
size_t MultiBytePrefix(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && static_cast<uint8_t>(text[size]) >= 0x80) {
    const Rune rune = DecodeRune(text.substr(size));
    if (rune.kind != Rune::Kind::kValid) break;
    size += rune.size;
  }
  return size;
}

}  // namespace

void AppendJsonEscaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    size_t clean = PlainPrefix(text);
    clean += MultiBytePrefix(text.substr(clean));
    out.append(text.data(), clean);
    text.remove_prefix(clean);
    if (clean != 0 || text.empty()) continue;
    if (static_cast<uint8_t>(text[0]) >= 0x80) {
      out += "\xEF\xBF\xBD";
    } else {
      AppendControl(out, text[0]);
    }
    text.remove_prefix(1);
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  AppendJsonEscaped(out, text);
  out.push_back('"');
}

}  // namespace weir::text
