#include "services/guardrails/pattern_shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <re2/re2.h>

#include "common/testing/status_matchers.h"
#include "services/guardrails/reader.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

struct Case {
  std::string_view name, pattern;
  size_t shortest, longest;
  std::string_view first;  // All that a match can begin with; empty: not told here.
};
class PatternShapeTest : public ::testing::TestWithParam<Case> {};

TEST_P(PatternShapeTest, TellsHowLongAMatchCanBe) {
  const Case& want = GetParam();
  ASSERT_TRUE(RE2(re2::StringPiece(want.pattern.data(), want.pattern.size())).ok());
  const auto shape = ShapeOf(want.pattern);
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(shape->shortest, want.shortest);
  EXPECT_EQ(shape->longest, want.longest);
  if (want.first.empty()) return;
  EXPECT_EQ(shape->first.size(), want.first.size());
  for (const char each : want.first) EXPECT_TRUE(shape->first.Has(each)) << each;
}
INSTANTIATE_TEST_SUITE_P(Expressions, PatternShapeTest,
                         ::testing::ValuesIn<Case>({
                             {"Literal", "EMP-", 4, 4, "E"},
                             {"Number", R"(EMP-\d{6})", 10, 10, "E"},
                             {"Range", R"([A-C]{2,5})", 2, 5, "ABC"},
                             {"AtLeastIsBoundedByTheRest", R"(a{3})", 3, 3, "a"},
                             {"Optional", "colou?r", 5, 6, "c"},
                             {"OptionalFirst", "-?1", 1, 2, "-1"},
                             {"Alternatives", "cat|mouse", 3, 5, "cm"},
                             {"Group", "(?:ab){1,3}", 2, 6, "a"},
                             {"NamedGroup", "(?P<id>ab)c", 3, 3, "a"},
                             {"Folded", "(?i)ab", 2, 2, "aA"},
                             {"FoldedWithinAGroup", "(?i:a)b", 2, 2, "aA"},
                             {"FoldedS", "(?i)s", 1, 4, ""},
                             {"FoldedWord", R"((?i)\w)", 1, 4, ""},
                             {"FlagsEndWithTheirGroup", "((?i)a)b|c", 1, 2, "aAc"},
                             {"Boundary", R"(\b\d{3}\b)", 3, 3, "0123456789"},
                             {"AnyCharacter", ".x", 2, 5, ""},
                             {"OtherLetters", "[a-é]", 1, 4, ""},
                             {"LiteralLetter", "ü", 1, 4, ""},
                             {"Inverted", "[^a]", 1, 4, ""},
                             {"BracketFirst", "[]a]", 1, 1, "]a"},
                             {"DashLast", "[a-]", 1, 1, "a-"},
                             {"EscapedInAClass", R"([\].\d])", 1, 1, "].0123456789"},
                             {"Star", "ab*", 1, 254, "a"},
                             {"Plus", R"(\d+)", 1, 254, "0123456789"},
                             {"NoUpperBound", "a{3,}", 3, 254, "a"},
                             {"MayBeTooLong", "a{3,300}", 3, 254, "a"},
                             {"MayBeTooLongInUtf8", ".{64}", 64, 254, ""},
                             {"Brace", "a{x}", 4, 4, "a"},
                             {"Hexadecimal", R"(\x41\x{42})", 2, 2, "A"},
                             {"Quoted", R"(\Qa+b\E)", 3, 3, "a"},
                             {"Lazy", "a{1,4}?b", 2, 5, "a"},
                             {"ClassByName", R"([[:digit:]]\p{Greek})", 2, 8, ""},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

struct Refusal {
  std::string_view name, pattern, why;
};
class PatternRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(PatternRefusalTest, SaysWhyAndWhere) {
  EXPECT_THAT(ShapeOf(GetParam().pattern),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().why))));
}
const std::string kDeep = std::string(60, '(') + "a" + std::string(60, ')');
INSTANTIATE_TEST_SUITE_P(Expressions, PatternRefusalTest,
                         ::testing::ValuesIn<Refusal>({
                             {"TooLong", "a{255}", "a match is at least 255 bytes long, want at"},
                             {"TooLongAgain", "(?:abc){90}d*", "at least 270 bytes"},
                             {"Empty", "a?", "may be empty"},
                             {"Nothing", "", "may be empty"},
                             {"BoundaryAlone", R"(\b)", "may be empty"},
                             {"Beginning", "^a", "at byte 0: a value may stand anywhere in a text"},
                             {"End", "ab$", "at byte 2"},
                             {"EndOfText", R"(a\z)", "at byte 2"},
                             {"Byte", R"(\C)", "want whole characters"},
                             {"RepetitionBehindFlags", "a(?i)?",
                              "at byte 5: a repetition behind flags"},
                             {"Deep", kDeep, "nested too deep"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

struct RequiredCase {
  std::string_view name, pattern;
  std::optional<char> required;
};
class PatternRequiredTest : public ::testing::TestWithParam<RequiredCase> {};

TEST_P(PatternRequiredTest, TellsAByteThatEveryMatchHas) {
  const auto shape = ShapeOf(GetParam().pattern);
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(shape->required, GetParam().required);
}
INSTANTIATE_TEST_SUITE_P(Expressions, PatternRequiredTest,
                         ::testing::ValuesIn<RequiredCase>({
                             {"Email", R"([\w.]+@[\w.]+\.[a-z]{2,})", '@'},
                             {"Dash", R"(\d{3}-\d{2})", '-'},
                             {"LetterAlone", "ab", 'a'},
                             {"Class", "[a-z]+", std::nullopt},
                             {"Optional", "a?[bc]", std::nullopt},
                             {"InEveryAlternative", "a-b|c-", '-'},
                             {"InOneAlternative", "a-|b", std::nullopt},
                             {"Folded", "(?i)ab", std::nullopt},
                             {"ClassOfOne", "[@][ab]", '@'},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

// Expressions, most of them ones that RE2 accepts.
rc::Gen<std::string> Expressions() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "b", "k", "S", "-", ".", "(", ")", "|", "?", "{2}", "{1,3}", "[ab]", "[^b]", "(?i)",
          "(?:", "+", "*", "{2,}", "\\d", "\\w", "\\W", "\\b", "\\x61", "é", "[a-é]", "[^\\d-]",
          "[[:alpha:]]", "[^[:alpha:]]", "\\pL", "[^\\pL]", "\\Qa.b\\E")),
      [](const std::vector<std::string>& parts) {
        std::string pattern;
        for (const std::string& each : parts) pattern += each;
        return pattern;
      });
}

RC_GTEST_PROP(PatternShapeProperty, EveryMatchIsOfTheShape, ()) {
  const std::string pattern = *Expressions();
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 expression(pattern, options);
  const auto shape = ShapeOf(pattern);
  if (!expression.ok() || !shape.ok()) return;
  const std::string text = *rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "b", "A", "k", "\u212a", "ſ", "s", "é", "É", "1", "-", ".", " ", "\n", "谢", "😀")),
      [](const std::vector<std::string>& parts) {
        std::string all;
        for (const std::string& each : parts) all += each;
        return all;
      });
  re2::StringPiece match;
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t end = std::min(text.size(), at + kLongestMatch);
    if (!expression.Match(text, at, end, RE2::ANCHOR_START, &match, 1)) continue;
    RC_ASSERT(match.size() >= shape->shortest);
    RC_ASSERT(match.size() <= shape->longest);
    RC_ASSERT(shape->first.Has(match[0]));
    for (const char each : match) RC_ASSERT(shape->bytes.Has(each));
    if (shape->required) RC_ASSERT(match.find(*shape->required) != re2::StringPiece::npos);
  }
}

}  // namespace
}  // namespace weir::guardrails
