// Base64, hexadecimal, UTF-8, excerpts and JSON escapes: what leaves as text and comes back as
// bytes.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/text/base64.h"
#include "common/text/excerpt.h"
#include "common/text/hex.h"
#include "common/text/json_escape.h"
#include "common/text/utf8.h"

namespace weir::text {
namespace {

using namespace std::string_view_literals;

TEST(Base64Test, MatchesTheVectorsOfTheStandard) {
  const std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(Base64Encode(bytes), text);
    EXPECT_EQ(Base64Decode(text), bytes);
  }
  EXPECT_EQ(Base64UrlEncode("\xFB\xFF"), "-_8");
  EXPECT_EQ(Base64UrlDecode("-_8"), "\xFB\xFF");
}

TEST(Base64Test, IsStrict) {
  for (std::string_view text : {"Zg", "Zg=", "Zg===", "Z", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                                "Zg==Zg==", "=", "====", "-_8=", "Z\xC3\xA9=="}) {
    EXPECT_EQ(Base64Decode(text), std::nullopt) << text;
  }
  for (std::string_view text : {"Zg==", "Z", "Zh", "+/8", "Zm9v\n"}) {
    EXPECT_EQ(Base64UrlDecode(text), std::nullopt) << text;
  }
}

TEST(Base64Test, BringsBackAnyBytes) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& each : bytes) each = static_cast<char>(random());
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
    EXPECT_EQ(HexDecode(HexEncode(bytes)), bytes);
  }
}

TEST(HexTest, WritesLowerAndReadsBothCases) {
  EXPECT_EQ(HexEncode("\x00\xAB\x7F"sv), "00ab7f");
  EXPECT_EQ(HexDecode("00aB7F"), "\x00\xAB\x7F"sv);
  for (std::string_view text : {"0", "0g", "0x", " 0", "zz"})
    EXPECT_EQ(HexDecode(text), std::nullopt);
}

TEST(Utf8Test, KnowsValidFromInvalid) {
  for (std::string_view text : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << HexEncode(text);
  }
  for (std::string_view text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3(", "\xFF"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << HexEncode(text);
  }
}

TEST(Utf8Test, DecodesCodePoints) {
  EXPECT_EQ(DecodeRune("\xF0\x9F\x98\x80!").code_point, U'\U0001F600');
  EXPECT_EQ(DecodeRune("\xF0\x9F\x98\x80!").size, 4);
  EXPECT_EQ(DecodeRune("\xE2\x82").kind, Rune::Kind::kTruncated);
  EXPECT_EQ(DecodeRune("\xE2(").kind, Rune::Kind::kInvalid);
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(Utf8Prefix("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(Utf8Prefix("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(Utf8Prefix("a\xE2\x82\xAC", 2), "a");
  EXPECT_EQ(Utf8Prefix("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(Utf8Prefix("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80\x80\x80\x80");
  EXPECT_EQ(Utf8Prefix("abc", 0), "");
}

struct EscapeCase {
  std::string_view text;
  std::string_view want;
};

TEST(ExcerptTest, EscapesWhatCouldMislead) {
  const EscapeCase kCases[] = {{"plain text", "plain text"},
                               {"a\nb\tc\r", "a\\nb\\tc\\r"},
                               {"\x1b[31m\x7f\0"sv, "\\x1b[31m\\x7f\\x00"},
                               {"back\\slash", "back\\\\slash"},
                               {"caf\xC3\xA9", "caf\xC3\xA9"},
                               {"\xFFz\xE2\x82", "\\xffz\\xe2\\x82"},
                               {"\xE2\x80\xAE", "\\u{202e}"},
                               {"\xC2\x85", "\\u{85}"}};
  for (const EscapeCase& each : kCases) EXPECT_EQ(Excerpt(each.text), each.want);
}

TEST(ExcerptTest, IsBounded) {
  EXPECT_EQ(Excerpt("abcdef", 6), "abcdef");
  EXPECT_EQ(Excerpt("abcdef", 5), "abcde...");
  EXPECT_EQ(Excerpt("ab\xE2\x82\xAC", 4), "ab...");
  EXPECT_EQ(Excerpt(std::string(1000, 'x')).size(), 67U);
}

TEST(JsonEscapeTest, EscapesWhatJsonMust) {
  const EscapeCase kCases[] = {
      {"", ""},
      {"clean ascii, longer than a word", "clean ascii, longer than a word"},
      {"say \"hi\" \\o/", "say \\\"hi\\\" \\\\o/"},
      {"a\nb\rc\td\x01\x1f\x7f", "a\\nb\\rc\\td\\u0001\\u001f\x7f"},
      {"\0"sv, "\\u0000"},
      {"caf\xC3\xA9 \xF0\x9F\x98\x80 done", "caf\xC3\xA9 \xF0\x9F\x98\x80 done"},
      {"a\xFF\xE2\x82z", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}};
  for (const EscapeCase& each : kCases) {
    std::string out = "<";
    AppendJsonEscaped(out, each.text);
    EXPECT_EQ(out, "<" + std::string(each.want));
  }
}

// The word-at-a-time path sees each special byte at each place of a word.
TEST(JsonEscapeTest, FindsASpecialByteAnywhere) {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t at = 0; at < 20; ++at) {
      std::string text(20, '!');
      text[at] = static_cast<char>(byte);
      std::string one;
      AppendJsonEscaped(one, text.substr(at, 1));
      std::string out;
      AppendJsonString(out, text);
      EXPECT_EQ(out, "\"" + std::string(at, '!') + one + std::string(19 - at, '!') + "\"")
          << byte << "@" << at;
    }
  }
}

}  // namespace
}  // namespace weir::text
