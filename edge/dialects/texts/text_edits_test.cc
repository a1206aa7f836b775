#include "edge/dialects/texts/text_edits.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::edge::texts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Pair;
using testing::StatusIs;

constexpr std::string_view kBody =
    R"({"messages":[{"role":"user","content":"mail ann@x.test, grüß"},)"
    R"({"role":"assistant","tool_calls":[{"function":{"arguments":"{\"to\":\"bob@x.test\"}"}}]}],"user":"u"})";

struct Given {
  uint32_t part, offset, length;
  std::string replacement;
  bool restore = false;
};
Edits Made(const std::vector<Given>& given) {
  Edits edits;
  for (const Given& each : given) {
    auto& edit = *edits.Add();
    edit.set_part(each.part);
    edit.set_offset(each.offset);
    edit.set_length(each.length);
    edit.set_replacement(each.replacement);
    edit.set_restore(each.restore);
  }
  return edits;
}

absl::StatusOr<EditedBody> Edited(const std::vector<Given>& given) {
  const auto texts = ReadRequestTexts(kBody);
  EXPECT_THAT(texts, IsOk());
  // The service saw these two.
  return ApplyEdits(kBody, *texts, {0, 1}, Made(given), true);
}

TEST(ApplyEditsTest, ReplacesAndRemembers) {
  const auto edited = Edited(
      {{0, 0, 0, "Please "}, {0, 5, 10, "[[EMAIL-1]]", true}, {1, 0, 10, "[[EMAIL-2]]", true}});
  ASSERT_THAT(edited, IsOk());
  EXPECT_EQ(
      edited->bytes,
      R"({"messages":[{"role":"user","content":"Please mail [[EMAIL-1]], grüß"},)"
      R"({"role":"assistant","tool_calls":[{"function":{"arguments":"{\"to\":\"[[EMAIL-2]]\"}"}}]}],"user":"u"})");
  ASSERT_NE(edited->values.Find("[[EMAIL-1]]"), nullptr);
  EXPECT_EQ(*edited->values.Find("[[EMAIL-1]]"), "ann@x.test");
  EXPECT_EQ(*edited->values.Find("[[EMAIL-2]]"), "bob@x.test");
}

TEST(ApplyEditsTest, WhatIsNotToBePutBackIsForgotten) {
  const auto edited = Edited({{0, 5, 10, "[[EMAIL-1]]", false}});
  ASSERT_THAT(edited, IsOk());
  EXPECT_TRUE(edited->values.empty());
}

struct WrongCase {
  std::string_view name;
  std::vector<Given> edits;
};
class WrongEditsTest : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongEditsTest, AreRefused) {
  EXPECT_THAT(Edited(GetParam().edits),
              StatusIs(absl::StatusCode::kInternal, Not(HasSubstr("ann@"))));
}
INSTANTIATE_TEST_SUITE_P(Edits, WrongEditsTest,
                         ::testing::ValuesIn<WrongCase>({
                             {"NoSuchPart", {{2, 0, 1, ""}}},
                             {"BeyondTheText", {{0, 20, 7, ""}}},
                             {"FarBeyondTheText", {{0, 4294967295, 4294967295, ""}}},
                             {"Overlapping", {{0, 5, 10, ""}, {0, 14, 3, ""}}},
                             {"OutOfOrder", {{0, 5, 2, ""}, {0, 0, 1, ""}}},
                             {"PartsOutOfOrder", {{1, 0, 1, ""}, {0, 0, 1, ""}}},
                             {"FromTheMiddleOfACharacter", {{0, 20, 1, ""}}},
                             {"ToTheMiddleOfACharacter", {{0, 18, 2, ""}}},
                             {"PutsBackWhatIsNoPlaceholder", {{0, 5, 10, "****", true}}},
                             {"PutsBackMoreThanAPlaceholder", {{0, 5, 10, "[[EMAIL-1]] ", true}}},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(NumbersTakenTest, TheHighestOfEachType) {
  EXPECT_THAT(NumbersTaken(Made({{0, 0, 1, "[[EMAIL-2]]"},
                                 {0, 2, 1, "[[EMAIL-11]]"},
                                 {0, 3, 1, "[[EMAIL-3]]"},
                                 {0, 4, 1, "[[US_SSN-1]]"},
                                 {0, 5, 1, "[[SSN-1]]"},
                                 {0, 6, 1, "****"}})),
              ElementsAre(Pair("EMAIL", 11), Pair("SSN", 1)));
}

TEST(RestoredTest, PutsValuesBackEscaped) {
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "a\"b@x.test");
  constexpr std::string_view kAnswer =
      R"({"choices":[{"message":{"content":"to [[email-1]] and [[EMAIL-2]]",)"
      R"("tool_calls":[{"function":{"arguments":"{\"to\":\"[[EMAIL-1]]\"}"}}]}}]})";
  const auto texts = ReadAnswerTexts(kAnswer);
  ASSERT_THAT(texts, IsOk());
  EXPECT_EQ(Restored(kAnswer, *texts, values),
            R"({"choices":[{"message":{"content":"to a\"b@x.test and [[EMAIL-2]]",)"
            R"("tool_calls":[{"function":{"arguments":"{\"to\":\"a\\\"b@x.test\"}"}}]}}]})");
}

}  // namespace
}  // namespace weir::edge::texts
