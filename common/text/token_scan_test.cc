#include "common/text/token_scan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace weir::text {
namespace {

struct ScanCase {
  std::string_view name, text;
  int64_t want;
};
class EstimateTokensTest : public testing::TestWithParam<ScanCase> {};

TEST_P(EstimateTokensTest, AddsUpTheClasses) {
  EXPECT_EQ(EstimateTokens(GetParam().text), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, EstimateTokensTest,
    testing::ValuesIn<ScanCase>({
        {.name = "Empty", .text = "", .want = 0},
        {.name = "Spaces", .text = " \n\t  ", .want = 0},
        {.name = "Word", .text = "hello", .want = 1},
        {.name = "TwoWords", .text = "hello  world", .want = 2},
        {.name = "EightLetters", .text = "abcdefgh", .want = 1},
        {.name = "ElevenLetters", .text = "abcdefghijk", .want = 1},
        {.name = "TwelveLetters", .text = "abcdefghijkl", .want = 2},
        {.name = "FifteenLetters", .text = "abcdefghijklmno", .want = 2},
        {.name = "SixteenLetters", .text = "abcdefghijklmnop", .want = 3},
        {.name = "ThreeDigits", .text = "123", .want = 1},
        {.name = "FourDigits", .text = "1234", .want = 2},
        {.name = "SevenDigits", .text = "1234567", .want = 3},
        {.name = "WordAndDigits", .text = "gpt4", .want = 2},
        {.name = "OneMark", .text = ".", .want = 1},
        {.name = "TwoMarks", .text = "::", .want = 1},
        {.name = "ThreeMarks", .text = "...", .want = 2},
        {.name = "ElevenMarks", .text = "===========", .want = 5},
        {.name = "TwelveMarks", .text = "============", .want = 6},
        {.name = "Sentence", .text = "Hello, world! It is 2025.", .want = 9},
        {.name = "Json", .text = R"({"role":"user"})", .want = 6},
        {.name = "Uuid", .text = "550e8400-e29b-41d4-a716-446655440000", .want = 20},
        {.name = "Chinese", .text = "\u4F60\u597D\u4E16\u754C", .want = 4},
        {.name = "Hiragana", .text = "\u3053\u3093\u306B\u3061\u306F", .want = 5},
        {.name = "Hangul", .text = "\uC548\uB155", .want = 2},
        {.name = "FullStopOfChinese", .text = "\u3002", .want = 1},
        {.name = "Russian", .text = "\u043F\u0440\u0438\u0432\u0435\u0442", .want = 3},
        {.name = "UmlautSplitsAWord", .text = "f\u00FCr", .want = 3},
        {.name = "TypographicMarks", .text = "\u201Chi\u201D", .want = 3},
        {.name = "Emoji", .text = "\U0001F600\U0001F600", .want = 2},
        {.name = "NoBreakSpace", .text = "a\u00A0b", .want = 2},
        {.name = "InvalidBytes", .text = "\xFF\xFE\xFD", .want = 2},
        {.name = "CutCharacter", .text = "a\xE4\xBD", .want = 2},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TokenScanTest, CountsASplitWordOnce) {
  TokenScan scan;
  for (std::string_view piece : {"hel", "lo", "", " wor", "ld"}) scan.Feed(piece);
  EXPECT_EQ(scan.tokens(), 2);
}

TEST(TokenScanTest, CountsASplitCharacterOnce) {
  TokenScan scan;
  scan.Feed("\xE4");
  EXPECT_EQ(scan.tokens(), 1);  // A stray byte as far as anyone knows.
  scan.Feed("\xBD");
  scan.Feed("\xA0\xE5\xA5");
  scan.Feed("\xBD");
  EXPECT_EQ(scan.tokens(), EstimateTokens("\u4F60\u597D"));
}

// Any text in any pieces is the whole text: letters, digits, marks, wide characters, broken
// sequences.
TEST(TokenScanTest, DoesNotDependOnThePieces) {
  static constexpr std::string_view kParts[] = {"a",      "Z",        "7",      "-",    " ",
                                                "\n",     "\xE4",     "\xBD",   "\xA0", "\u4F60",
                                                "\u00E9", "\xF0\x9F", "\u2014", "\xFF"};
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t n = random() % 60; n > 0; --n) text += kParts[random() % std::size(kParts)];
    TokenScan scan;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), random() % 7);
      scan.Feed(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(scan.tokens(), EstimateTokens(text)) << testing::PrintToString(text);
    ASSERT_LE(scan.tokens(), static_cast<int64_t>(text.size()));
  }
}

}  // namespace
}  // namespace weir::text
