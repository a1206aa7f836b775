#include "common/text/utf8.h"

#include <algorithm>

namespace weir::text {
namespace {

// Of one lead byte: the length of its sequence, its payload, and the range of the byte after it.
struct Lead {
  uint8_t size;
  uint8_t bits;
  uint8_t low;
  uint8_t high;
};

constexpr Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1, byte, 0, 0};
  if (byte < 0xC2 || byte > 0xF4) return {0, 0, 0, 0};
  if (byte < 0xE0) return {2, static_cast<uint8_t>(byte & 0x1F), 0x80, 0xBF};
  if (byte < 0xF0) {
    // 0xE0: overlong below 0xA0; 0xED: surrogates from 0xA0.
    return {3, static_cast<uint8_t>(byte & 0x0F), static_cast<uint8_t>(byte == 0xE0 ? 0xA0 : 0x80),
            static_cast<uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
  }
  return {4, static_cast<uint8_t>(byte & 0x07), static_cast<uint8_t>(byte == 0xF0 ? 0x90 : 0x80),
          static_cast<uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
}

}  // namespace

Rune DecodeRune(std::string_view text) {
  constexpr Rune kInvalid{.code_point = 0, .size = 1, .kind = Rune::Kind::kInvalid};
  const Lead lead = LeadOf(static_cast<uint8_t>(text[0]));
  if (lead.size == 0) return kInvalid;
  char32_t code_point = lead.bits;
  for (uint8_t i = 1; i < lead.size; ++i) {
    if (i == text.size()) return {.code_point = 0, .size = i, .kind = Rune::Kind::kTruncated};
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return kInvalid;
    code_point = (code_point << 6) | (byte & 0x3F);
  }
  return {.code_point = code_point, .size = lead.size, .kind = Rune::Kind::kValid};
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (rune.kind != Rune::Kind::kValid) return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

std::string_view Utf8Prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  // A character is at most four bytes: more continuation bytes than that are not text, and stay.
  for (int back = 0; back < 3 && end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80;
       ++back) {
    --end;
  }
  if ((static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) end = max_bytes;
  return text.substr(0, end);
}

}  // namespace weir::text
