#include "services/guardrails/deny_list.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "common/testing/status_matchers.h"

namespace weir::guardrails {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

DenyList Compiled(const std::vector<std::string>& phrases, bool parts_of_words = false) {
  auto list = DenyList::Compile(phrases, parts_of_words);
  EXPECT_THAT(list, IsOk());
  return *std::move(list);
}

std::vector<std::string> Texts(const DenyList& list, std::string_view text) {
  std::vector<std::string> all;
  for (const auto& each : list.Find(text)) all.emplace_back(text.substr(each.offset, each.length));
  return all;
}

struct Case {
  std::string_view name;
  std::vector<std::string> phrases;
  bool parts_of_words;
  std::string_view text;
  std::vector<std::string> want;
};
class DenyListTest : public ::testing::TestWithParam<Case> {};

TEST_P(DenyListTest, FindsPhrases) {
  const Case& want = GetParam();
  EXPECT_THAT(Texts(Compiled(want.phrases, want.parts_of_words), want.text),
              ElementsAreArray(want.want));
}
INSTANTIATE_TEST_SUITE_P(
    Phrases, DenyListTest,
    ::testing::ValuesIn<Case>({
        {"Word", {"acme"}, false, "Ask Acme, not acmes, ACME.", {"Acme", "ACME"}},
        {"PartOfAWord", {"acme"}, true, "xacmex", {"acme"}},
        {"RunOfBlanks", {"project  red "}, false, "Project \n\t red!", {"Project \n\t red"}},
        {"OtherBlanks",
         {"project red"},
         false,
         "project\u00a0\u3000red",
         {"project\u00a0\u3000red"}},
        {"BlankIsNeeded", {"project red"}, false, "projectred", {}},
        {"OtherCase", {"straße Ä"}, false, "STRAßE ä", {"STRAßE ä"}},
        {"LongerInLowerCase", {"ⱥ"}, false, "Ⱥ", {"Ⱥ"}},
        {"Disguised", {"project red"}, false, "pr\u200bоject ｒｅｄ!", {"pr\u200bоject ｒｅｄ"}},
        {"DisguisedPhrase", {"ｒｅｄ"}, false, "red", {"red"}},
        {"Marks", {"c++"}, false, "in C++11 or C++", {"C++", "C++"}},
        {"UnderscoreIsOfAWord", {"acme"}, false, "acme_1 _acme", {}},
        {"Chinese", {"机密"}, false, "这是机密文件", {"机密"}},
        {"LetterBeside", {"été"}, false, "étés été", {"été"}},
        {"LongestOfOneEnd", {"b", "a b", "c"}, false, "a b c", {"a b", "c"}},
        {"OneWithinAnother", {"he", "she", "hers"}, true, "ushers", {"she", "hers"}},
        {"ShorterWhereTheLongerHasNoBorder", {"b c", "a b c"}, false, "xa b c", {"b c"}},
        {"NotUtf8",
         {"acme"},
         false,
         "\xff"
         "acme\xc3",
         {"acme"}},
        {"AtBothEnds", {"a"}, false, "a", {"a"}},
        {"Nothing", {"a"}, false, "", {}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DenyListFoundTest, SaysWhichAndWhere) {
  const DenyList list = Compiled({"red", "blue sky", "RED"});
  EXPECT_THAT(list.Find("A red, blue  sky"),
              ElementsAreArray({DenyList::Found{2, 3, 0}, DenyList::Found{7, 9, 1}}));
}

TEST(DenyListFoundTest, IsBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a ";
  EXPECT_THAT(Compiled({"a"}).Find(text), SizeIs(DenyList::kMostFound));
}

TEST(DenyListFoundTest, AWindowOfTheLongestHoldsEveryMatch) {
  const DenyList list = Compiled({"ⱥ b c"});
  const std::string text =
      "Ⱥ" + std::string(DenyList::kBlanks, ' ') + "b" + std::string(DenyList::kBlanks, ' ') + "c";
  ASSERT_THAT(list.Find(text), SizeIs(1));
  EXPECT_GE(list.longest(), text.size() + 8);
}

struct Refusal {
  std::string_view name;
  std::vector<std::string> phrases;
  std::string_view why;
};
class DenyListRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(DenyListRefusalTest, SaysWhy) {
  EXPECT_THAT(DenyList::Compile(GetParam().phrases, false),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().why))));
}
INSTANTIATE_TEST_SUITE_P(
    Phrases, DenyListRefusalTest,
    ::testing::ValuesIn<Refusal>({
        {"None", {}, "0 phrases, want 1 to 1000"},
        {"TooMany", std::vector<std::string>(1001, "a"), "1001 phrases"},
        {"Blanks", {"a", " \n"}, "phrase 1: want more than blanks"},
        {"TooLong", {std::string(129, 'a')}, "phrase 0 has 129 bytes, want at most 128"},
        {"NotUtf8", {"\xff"}, "phrase 0: not UTF-8"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// What is looked for one by one, at every place.
std::vector<DenyList::Found> OneByOne(const std::vector<std::string>& phrases,
                                      std::string_view text) {
  std::vector<DenyList::Found> all;
  for (size_t end = 1; end <= text.size(); ++end) {
    DenyList::Found longest;
    for (size_t i = 0; i < phrases.size(); ++i) {
      const size_t length = phrases[i].size();
      if (length > end || length <= longest.length) continue;
      if (text.substr(end - length, length) == phrases[i]) longest = {end - length, length, i};
    }
    if (longest.length > 0 && all.size() < DenyList::kMostFound) all.push_back(longest);
  }
  return all;
}

RC_GTEST_PROP(DenyListProperty, FindsWhatOneByOneFinds, ()) {
  const auto letters =
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::element('a', 'b')));
  const auto phrases = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(letters));
  const std::string text = *rc::gen::container<std::string>(rc::gen::element('a', 'b'));
  if (std::ranges::any_of(phrases, [](const auto& each) { return each.size() > 128; })) return;
  RC_ASSERT(DenyList::Compile(phrases, true)->Find(text) == OneByOne(phrases, text));
}

}  // namespace
}  // namespace weir::guardrails
