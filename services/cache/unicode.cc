#include "services/cache/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <compare>
#include <span>
#include <vector>

namespace weir::cache {
namespace {

struct Block {
  char32_t first, last;
};
// As Hugging Face's tokenizers have them, where extension E begins at 2B920 and not at 2B820:
// whoever trained on their words has met its first 256 characters unpadded.
constexpr std::array<Block, 8> kCjk = {{{0x4E00, 0x9FFF},
                                        {0x3400, 0x4DBF},
                                        {0x20000, 0x2A6DF},
                                        {0x2A700, 0x2B73F},
                                        {0x2B740, 0x2B81F},
                                        {0x2B920, 0x2CEAF},
                                        {0xF900, 0xFAFF},
                                        {0x2F800, 0x2FA1F}}};

// The one character whose lower case is two.
constexpr char32_t kCapitalIWithDot = 0x130;
constexpr char32_t kDotAbove = 0x307;

utf8proc_int32_t Signed(char32_t c) { return static_cast<utf8proc_int32_t>(c); }

int CombiningClass(char32_t c) {
  return c < 0x80 ? 0 : utf8proc_get_property(Signed(c))->combining_class;
}

void AppendDecomposed(char32_t c, std::u32string& text) {
  if (c < 0x80) {
    text.push_back(c);
    return;
  }
  std::array<utf8proc_int32_t, 32> parts;  // The longest has four.
  int boundary = 0;
  const utf8proc_ssize_t size =
      utf8proc_decompose_char(Signed(c), parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
  for (utf8proc_ssize_t i = 0; i < size; ++i) text.push_back(static_cast<char32_t>(parts[i]));
}

struct Mark {
  int combining_class;
  size_t place;  // Marks of one class stay in their order.
  char32_t c;

  auto operator<=>(const Mark&) const = default;
};

void OrderMarks(std::span<char32_t> run) {
  if (run.size() < 2) return;
  std::vector<Mark> marks;
  for (const char32_t c : run) marks.push_back({CombiningClass(c), marks.size(), c});
  std::ranges::sort(marks);
  std::ranges::transform(marks, run.begin(), &Mark::c);
}

// Puts each run of marks into canonical order. Sorted properly: with utf8proc's own way a text of
// nothing but marks takes quadratic time.
void OrderAllMarks(std::u32string& text) {
  const auto is_mark = [](char32_t c) { return CombiningClass(c) != 0; };
  for (auto at = text.begin(); at != text.end();) {
    const auto first = std::find_if(at, text.end(), is_mark);
    at = std::find_if_not(first, text.end(), is_mark);
    OrderMarks({first, at});
  }
}

}  // namespace

bool IsControl(char32_t c) {
  switch (utf8proc_category(Signed(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
      return true;
    default:
      return false;
  }
}

bool IsWhitespace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  if (c == 0x85) return true;  // "Next line", a control character.
  const utf8proc_category_t category = utf8proc_category(Signed(c));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool IsPunctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  const utf8proc_category_t category = utf8proc_category(Signed(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool IsCjkIdeograph(char32_t c) {
  return std::ranges::any_of(
      kCjk, [c](const Block& block) { return c >= block.first && c <= block.last; });
}

bool IsNonspacingMark(char32_t c) {
  return c >= 0x80 && utf8proc_category(Signed(c)) == UTF8PROC_CATEGORY_MN;
}

std::u32string Decomposed(const std::u32string& text) {
  std::u32string parts;
  parts.reserve(text.size());
  for (const char32_t c : text) AppendDecomposed(c, parts);
  OrderAllMarks(parts);
  return parts;
}

void AppendLowered(char32_t c, std::u32string& text) {
  text.push_back(static_cast<char32_t>(utf8proc_tolower(Signed(c))));
  if (c == kCapitalIWithDot) text.push_back(kDotAbove);
}

void AppendUtf8(char32_t c, std::string& text) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const utf8proc_ssize_t size = utf8proc_encode_char(Signed(c), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
}

std::string_view UnicodeVersion() { return utf8proc_unicode_version(); }

}  // namespace weir::cache
