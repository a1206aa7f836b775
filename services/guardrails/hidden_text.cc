#include "services/guardrails/hidden_text.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/base64.h"
#include "common/text/utf8.h"
#include "services/guardrails/characters.h"

namespace weir::guardrails {
namespace {

constexpr size_t kFewest = 8;
constexpr size_t kShortestBase64 = 24;
constexpr char32_t kBlackFlag = 0x1f3f4;

// The byte that a character nobody sees stands for; -1: for none.
int HiddenByte(char32_t c) {
  if (c >= 0xe0020 && c <= 0xe007e) return static_cast<int>(c - 0xe0000);
  if (c >= 0xfe00 && c <= 0xfe0f) return static_cast<int>(c - 0xfe00);
  if (c >= 0xe0100 && c <= 0xe01ef) return static_cast<int>(c - 0xe0100 + 16);
  return -1;
}

bool IsTextByte(char c) { return c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20; }

bool IsText(std::string_view bytes) {
  return text::IsValidUtf8(bytes) && std::ranges::all_of(bytes, IsTextByte);
}

bool IsBase64(char c) { return text::IsAlnum(c) || c == '+' || c == '/'; }

}  // namespace

std::vector<InnerText> HiddenTexts(std::string_view text) {
  std::vector<InnerText> all;
  InnerText run;
  char32_t before = 0;
  const auto close = [&](size_t at) {
    run.length = at - run.offset;
    if (run.text.size() >= kFewest) all.push_back(std::move(run));
    run = {};
  };
  for (size_t at = 0; at < text.size();) {
    // Everything of the kind begins with one of two bytes.
    const char c = text[at];
    if (c != '\xef' && c != '\xf3' && run.text.empty()) {
      before = c == '\xf0' ? text::DecodeRune(text.substr(at)).code_point : 0;
      ++at;
      continue;
    }
    const text::Rune rune = text::DecodeRune(text.substr(at));
    const int byte = HiddenByte(rune.code_point);
    if (byte >= 0 && run.text.empty()) run.offset = at;
    if (byte >= 0 && before != kBlackFlag) {
      run.text += static_cast<char>(byte);
    } else if (byte < 0) {
      close(at);
      before = rune.code_point;
    }
    at += rune.size;
  }
  close(text.size());
  return all;
}

std::vector<InnerText> Base64Texts(std::string_view text) {
  std::vector<InnerText> all;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsBase64(text[end])) ++end;
    const size_t length = end - at;
    if (length >= kShortestBase64) {
      const auto decoded = text::Base64Decode(text.substr(at, length / 4 * 4));
      if (decoded && IsText(*decoded)) all.push_back({*decoded, at, length});
    }
    at = std::max(end, at + 1);
  }
  return all;
}

std::string Rot13(std::string_view text) {
  std::string turned(text);
  for (char& each : turned) {
    if (text::IsLower(each)) each = static_cast<char>('a' + (each - 'a' + 13) % 26);
    if (text::IsUpper(each)) each = static_cast<char>('A' + (each - 'A' + 13) % 26);
  }
  return turned;
}

}  // namespace weir::guardrails
