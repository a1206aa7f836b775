#include "services/cache/unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::cache {
namespace {

struct ClassCase {
  std::string_view name;
  char32_t c;
  bool control = false, whitespace = false, punctuation = false, cjk = false, mark = false;
};
class UnicodeClassTest : public ::testing::TestWithParam<ClassCase> {};

TEST_P(UnicodeClassTest, TellsTheClasses) {
  const ClassCase& want = GetParam();
  EXPECT_EQ(IsControl(want.c), want.control);
  EXPECT_EQ(IsWhitespace(want.c), want.whitespace);
  EXPECT_EQ(IsPunctuation(want.c), want.punctuation);
  EXPECT_EQ(IsCjkIdeograph(want.c), want.cjk);
  EXPECT_EQ(IsNonspacingMark(want.c), want.mark);
}
INSTANTIATE_TEST_SUITE_P(
    Characters, UnicodeClassTest,
    ::testing::ValuesIn<ClassCase>({
        {.name = "Letter", .c = 'a'},
        {.name = "Digit", .c = '7'},
        {.name = "Null", .c = 0, .control = true},
        {.name = "Tab", .c = '\t', .control = true, .whitespace = true},
        {.name = "Delete", .c = 0x7F, .control = true},
        {.name = "NextLine", .c = 0x85, .control = true, .whitespace = true},
        {.name = "NoBreakSpace", .c = 0xA0, .whitespace = true},
        {.name = "IdeographicSpace", .c = 0x3000, .whitespace = true},
        {.name = "LineSeparator", .c = 0x2028, .whitespace = true},
        {.name = "ZeroWidthSpace", .c = 0x200B, .control = true},
        {.name = "PrivateUse", .c = 0xE000, .control = true},
        {.name = "NotAssigned", .c = 0x378},
        {.name = "Dollar", .c = '$', .punctuation = true},
        {.name = "Caret", .c = '^', .punctuation = true},
        {.name = "Underscore", .c = '_', .punctuation = true},
        {.name = "EmDash", .c = 0x2014, .punctuation = true},
        {.name = "IdeographicFullStop", .c = 0x3002, .punctuation = true},
        {.name = "EuroSign", .c = 0x20AC},
        {.name = "Han", .c = 0x4F60, .cjk = true},
        {.name = "HanExtensionB", .c = 0x20000, .cjk = true},
        {.name = "HanExtensionEWhereHuggingFaceBegins", .c = 0x2B920, .cjk = true},
        {.name = "HanExtensionEBefore", .c = 0x2B820},
        {.name = "Hiragana", .c = 0x3042},
        {.name = "Hangul", .c = 0xD55C},
        {.name = "AcuteAccent", .c = 0x301, .mark = true},
        {.name = "SpacingMark", .c = 0x903},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct FormDCase {
  std::string_view name;
  std::u32string text, want;
};
class DecomposedTest : public ::testing::TestWithParam<FormDCase> {};

TEST_P(DecomposedTest, IsFormD) { EXPECT_EQ(Decomposed(GetParam().text), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(
    Texts, DecomposedTest,
    ::testing::ValuesIn<FormDCase>({
        {.name = "Ascii", .text = U"abc", .want = U"abc"},
        {.name = "Accent", .text = U"\u00e9", .want = U"e\u0301"},
        {.name = "TwoAccents", .text = U"\u1ec7", .want = U"e\u0323\u0302"},
        {.name = "OrdersMarks", .text = U"a\u0301\u0323b", .want = U"a\u0323\u0301b"},
        {.name = "KeepsMarksOfOneClass", .text = U"a\u0301\u0300", .want = U"a\u0301\u0300"},
        {.name = "Hangul", .text = U"\ud55c", .want = U"\u1112\u1161\u11ab"},
        {.name = "KeepsCompatibilityForms", .text = U"\ufb01\u00b2", .want = U"\ufb01\u00b2"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DecomposedTest, TakesATextOfMarksInItsStride) {
  std::u32string marks;
  for (int i = 0; i < 200'000; ++i) marks += i % 2 == 0 ? U'\u0301' : U'\u0323';
  const std::u32string ordered = Decomposed(marks);
  EXPECT_EQ(ordered.front(), U'\u0323');
  EXPECT_EQ(ordered.back(), U'\u0301');
}

TEST(AppendLoweredTest, LowersCharacterByCharacter) {
  std::u32string text;
  for (const char32_t c : std::u32string(U"A\u00c9\u03a3\u00df1\u0130")) AppendLowered(c, text);
  EXPECT_EQ(text, U"a\u00e9\u03c3\u00df1i\u0307");
}

TEST(UnicodeVersionTest, IsANumber) {
  EXPECT_TRUE(UnicodeVersion().find('.') != std::string_view::npos);
}

TEST(AppendUtf8Test, WritesOneToFourBytes) {
  std::string text;
  for (const char32_t c : std::u32string(U"a\u00e9\u4f60\U0001f600")) AppendUtf8(c, text);
  EXPECT_EQ(text, "a\u00e9\u4f60\U0001f600");
}

}  // namespace
}  // namespace weir::cache
