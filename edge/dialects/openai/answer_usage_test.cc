#include "edge/dialects/openai/answer_usage.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <string>

#include "common/text/token_scan.h"
#include "edge/dialects/openai/answer_text.h"

namespace weir::edge::openai {
namespace {

struct UsageCase {
  std::string_view name, usage, want;  // A proto's text; "none": there is none.
};
class ReadUsageTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(ReadUsageTest, SplitsInclusiveFiguresIntoDisjointParts) {
  const auto usage = ReadUsage(R"({"id":"c","usage":)" + std::string(GetParam().usage) + "}");
  std::string text = "none";
  if (usage) {
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    printer.PrintToString(*usage, &text);
    if (!text.empty()) text.pop_back();  // A space.
  }
  EXPECT_EQ(text, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Figures, ReadUsageTest,
    ::testing::ValuesIn<UsageCase>({
        {"Plain", R"({"prompt_tokens":10,"completion_tokens":20,"total_tokens":30})",
         "input_uncached_tokens: 10 output_visible_tokens: 20"},
        {"Cached",
         R"({"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}})",
         "input_uncached_tokens: 4 cache_read_tokens: 6 output_visible_tokens: 1"},
        {"Reasoning",
         R"({"prompt_tokens":1,"completion_tokens":20,"completion_tokens_details":{"reasoning_tokens":15}})",
         "input_uncached_tokens: 1 output_visible_tokens: 5 reasoning_tokens: 15"},
        {"Audio",
         R"({"prompt_tokens":10,"completion_tokens":20,"prompt_tokens_details":{"audio_tokens":3,"cached_tokens":2},"completion_tokens_details":{"audio_tokens":4,"reasoning_tokens":5}})",
         "input_uncached_tokens: 5 cache_read_tokens: 2 output_visible_tokens: 11 "
         "reasoning_tokens: 5 audio_input_tokens: 3 audio_output_tokens: 4"},
        {"Embeddings", R"({"prompt_tokens":8,"total_tokens":8})", "input_uncached_tokens: 8"},
        {"ExplicitZero", R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})", ""},
        {"TotalDiffers", R"({"prompt_tokens":10,"completion_tokens":20,"total_tokens":31})",
         "input_uncached_tokens: 10 output_visible_tokens: 20 inconsistent: true"},
        {"OnlyTotal", R"({"total_tokens":7})", "input_uncached_tokens: 7 inconsistent: true"},
        {"PartsOverTheWhole",
         R"({"prompt_tokens":5,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":9,"audio_tokens":9},"completion_tokens_details":{"reasoning_tokens":9}})",
         "cache_read_tokens: 5 reasoning_tokens: 5"},
        {"Negative", R"({"prompt_tokens":-5,"completion_tokens":3})", "output_visible_tokens: 3"},
        {"DetailsNull",
         R"({"prompt_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}})",
         "input_uncached_tokens: 5"},
        {"NotNumbers", R"({"prompt_tokens":"5","completion_tokens":3})",
         "output_visible_tokens: 3"},
        {"BeyondReason",
         R"({"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807})",
         "input_uncached_tokens: 1000000000000 output_visible_tokens: 1000000000000"},
        {"Null", "null", "none"},
        {"EmptyObject", "{}", "none"},
        {"OtherMembersOnly", R"({"prompt_tokens_details":{"cached_tokens":1}})", "none"},
        {"NotAnObject", "[10,20]", "none"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReadUsageTest, IsNoneWhereThereIsNoAnswer) {
  for (const std::string_view json : {"", "{", "[]", "\"usage\"", "{}", R"({"usage":{"a":1})"}) {
    EXPECT_FALSE(ReadUsage(json).has_value()) << json;
  }
}

TEST(ReadUsageTest, TotalsAreTheSumOfTheParts) {
  const auto usage = ReadUsage(
      R"({"usage":{"prompt_tokens":10,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":6,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":15,"audio_tokens":2}}})");
  ASSERT_TRUE(usage.has_value());
  EXPECT_EQ(TotalTokens(*usage), 30);
  EXPECT_EQ(OutputTokens(*usage), 20);
}

struct MessageCase {
  std::string_view name, json, want;
};
class ErrorMessageTest : public ::testing::TestWithParam<MessageCase> {};
TEST_P(ErrorMessageTest, IsTheProviders) {
  EXPECT_EQ(ReadErrorObject(GetParam().json).message, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Answers, ErrorMessageTest,
                         ::testing::ValuesIn<MessageCase>({
                             {"OpenAI", R"({"error":{"message":"no","type":"x"}})", "no"},
                             {"Escaped", R"({"error":{"message":"a\nb\u00e9"}})", "a\nb\xc3\xa9"},
                             {"Text", R"({"error":"no"})", ""},
                             {"Null", R"({"error":{"message":null}})", ""},
                             {"Html", "<html>502</html>", ""},
                             {"Cut", R"({"error":{"message":"n)", ""},
                             {"Nothing", "", ""},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ErrorMessageTest, IsBoundedAndCutBetweenCharacters) {
  std::string text;
  while (text.size() < 600) text += "\xe4\xbd\xa0";  // Three bytes each: 500 is inside of one.
  const std::string message = ReadErrorObject(R"({"error":{"message":")" + text + "\"}}").message;
  EXPECT_LE(message.size(), 500U);
  EXPECT_EQ(message.size() % 3, 0U);
}

TEST(HasErrorTest, IsForATopLevelErrorThatIsNotNull) {
  EXPECT_TRUE(HasError(R"({"error":{}})"));
  EXPECT_TRUE(HasError(R"({"id":1,"error":"x"})"));
  EXPECT_FALSE(HasError(R"({"error":null})"));
  EXPECT_FALSE(HasError(R"({"choices":[{"error":{}}]})"));
  EXPECT_FALSE(HasError("nonsense"));
}

struct TextCase {
  std::string_view name, json, text;
};
class AnswerTextTest : public ::testing::TestWithParam<TextCase> {};
TEST_P(AnswerTextTest, IsCounted) {
  EXPECT_EQ(CountAnswerTokens(GetParam().json), text::EstimateTokens(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Answers, AnswerTextTest,
    ::testing::ValuesIn<TextCase>({
        {"Content", R"({"choices":[{"message":{"role":"assistant","content":"one two"}}]})",
         "one two"},
        {"ContentNull", R"({"choices":[{"message":{"role":"assistant","content":null}}]})", ""},
        {"TwoChoices",
         R"({"choices":[{"message":{"content":"one "}},{"message":{"content":"two"}}]})",
         "one two"},
        {"Parts", R"({"choices":[{"message":{"content":[{"type":"text","text":"one"}]}}]})", "one"},
        {"Reasoning", R"({"choices":[{"message":{"reasoning_content":"think","content":" do"}}]})",
         "think do"},
        {"ToolCalls",
         R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}}]})",
         R"(f{"a":1})"},
        {"NoChoices", R"({"object":"list","data":[]})", ""},
        {"NotJson", "nonsense", ""},
        {"Nothing", "", ""},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::openai
