#include "services/guardrails/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace weir::guardrails {
namespace {

struct Block {
  char32_t first, last;
};
constexpr std::array<Block, 9> kWithoutBlanks = {{{0x0e00, 0x0eff},      // Thai, Lao.
                                                  {0x1000, 0x109f},      // Burmese.
                                                  {0x1780, 0x17ff},      // Khmer.
                                                  {0x3040, 0x30ff},      // Kana.
                                                  {0x3400, 0x4dbf},      // Han, extension A.
                                                  {0x4e00, 0x9fff},      // Han.
                                                  {0xf900, 0xfaff},      // Han, compatibility.
                                                  {0xff66, 0xff9f},      // Halfwidth kana.
                                                  {0x20000, 0x3134f}}};  // Han, extensions B to G.

// Unicode 15, without what is not assigned in them. Blocks in their order.
constexpr std::array<Block, 16> kInvisible = {{{0xad, 0xad},
                                               {0x34f, 0x34f},
                                               {0x61c, 0x61c},
                                               {0x115f, 0x1160},
                                               {0x17b4, 0x17b5},
                                               {0x180b, 0x180f},
                                               {0x200b, 0x200f},
                                               {0x202a, 0x202e},
                                               {0x2060, 0x206f},
                                               {0x3164, 0x3164},
                                               {0xfe00, 0xfe0f},
                                               {0xfeff, 0xfeff},
                                               {0xffa0, 0xffa0},
                                               {0x1bca0, 0x1bca3},
                                               {0x1d173, 0x1d17a},
                                               {0xe0000, 0xe0fff}}};

// Where ten decimal digits begin.
constexpr std::array<char32_t, 37> kZeros = {
    0x660,  0x6f0,  0x7c0,  0x966,  0x9e6,  0xa66,  0xae6,  0xb66,  0xbe6,  0xc66,
    0xce6,  0xd66,  0xde6,  0xe50,  0xed0,  0xf20,  0x1040, 0x1090, 0x17e0, 0x1810,
    0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x1fbf0};

struct LookAlike {
  char32_t c;
  char latin;
};
// By Unicode's confusables, those of an alphabet that somebody writes words in.
constexpr std::array<LookAlike, 72> kLookAlikes = {
    {{0x251, 'a'}, {0x261, 'g'}, {0x269, 'i'}, {0x391, 'A'}, {0x392, 'B'}, {0x395, 'E'},
     {0x396, 'Z'}, {0x397, 'H'}, {0x399, 'I'}, {0x39a, 'K'}, {0x39c, 'M'}, {0x39d, 'N'},
     {0x39f, 'O'}, {0x3a1, 'P'}, {0x3a4, 'T'}, {0x3a5, 'Y'}, {0x3a7, 'X'}, {0x3b1, 'a'},
     {0x3b3, 'y'}, {0x3b5, 'e'}, {0x3b7, 'n'}, {0x3b9, 'i'}, {0x3ba, 'k'}, {0x3bd, 'v'},
     {0x3bf, 'o'}, {0x3c1, 'p'}, {0x3c3, 'o'}, {0x3c4, 't'}, {0x3c5, 'u'}, {0x3c7, 'x'},
     {0x3c9, 'w'}, {0x405, 'S'}, {0x406, 'I'}, {0x408, 'J'}, {0x410, 'A'}, {0x412, 'B'},
     {0x415, 'E'}, {0x417, '3'}, {0x41a, 'K'}, {0x41c, 'M'}, {0x41d, 'H'}, {0x41e, 'O'},
     {0x420, 'P'}, {0x421, 'C'}, {0x422, 'T'}, {0x423, 'Y'}, {0x425, 'X'}, {0x430, 'a'},
     {0x432, 'b'}, {0x433, 'r'}, {0x435, 'e'}, {0x43a, 'k'}, {0x43c, 'm'}, {0x43d, 'h'},
     {0x43e, 'o'}, {0x43f, 'n'}, {0x440, 'p'}, {0x441, 'c'}, {0x442, 't'}, {0x443, 'y'},
     {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'}, {0x458, 'j'}, {0x475, 'v'}, {0x4ae, 'Y'},
     {0x4bb, 'h'}, {0x4c0, 'l'}, {0x4cf, 'l'}, {0x501, 'd'}, {0x51b, 'q'}, {0x51d, 'w'}}};

utf8proc_int32_t Signed(char32_t c) { return static_cast<utf8proc_int32_t>(c); }

bool StandsForAnother(const utf8proc_property_t& property) {
  switch (property.decomp_type) {
    case UTF8PROC_DECOMP_TYPE_FONT:
    case UTF8PROC_DECOMP_TYPE_NOBREAK:
    case UTF8PROC_DECOMP_TYPE_CIRCLE:
    case UTF8PROC_DECOMP_TYPE_WIDE:
    case UTF8PROC_DECOMP_TYPE_NARROW:
    case UTF8PROC_DECOMP_TYPE_SMALL:
    case UTF8PROC_DECOMP_TYPE_COMPAT:
      return true;
    default:
      return false;
  }
}

char Compatible(char32_t c) {
  std::array<utf8proc_int32_t, 32> parts;  // The longest has 18.
  int boundary = 0;
  const utf8proc_ssize_t size = utf8proc_decompose_char(
      Signed(c), parts.data(), parts.size(),
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
  return size == 1 && parts[0] < 0x80 ? static_cast<char>(parts[0]) : '\0';
}

}  // namespace

char32_t Lowered(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  return static_cast<char32_t>(utf8proc_tolower(Signed(c)));
}

char BaseLetter(char32_t c) {
  switch (c) {
    case 0xdf:
    case 0x17f:
      return 's';
    case 0xd8:
    case 0xf8:
      return 'o';
    case 0x110:
    case 0x111:
      return 'd';
    case 0x131:
      return 'i';
    case 0x141:
    case 0x142:
      return 'l';
    default:
      break;
  }
  if (c >= 0x80) {
    std::array<utf8proc_int32_t, 32> parts;  // The longest has four.
    int boundary = 0;
    const utf8proc_ssize_t size = utf8proc_decompose_char(Signed(c), parts.data(), parts.size(),
                                                          UTF8PROC_DECOMPOSE, &boundary);
    if (size < 1) return 0;
    c = static_cast<char32_t>(parts[0]);
  }
  const char32_t lower = c | 0x20;
  return c < 0x80 && lower >= 'a' && lower <= 'z' ? static_cast<char>(lower) : '\0';
}

bool IsWordCharacter(char32_t c) {
  switch (utf8proc_category(Signed(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
      return true;
    default:
      return false;
  }
}

bool IsWrittenWithoutBlanks(char32_t c) {
  return std::ranges::any_of(kWithoutBlanks,
                             [c](const Block& each) { return c >= each.first && c <= each.last; });
}

bool IsBlank(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  if (c == 0x85) return true;
  const utf8proc_category_t category = utf8proc_category(Signed(c));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool IsInvisible(char32_t c) {
  if (c < 0xad) return false;
  const auto* block = std::ranges::lower_bound(kInvisible, c, {}, &Block::last);
  return block != kInvisible.end() && c >= block->first;
}

bool IsMark(char32_t c) {
  return c >= 0x300 && utf8proc_category(Signed(c)) == UTF8PROC_CATEGORY_MN;
}

char ReadAsAscii(char32_t c) {
  // Latin letters, Han and Hangul: most of what is written, and none of it stands for another.
  if (c < 0xa0 || (c >= 0xc0 && c < 0x250)) return 0;
  if (c >= 0x3400 && c < 0xa000) return 0;
  if (c >= 0xac00 && c < 0xd7b0) return 0;
  const utf8proc_property_t& property = *utf8proc_get_property(Signed(c));
  switch (property.category) {
    case UTF8PROC_CATEGORY_ZS:
      return ' ';
    case UTF8PROC_CATEGORY_PD:
      return '-';
    case UTF8PROC_CATEGORY_ND: {
      const auto* after = std::ranges::upper_bound(kZeros, c);
      if (after == kZeros.begin() || c - *(after - 1) > 9) break;
      return static_cast<char>('0' + (c - *(after - 1)));
    }
    default:
      break;
  }
  if (c == 0x2212) return '-';  // Minus.
  return StandsForAnother(property) ? Compatible(c) : '\0';
}

char LatinLookAlike(char32_t c) {
  const auto* found = std::ranges::lower_bound(kLookAlikes, c, {}, &LookAlike::c);
  return found != kLookAlikes.end() && found->c == c ? found->latin : '\0';
}

void AppendUtf8(char32_t c, std::string& text) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const utf8proc_ssize_t size = utf8proc_encode_char(Signed(c), bytes.data());
  text.append(bytes.begin(), bytes.begin() + size);
}

}  // namespace weir::guardrails
