#include "services/guardrails/custom_pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "common/testing/status_matchers.h"
#include "services/guardrails/known_expressions.h"
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

// As they are written in policies of other gateways.
constexpr std::string_view kEmail = R"([a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,})";
constexpr std::string_view kPhone =
    R"((?:\+?[0-9]{1,3}[-. ]?)?\(?[0-9]{3}\)?[-. ]?[0-9]{3}[-. ]?[0-9]{4})";
const std::string kLong(300, 'a');

struct Case {
  std::string_view name, expression, text;
  std::vector<std::string> want;
};
class CustomPatternTest : public ::testing::TestWithParam<Case> {};

TEST_P(CustomPatternTest, FindsTheLongestFromLeftToRight) {
  EXPECT_EQ(All(Compiled(GetParam().expression), GetParam().text), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, CustomPatternTest,
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
        {"Email", kEmail, "Ann <a.b+c@mail.x.org>, b@c.io.", {"a.b+c@mail.x.org", "b@c.io"}},
        {"Ssn", R"(\b\d{3}-\d{2}-\d{4}\b)", "541-41-5920, 1541-41-5920", {"541-41-5920"}},
        {"Phone",
         kPhone,
         "+1 (503) 275-7607 or 503.275.7607x",
         {"+1 (503) 275-7607", "503.275.7607"}},
        {"AnyPhone",
         kAnyPhoneNumber,
         "+49 (0)30-123456, 1234567, 12345678",
         {"+49 (0)30-123456", "12345678"}},
        {"Endless",
         "a+",
         std::string_view(kLong).substr(0, 300),
         {kLong.substr(0, 254), kLong.substr(0, 46)}},
        {"EndlessWithABorder", R"(\ba+\b)", std::string_view(kLong).substr(0, 255), {}},
        {"AsLongAsCanBe",
         R"(\ba+\b)",
         std::string_view(kLong).substr(0, 254),
         {kLong.substr(0, 254)}},
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

struct ValidatorCase {
  std::string_view name, expression;
  Validator validator;
  std::string_view text;
  std::vector<std::string> want;
};
class CustomPatternValidatorTest : public ::testing::TestWithParam<ValidatorCase> {};

TEST_P(CustomPatternValidatorTest, LeavesOutWhatDoesNotPass) {
  const CustomPattern pattern =
      Compiled(GetParam().expression, {.validator = GetParam().validator});
  EXPECT_EQ(All(pattern, GetParam().text), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Texts, CustomPatternValidatorTest,
                         ::testing::ValuesIn<ValidatorCase>({
                             {"Luhn",
                              R"(\b(?:\d{4} ?){4}\b)",
                              Validator::kLuhn,
                              "4111 1111 1111 1111, 4111111111111112",
                              {"4111 1111 1111 1111"}},
                             {"LuhnOfLetters", "[a-z]+", Validator::kLuhn, "abc", {}},
                             {"LuhnOfOneDigit", R"(\d)", Validator::kLuhn, "0", {}},
                             {"Mod97",
                              R"(\b[A-Z]{2}\d{2}[A-Z0-9 ]{10,30}\b)",
                              Validator::kMod97,
                              "DE89 3704 0044 0532 0130 00. DE88370400440532013000",
                              {"DE89 3704 0044 0532 0130 00"}},
                             {"Mod97OfTooFew", R"(\w+)", Validator::kMod97, "0001", {}},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CustomPatternValidatorNameTest, IsReadAsPoliciesWriteIt) {
  EXPECT_EQ(ValidatorNamed(""), Validator::kNone);
  EXPECT_EQ(ValidatorNamed("luhn"), Validator::kLuhn);
  EXPECT_EQ(ValidatorNamed("mod97"), Validator::kMod97);
  EXPECT_EQ(ValidatorNamed("LUHN"), std::nullopt);
}

// What is said before all is there is what will be said then.
RC_GTEST_PROP(CustomPatternProperty, WhatIsSettledStays, ()) {
  static const std::vector<CustomPattern> kPatterns = {
      Compiled(kEmail), Compiled(kPhone), Compiled(kAnyPhoneNumber), Compiled(R"(\ba+\b)"),
      Compiled("(?:ab*)+c{2,}")};
  const std::string text =
      *rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                        "a", "b", "c", "@", ".", "io", " ", "+", "(", ")", "503", "-", "é",
                        std::string(100, 'a'), std::string(120, '1'))),
                    [](const std::vector<std::string>& parts) {
                      std::string all;
                      for (const std::string& each : parts) all += each;
                      return all;
                    });
  if (text.empty()) return;
  const auto at = *rc::gen::inRange<size_t>(0, text.size());
  const auto size = *rc::gen::inRange<size_t>(at + 1, text.size() + 1);
  for (const CustomPattern& each : kPatterns) {
    const size_t none_until = each.At(text, at, true).none_until;
    for (size_t later = at; later < none_until; ++later) {
      RC_ASSERT(each.At(text, later, true).length == 0U);
    }
    const auto early = each.At(std::string_view(text).substr(0, size), at, false);
    if (early.is_open) {
      RC_ASSERT(size - at <= kLongestMatch);
    } else {
      RC_ASSERT(early.length == each.At(text, at, true).length);
    }
  }
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
                             {"LongerThanWhatIsRead", "a{255,}", "at least 255 bytes"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::guardrails
