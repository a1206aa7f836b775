#include "services/guardrails/json_path.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

struct CoverCase {
  std::string_view name, path, place;
  bool want;
};
class JsonPathTest : public ::testing::TestWithParam<CoverCase> {};

TEST_P(JsonPathTest, CoversWhatIsThereAndBelow) {
  const auto path = JsonPath::Parse(GetParam().path);
  ASSERT_THAT(path, IsOk());
  EXPECT_EQ(path->Covers(GetParam().place), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Places, JsonPathTest,
    ::testing::ValuesIn<CoverCase>({
        {"Same", "$.messages[0].content", "$.messages[0].content", true},
        {"Below", "$.messages[0].content", "$.messages[0].content[1].text", true},
        {"Above", "$.messages[0].content", "$.messages[0]", false},
        {"AnotherElement", "$.messages[0].content", "$.messages[1].content", false},
        {"TenIsNotOne", "$.messages[1].content", "$.messages[10].content", false},
        {"AnotherName", "$.messages[0].content", "$.messages[0].contents", false},
        {"Every", "$.messages[*].content", "$.messages[17].content", true},
        {"EveryIsNoName", "$.messages[*]", "$.messages.content", false},
        {"Root", "$", "$.input", true},
        {"Quoted", "$['in.put'].x", "$[\"in.put\"].x", true},
        {"QuotedIsAName", "$['input']", "$.input", true},
        {"NoPlace", "$.input", "", false},
        {"Malformed", "$.input", "$..input", false},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct BadCase {
  std::string_view name, path, want;
};
class BadJsonPathTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadJsonPathTest, IsRefused) {
  EXPECT_THAT(JsonPath::Parse(GetParam().path),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(Paths, BadJsonPathTest,
                         ::testing::ValuesIn<BadCase>({
                             {"Empty", "", "begin with '$'"},
                             {"NoRoot", "messages[0]", "begin with '$'"},
                             {"TwoDots", "$..content", "at byte 1"},
                             {"DotAtTheEnd", "$.messages.", "at byte 10"},
                             {"OpenBracket", "$.messages[0", "at byte 10"},
                             {"NoIndex", "$.messages[]", "at byte 10"},
                             {"Negative", "$.messages[-1].content", "at byte 10"},
                             {"Filter", "$.messages[?(@.role)]", "at byte 10"},
                             {"OpenQuote", "$['messages", "at byte 1"},
                             {"Nonsense", "$messages", "at byte 1"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(JsonPathBoundTest, IsNoLongerThanItMayBe) {
  EXPECT_THAT(JsonPath::Parse("$." + std::string(254, 'a')), IsOk());
  EXPECT_THAT(JsonPath::Parse("$." + std::string(255, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("257 bytes")));
}

}  // namespace
}  // namespace weir::guardrails
