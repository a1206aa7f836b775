#include "common/json/json_path.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::json {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// A chat whose last message calls a tool and says nothing.
const std::vector<std::string_view> kTexts = {
    "$.messages[0].content",
    "$.messages[1].content[0].text",
    "$.messages[1].content[1].text",
    "$.messages[2].name",
    "$.messages[2].tool_calls[0].function.arguments.to",
    "$.metadata['a.b']",
    "$.metadata['it\\'s']",
    "$.user",
};

std::vector<size_t> Chosen(std::string_view path, bool needed) {
  const auto compiled = JsonPath::Compile(path);
  EXPECT_THAT(compiled, IsOk());
  const TextPaths texts(kTexts);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (needed ? texts.IsNeeded(*compiled, i) : texts.IsSelected(*compiled, i)) chosen.push_back(i);
  }
  return chosen;
}

struct SelectCase {
  std::string_view name, path;
  std::vector<size_t> selected;
  std::vector<size_t> needed;
};
class JsonPathSelectTest : public ::testing::TestWithParam<SelectCase> {};

TEST_P(JsonPathSelectTest, Selects) {
  const SelectCase& c = GetParam();
  EXPECT_EQ(Chosen(c.path, false), c.selected);
  EXPECT_EQ(Chosen(c.path, true), c.needed.empty() ? c.selected : c.needed);
}
INSTANTIATE_TEST_SUITE_P(Paths, JsonPathSelectTest,
                         ::testing::ValuesIn<SelectCase>({
                             {"Everything", "$", {0, 1, 2, 3, 4, 5, 6, 7}, {}},
                             {"AMember", "$.user", {7}, {}},
                             {"QuotedMember", "$['user']", {7}, {}},
                             {"DoublyQuotedMember", "$[\"user\"]", {7}, {}},
                             {"MemberWithADot", "$.metadata['a.b']", {5}, {}},
                             {"MemberWithAQuote", "$.metadata['it\\'s']", {6}, {}},
                             {"MemberWithAQuoteInOthers", "$.metadata[\"it's\"]", {6}, {}},
                             {"AllBelowAnObject", "$.metadata", {5, 6}, {}},
                             {"AnElement", "$.messages[1]", {1, 2}, {}},
                             {"EveryElement", "$.messages[*].content", {0, 1, 2}, {}},
                             {"EveryMember", "$.metadata.*", {5, 6}, {}},
                             {"TheLast", "$.messages[-1]", {3, 4}, {}},
                             {"SomethingOfTheLast", "$.messages[-1].name", {3}, {3, 4}},
                             {"WhatTheLastHasNot", "$.messages[-1].content", {}, {3, 4}},
                             {"LastOfEach", "$.messages[*].content[-1].text", {2}, {}},
                             {"ByNameHoweverDeep", "$..text", {1, 2}, {}},
                             {"QuotedHoweverDeep", "$..['text']", {1, 2}, {}},
                             {"HoweverDeepTwice", "$..messages..to", {4}, {}},
                             {"HoweverDeepAndOn", "$..content[0]", {1}, {}},
                             {"Nothing", "$.input", {}, {}},
                             {"NoHalfOfAName", "$.use", {}, {}},
                             {"NothingBelowAText", "$.user.name", {}, {}},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

// One text by itself, as who is sent it judges it.
struct AloneCase {
  std::string_view name, path, place;
  bool want;
};
class JsonPathAloneTest : public ::testing::TestWithParam<AloneCase> {};

TEST_P(JsonPathAloneTest, IsSelected) {
  const auto path = JsonPath::Compile(GetParam().path);
  ASSERT_THAT(path, IsOk());
  EXPECT_EQ(TextPaths({GetParam().place}).IsSelected(*path, 0), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Places, JsonPathAloneTest,
    ::testing::ValuesIn<AloneCase>({
        {"Same", "$.messages[0].content", "$.messages[0].content", true},
        {"Below", "$.messages[0].content", "$.messages[0].content[1].text", true},
        {"Above", "$.messages[0].content", "$.messages[0]", false},
        {"AnotherElement", "$.messages[0].content", "$.messages[1].content", false},
        {"TenIsNotOne", "$.messages[1].content", "$.messages[10].content", false},
        {"AnotherName", "$.messages[0].content", "$.messages[0].contents", false},
        {"Every", "$.messages[*].content", "$.messages[17].content", true},
        {"EveryMemberToo", "$.messages[*]", "$.messages.content", true},
        {"Root", "$", "$.input", true},
        {"Quoted", "$['in.put'].x", "$['in.put'].x", true},
        {"QuotedIsAName", "$['input']", "$.input", true},
        {"NoPlace", "$.input", "", true},
        {"Malformed", "$.input", "$..input", true},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct RefuseCase {
  std::string_view name, path, want;
};
class JsonPathRefuseTest : public ::testing::TestWithParam<RefuseCase> {};

TEST_P(JsonPathRefuseTest, Refuses) {
  EXPECT_THAT(
      JsonPath::Compile(GetParam().path),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().want))));
}
INSTANTIATE_TEST_SUITE_P(Paths, JsonPathRefuseTest,
                         ::testing::ValuesIn<RefuseCase>({
                             {"Empty", "", "begins with \"$\""},
                             {"NoRoot", "messages", "begins with \"$\""},
                             {"Filter", "$.messages[?(@.role=='user')]", "at byte 10, want .name"},
                             {"Slice", "$.messages[1:2]", "at byte 10"},
                             {"Union", "$.messages[0,1]", "at byte 10"},
                             {"OtherNegative", "$.messages[-2]", "at byte 10"},
                             {"PlusSign", "$.messages[+2]", "at byte 10"},
                             {"HugeIndex", "$.messages[1234567890]", "at byte 10"},
                             {"OpenBracket", "$.messages[0", "at byte 10"},
                             {"OpenQuote", "$['a", "at byte 1"},
                             {"OpenEscape", "$['a\\", "at byte 1"},
                             {"TrailingDot", "$.messages.", "at byte 10"},
                             {"EverythingBelow", "$..", "at byte 1"},
                             {"EveryElementBelow", "$..[*]", "at byte 1"},
                             {"EmptyName", "$['']", "1 to 64 bytes"},
                             {"SpaceInAName", "$.a b", "at byte 3"},
                             {"ManySteps", "$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a",
                              "at most 16 steps"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(JsonPathTest, LongOnesAreRefused) {
  EXPECT_THAT(JsonPath::Compile("$." + std::string(65, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 64 bytes")));
  EXPECT_THAT(JsonPath::Compile("$." + std::string(300, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 256")));
}

TEST(JsonPathTest, AnUnreadableTextPathIsSelected) {
  const auto path = JsonPath::Compile("$.user");
  ASSERT_THAT(path, IsOk());
  const TextPaths texts({"user", "$.x[", "$.x[*]", "$.x"});
  EXPECT_TRUE(texts.IsSelected(*path, 0));
  EXPECT_TRUE(texts.IsSelected(*path, 1));
  EXPECT_TRUE(texts.IsSelected(*path, 2));
  EXPECT_FALSE(texts.IsSelected(*path, 3));
}

// What one side selects of everything, the other selects of what it was sent.
TEST(JsonPathTest, WhatIsNeededIsEnough) {
  for (const std::string_view each :
       {"$.messages[-1].content", "$.messages[-1].name", "$.messages[*].content[-1]", "$..text"}) {
    const auto path = JsonPath::Compile(each);
    ASSERT_THAT(path, IsOk());
    const TextPaths all(kTexts);
    // Another policy wants the first message.
    const auto other = JsonPath::Compile("$.messages[0]");
    std::vector<std::string_view> sent, here, there;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all.IsSelected(*path, i)) here.push_back(kTexts[i]);
      if (all.IsNeeded(*path, i) || all.IsNeeded(*other, i)) sent.push_back(kTexts[i]);
    }
    const TextPaths some(sent);
    for (size_t i = 0; i < some.size(); ++i) {
      if (some.IsSelected(*path, i)) there.push_back(sent[i]);
    }
    EXPECT_EQ(here, there) << each;
  }
}

TEST(JsonPathTest, WritesWhatItReads) {
  std::string path = "$";
  AppendName(path, "messages");
  AppendIndex(path, 12);
  AppendName(path, "a b");
  AppendName(path, "it's\\");
  AppendName(path, "0th");
  AppendName(path, "");
  EXPECT_EQ(path, R"($.messages[12]['a b']['it\'s\\']['0th'][''])");
  const auto pattern = JsonPath::Compile(R"($..['it\'s\\']['0th'])");
  ASSERT_THAT(pattern, IsOk());
  EXPECT_TRUE(TextPaths({path}).IsSelected(*pattern, 0));
}

TEST(JsonPathTest, ALongNameIsCutAndIsNoOther) {
  std::string path = "$";
  AppendName(path, std::string(63, 'a') + "ü" + "b");
  EXPECT_EQ(path, "$['" + std::string(63, 'a') + "...']");
  const auto pattern = JsonPath::Compile("$." + std::string(63, 'a'));
  ASSERT_THAT(pattern, IsOk());
  EXPECT_FALSE(TextPaths({path}).IsSelected(*pattern, 0));
}

}  // namespace
}  // namespace weir::json
