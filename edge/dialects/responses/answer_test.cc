#include "edge/dialects/responses/answer.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <string>

#include "common/text/token_scan.h"

namespace weir::edge::responses {
namespace {

std::string Text(const std::optional<common::v1::Usage>& usage) {
  if (!usage) return "none";
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.PrintToString(*usage, &text);
  if (!text.empty()) text.pop_back();  // A space.
  return text;
}

struct UsageCase {
  std::string_view name, json, want;  // A proto's text; "none": there is none.
};
class ResponsesUsageTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(ResponsesUsageTest, SplitsInclusiveFiguresIntoDisjointParts) {
  EXPECT_EQ(Text(ReadUsage(GetParam().json)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Figures, ResponsesUsageTest,
    ::testing::ValuesIn<UsageCase>({
        {"Plain", R"({"usage":{"input_tokens":10,"output_tokens":20,"total_tokens":30}})",
         "input_uncached_tokens: 10 output_visible_tokens: 20"},
        {"Details",
         R"({"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":6},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":15},"total_tokens":30}})",
         "input_uncached_tokens: 4 cache_read_tokens: 6 output_visible_tokens: 5 "
         "reasoning_tokens: 15"},
        {"InAnEvent",
         R"({"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2"},
        {"ExplicitZero", R"({"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0}})", ""},
        {"TotalDiffers", R"({"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":4}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2 inconsistent: true"},
        {"OnlyTotal", R"({"usage":{"total_tokens":4}})",
         "input_uncached_tokens: 4 inconsistent: true"},
        {"PartsOverTheWhole",
         R"({"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":5},"output_tokens":2}})",
         "cache_read_tokens: 1 output_visible_tokens: 2"},
        {"NamesOfChat", R"({"usage":{"prompt_tokens":1,"completion_tokens":2}})", "none"},
        {"Null", R"({"usage":null})", "none"},
        {"NoObject", R"({"usage":"3"})", "none"},
        {"Missing", R"({"id":"resp_1"})", "none"},
        {"Array", "[]", "none"},
        {"NotJson", R"({"usage":{)", "none"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

class ResponsesTailTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(ResponsesTailTest, FindsTheUsageOfTheWhole) {
  EXPECT_EQ(Text(ReadUsageOfTail(GetParam().json)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Tails, ResponsesTailTest,
    ::testing::ValuesIn<UsageCase>({
        {"Last", R"(ext"}],"usage":{"input_tokens":1,"output_tokens":2}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2"},
        {"OthersBehind",
         R"("}],"usage":{"input_tokens":1,"output_tokens":2},"user":null,"metadata":{}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2"},
        {"MetadataOfThatName",
         R"(,"usage":{"input_tokens":1,"output_tokens":2},"metadata":{"usage":"none"}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2"},
        {"MetadataThatQuotes",
         R"(,"usage":{"input_tokens":1,"output_tokens":2},"metadata":{"a":"\"usage\":{\"input_tokens\":0}"}})",
         "input_uncached_tokens: 1 output_visible_tokens: 2"},
        {"Cut", R"(,"usage":{"input_tokens":1,"outp)", "none"},
        {"None", R"("text"}]})", "none"},
        {"Empty", "", "none"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct TextCase {
  std::string_view name, output, text;
};
class ResponsesTextTest : public ::testing::TestWithParam<TextCase> {};

TEST_P(ResponsesTextTest, CountsWhatTheModelWrote) {
  const std::string json = fmt::format(R"({{"id":"a b c d","output":{}}})", GetParam().output);
  EXPECT_EQ(CountAnswerTokens(json), text::EstimateTokens(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Outputs, ResponsesTextTest,
    ::testing::ValuesIn<TextCase>({
        {"Message",
         R"([{"id":"msg one two","type":"message","role":"assistant","content":[{"type":"output_text","text":"hello world","annotations":[{"title":"not this","url":"http://a/b"}]}]}])",
         "hello world"},
        {"Refusal", R"([{"content":[{"type":"refusal","refusal":"I cannot"}]}])", "I cannot"},
        {"Call",
         R"([{"type":"function_call","call_id":"call_1 2 3","name":"get","arguments":"{\"a\":1}"}])",
         R"({"a":1})"},
        {"Reasoning",
         R"([{"type":"reasoning","encrypted_content":"QUJD","summary":[{"type":"summary_text","text":"think hard"}]}])",
         "think hard"},
        {"SeveralItems", R"([{"content":[{"text":"one "}]},{"content":[{"text":"two"}]}])",
         "one two"},
        {"Nothing", "[]", ""},
        {"NoList", "7", ""},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ResponsesTextTest, WhatIsNoAnswerHasNoText) {
  EXPECT_EQ(CountAnswerTokens(""), 0);
  EXPECT_EQ(CountAnswerTokens(R"({"output":[{"text":"cut)"), 0);
}

}  // namespace
}  // namespace weir::edge::responses
