#include "services/cache/answer_text.h"

#include <gtest/gtest.h>

#include "services/cache/exact_text.h"

namespace weir::cache {
namespace {

struct EqualCase {
  std::string_view name, a, b;
  bool equal = true;
};
class AnswerKeyTest : public ::testing::TestWithParam<EqualCase> {};

v1::Recording Of(std::string_view body) {
  v1::Recording recording;
  recording.set_kind("chat");
  recording.set_body(std::string(body));
  return recording;
}

TEST_P(AnswerKeyTest, ComparesWhatIsSaid) {
  EXPECT_EQ(AnswerKey(Of(GetParam().a)) == AnswerKey(Of(GetParam().b)), GetParam().equal);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AnswerKeyTest,
    ::testing::ValuesIn<EqualCase>({
        {"OtherIds", R"({"id":"1","created":5,"choices":[{"message":{"content":"Yes."}}]})",
         R"({"id":"2","created":6,"choices":[{"message":{"content":"Yes."}}],"usage":{"x":1}})"},
        {"OtherSpaces", R"({"choices":[{"message":{"content":"Yes,  of course.\n"}}]})",
         R"({"choices":[{"message":{"content":"Yes, of course."}}]})"},
        {"OtherText", R"({"choices":[{"message":{"content":"Yes."}}]})",
         R"({"choices":[{"message":{"content":"No."}}]})", false},
        {"OtherCut", R"({"choices":[{"message":{"content":"ab"}},{"message":{"content":"c"}}]})",
         R"({"choices":[{"message":{"content":"a"}},{"message":{"content":"bc"}}]})", false},
        {"Responses",
         R"({"id":"r1","output":[{"id":"m","content":[{"type":"output_text","text":"Yes."}]}]})",
         R"({"id":"r2","output":[{"id":"n","content":[{"type":"output_text","text":"Yes."}]}]})"},
        {"OtherResponses", R"({"output":[{"content":[{"type":"output_text","text":"Yes."}]}]})",
         R"({"output":[{"content":[{"type":"output_text","text":"No."}]}]})", false},
        {"OtherCall",
         R"({"choices":[{"message":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}}]})",
         R"({"choices":[{"message":{"tool_calls":[{"id":"2","function":{"name":"g","arguments":"{}"}}]}}]})",
         false},
        {"SameCall",
         R"({"choices":[{"message":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}}]})",
         R"({"choices":[{"message":{"tool_calls":[{"id":"2","function":{"name":"f","arguments":"{}"}}]}}]})"},
        {"NoJson", "one", "two", false},
        {"NothingSaid", R"({"id":"1"})", R"({"id":"2"})", false},
    }),
    [](const auto& each) { return std::string(each.param.name); });

TEST(AnswerTextTest, DoesNotFollowDepths) {
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += R"({"content":)";
  deep += "\"x\"" + std::string(500, '}');
  EXPECT_EQ(AnswerText(Of(deep)), deep);
}

struct FoldCase {
  std::string_view name, text, folded;
};
class FoldedTextTest : public ::testing::TestWithParam<FoldCase> {};
TEST_P(FoldedTextTest, Folds) { EXPECT_EQ(FoldedText(GetParam().text), GetParam().folded); }
INSTANTIATE_TEST_SUITE_P(Table, FoldedTextTest,
                         ::testing::ValuesIn<FoldCase>({
                             {"Empty", "", ""},
                             {"Ends", "  a \n", "a"},
                             {"Spaces", "a \t b", "a b"},
                             {"Lines", "a \r\n\r\n b", "a\nb"},
                             {"CaseCounts", "A a", "A a"},
                             {"Composed", "caf\xC3\xA9", "cafe\xCC\x81"},
                             {"Decomposed", "cafe\xCC\x81", "cafe\xCC\x81"},
                             {"NoUtf8", "a\xFF  b", "a\xFF b"},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace weir::cache
