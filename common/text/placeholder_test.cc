#include "common/text/placeholder.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::text {
namespace {

PlaceholderMap Values() {
  PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "ann@example.com");
  values.Add("[[EMAIL-12]]", "bob@example.com");
  values.Add("[[CARD-1]]", "[[EMAIL-1]]");
  return values;
}

std::string Restored(std::string_view text, size_t step) {
  const PlaceholderMap values = Values();
  Restorer restorer(values);
  std::string restored;
  for (size_t at = 0; at < text.size(); at += step) {
    restored += restorer.Feed(text.substr(at, step), false);
    EXPECT_LT(restorer.held(), kLongestWritten);
  }
  restored += restorer.Feed("", true);
  EXPECT_EQ(restorer.held(), 0U);
  return restored;
}

struct Case {
  std::string_view name, text, want;
};
class RestorerTest : public ::testing::TestWithParam<Case> {};

TEST_P(RestorerTest, PutsBackWhatIsThisRequestsWhereverItIsCut) {
  for (size_t step = 1; step <= GetParam().text.size() + 1; ++step) {
    EXPECT_EQ(Restored(GetParam().text, step), GetParam().want) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Written, RestorerTest,
                         ::testing::ValuesIn<Case>({
                             {"AsItWas", "to [[EMAIL-1]].", "to ann@example.com."},
                             {"LongerNumber", "[[EMAIL-12]]", "bob@example.com"},
                             {"OtherCase", "[[email-1]] and [[Email-1]]",
                              "ann@example.com and ann@example.com"},
                             {"Spaced", "[[ EMAIL - 1 ]]", "ann@example.com"},
                             {"SpacedBrackets", "[ [EMAIL-1] ]", "ann@example.com"},
                             {"Underscore", "[[EMAIL_1]]", "ann@example.com"},
                             {"OuterBracketLost", "[EMAIL-1]", "ann@example.com"},
                             {"OneLostBehind", "[[EMAIL-1] x", "ann@example.com x"},
                             {"OneLostBefore", "[EMAIL-1]] x", "ann@example.com x"},
                             {"Twice", "[[EMAIL-1]][[EMAIL-12]]", "ann@example.combob@example.com"},
                             {"InALink", "[mail]([[EMAIL-1]])", "[mail](ann@example.com)"},
                             {"MoreBrackets", "[[[EMAIL-1]]]", "[ann@example.com]"},
                             {"SpaceBehindStays", "[[EMAIL-1]] x", "ann@example.com x"},
                             {"NotReadAgain", "[[CARD-1]]", "[[EMAIL-1]]"},
                             {"UnknownNumber", "[[EMAIL-3]]", "[[EMAIL-3]]"},
                             {"UnknownType", "[[PHONE-1]]", "[[PHONE-1]]"},
                             {"NoNumber", "[[EMAIL]]", "[[EMAIL]]"},
                             {"LeadingZero", "[[EMAIL-01]]", "[[EMAIL-01]]"},
                             {"TwoSpaces", "[[EMAIL  -1]]", "[[EMAIL  -1]]"},
                             {"NotClosed", "[[EMAIL-1", "[[EMAIL-1"},
                             {"LongNumber", "[[EMAIL-12345]]", "[[EMAIL-12345]]"},
                             {"LongType", "[[EMAILEMAILEMAIL-1]]", "[[EMAILEMAILEMAIL-1]]"},
                             {"ManyBrackets", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                              "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["},
                             {"Array", "a[1] = [2, [3]]", "a[1] = [2, [3]]"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(PlaceholderTest, WhatIsWrittenIsRead) {
  for (int number : {1, 42, kMostPlaceholders}) {
    const std::string written = FormatPlaceholder("IBAN", number);
    const PlaceholderRead read = ReadPlaceholder(written + " x", true);
    EXPECT_EQ(read.kind, PlaceholderRead::Kind::kFound);
    EXPECT_EQ(read.canonical, written);
    EXPECT_EQ(read.length, written.size());
  }
}

TEST(PlaceholderTest, AnOpenOneIsShorterThanItsBound) {
  const std::string text = "[ [ ABCDEFGHIJKL - 1234 ] ]";
  EXPECT_LE(text.size(), kLongestWritten);
  EXPECT_EQ(ReadPlaceholder(text, true).kind, PlaceholderRead::Kind::kFound);
}

}  // namespace
}  // namespace weir::text
