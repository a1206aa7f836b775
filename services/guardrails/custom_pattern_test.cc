#include "services/guardrails/custom_pattern.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/testing/status_matchers.h"
#include "services/guardrails/reader.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

CustomPattern Compiled(std::string_view expression, CustomPattern::Options options = {}) {
  auto pattern = CustomPattern::Compile(expression, options);
  EXPECT_THAT(pattern, IsOk());
  return *std::move(pattern);
}

// The matches in a text, from left to right.
std::vector<std::string> All(const CustomPattern& pattern, std::string_view text) {
  std::vector<std::string> all;
  for (size_t at = 0; at < text.size();) {
    const size_t length = pattern.At(text, at, true).length;
    if (length > 0) all.emplace_back(text.substr(at, length));
    at += std::max<size_t>(1, length);
  }
  return all;
}

struct Case {
  std::string_view name, expression, text;
  std::vector<std::string> want;
};
class CustomPatternTest : public ::testing::TestWithParam<Case> {};

TEST_P(CustomPatternTest, FindsTheLongestFromLeftToRight) {
  EXPECT_EQ(All(Compiled(GetParam().expression), GetParam().text), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Texts, CustomPatternTest,
                         ::testing::ValuesIn<Case>({
                             {"Number",
                              R"(EMP-\d{6})",
                              "EMP-123456, EMP-12345, xEMP-654321",
                              {"EMP-123456", "EMP-654321"}},
                             {"LongestOfAlternatives", "ab|abc", "abc", {"abc"}},
                             {"Boundary", R"(\b\d{3}\b)", "123 4567 x890 89", {"123"}},
                             {"BoundaryAtTheEnd", R"(\d{3}\b)", "a 123", {"123"}},
                             {"BesideEachOther", "a{2}", "aaaaa", {"aa", "aa"}},
                             {"OtherLetters", "[äö]x", "äxöx", {"äx", "öx"}},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CustomPatternMatchTest, IgnoresCaseWhereAsked) {
  EXPECT_EQ(All(Compiled("emp", {.ignore_case = true}), "EMP Emp"),
            (std::vector<std::string>{"EMP", "Emp"}));
}

TEST(CustomPatternMatchTest, IsOpenWhileMoreOfItMayCome) {
  const CustomPattern pattern = Compiled(R"(EMP-\d{2,4}\b)");
  for (std::string_view text : {"E", "EMP", "EMP-1", "EMP-12", "EMP-1234"}) {
    EXPECT_TRUE(pattern.At(text, 0, false).is_open) << text;
  }
  for (std::string_view text : {"EMP-12 ", "EMP-1234 ", "EMPx", "xEMP-12"}) {
    EXPECT_FALSE(pattern.At(text, 0, false).is_open) << text;
  }
  EXPECT_EQ(pattern.At("EMP-12 ", 0, false).length, 6U);
  EXPECT_EQ(pattern.At("EMP-12", 0, true).length, 6U);
}

TEST(CustomPatternMatchTest, WaitsForNoMoreThanItsLongestMatchAndOneByte) {
  const CustomPattern pattern = Compiled("a{1,254}");
  const std::string text(300, 'a');
  for (size_t size = 1; size <= text.size(); ++size) {
    const auto found = pattern.At(std::string_view(text).substr(0, size), 0, false);
    EXPECT_EQ(found.is_open, size <= kLongestMatch) << size;
  }
}

TEST(CustomPatternMatchTest, ContextDecidesAboutABoundary) {
  const CustomPattern pattern = Compiled(R"(\bcat)");
  EXPECT_EQ(pattern.At("a cat ", 2, true).length, 3U);
  EXPECT_EQ(pattern.At("a_cat ", 2, true).length, 0U);
}

struct Refusal {
  std::string_view name, expression, why;
};
class CustomPatternRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(CustomPatternRefusalTest, SaysWhy) {
  EXPECT_THAT(CustomPattern::Compile(GetParam().expression, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().why))));
}
INSTANTIATE_TEST_SUITE_P(Expressions, CustomPatternRefusalTest,
                         ::testing::ValuesIn<Refusal>({
                             {"Syntax", "a(", "missing ): a("},
                             {"BackReference", R"((a)\1)", R"(invalid escape sequence: \1)"},
                             {"LookAhead", "(?=a)b", "invalid perl operator"},
                             {"TooMuch", "((a{100}){100}){100}", "invalid repetition size: {100}"},
                             {"Endless", "a+", "endless"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::guardrails
