#include "edge/dialects/openai/json_string.h"

#include <gmock/gmock.h>

#include <string>

namespace weir::edge::openai {
namespace {

struct StringCase {
  std::string_view name, inside, want;
};
class UnescapedTest : public ::testing::TestWithParam<StringCase> {};

TEST_P(UnescapedTest, IsTheText) {
  std::string text;
  ForEachUnescaped(GetParam().inside, [&](std::string_view piece) { text += piece; });
  EXPECT_EQ(text, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Strings, UnescapedTest,
                         ::testing::ValuesIn<StringCase>({
                             {"Empty", "", ""},
                             {"Plain", "hello", "hello"},
                             {"EveryShortEscape", R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
                             {"AtBothEnds", R"(\nhello\n)", "\nhello\n"},
                             {"Ascii", R"(\u0041b)", "Ab"},
                             {"TwoBytes", R"(caf\u00e9)", "caf\xc3\xa9"},
                             {"ThreeBytes", R"(\u4F60\u597d)", "\xe4\xbd\xa0\xe5\xa5\xbd"},
                             {"Pair", R"(\ud83d\ude00!)", "\xf0\x9f\x98\x80!"},
                             {"LastOfAll", R"(\udbff\udfff)", "\xf4\x8f\xbf\xbf"},
                             {"HighAlone", R"(\ud83dx)", "\xef\xbf\xbdx"},
                             {"HighBeforeOther", R"(\ud83d\u0041)",
                              "\xef\xbf\xbd"
                              "A"},
                             {"LowAlone", R"(\ude00)", "\xef\xbf\xbd"},
                             {"NoEscape", R"(\q)", R"(\q)"},
                             {"CutUnicode", R"(\u12)", R"(\u12)"},
                             {"NoHex", R"(\u12g4)", R"(\u12g4)"},
                             {"BackslashLast", "x\\", "x\\"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::openai
