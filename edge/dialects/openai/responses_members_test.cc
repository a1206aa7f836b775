#include "edge/dialects/openai/responses_members.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/padded.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge::openai {
namespace {

using ::testing::HasSubstr;
using ::weir::edge::testing::Padded;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

absl::StatusOr<RequestBody> Read(std::string_view json) {
  RequestReader reader;
  return reader.Read(routing::v1::API_KIND_RESPONSES, Padded(json).view());
}
RequestBody ReadGood(std::string_view json) {
  auto body = Read(json);
  EXPECT_THAT(body, IsOk()) << json;
  return body.ok() ? *body : RequestBody{};
}
std::string_view At(std::string_view json, const Member& member) {
  return member.present ? json.substr(member.value.offset, member.value.length) : "absent";
}

TEST(ResponsesMembersTest, ReadsWhatTheGatewayNeeds) {
  constexpr std::string_view kJson =
      R"({ "model" : "gpt-5", "input":"hi", "stream": true, "max_output_tokens" : 64,)"
      R"( "n": 7, "max_tokens": "x", "stream_options": {"include_obfuscation": false}})";
  const RequestBody body = ReadGood(kJson);
  EXPECT_EQ(body.model, "gpt-5");
  EXPECT_EQ(At(kJson, body.model_at), "\"gpt-5\"");
  EXPECT_TRUE(body.stream);
  EXPECT_EQ(body.output_tokens_declared, 64);
  EXPECT_EQ(At(kJson, body.max_output_tokens_at), "64");
  EXPECT_EQ(body.choices, 1) << "this API has no n";
  EXPECT_FALSE(body.max_tokens_at.present) << "nor this one";
  EXPECT_FALSE(body.usage_asked);
}

TEST(ResponsesMembersTest, NullMeansAbsent) {
  const RequestBody body = ReadGood(
      R"({"input":"hi","stream":null,"max_output_tokens":null,"instructions":null,"background":null})");
  EXPECT_FALSE(body.stream);
  EXPECT_FALSE(body.output_tokens_declared.has_value());
  EXPECT_TRUE(body.max_output_tokens_at.present);
}

struct GoodCase {
  std::string_view name, json;
};
class ResponsesTakenTest : public ::testing::TestWithParam<GoodCase> {};

TEST_P(ResponsesTakenTest, Is) { EXPECT_THAT(Read(GetParam().json), IsOk()); }
INSTANTIATE_TEST_SUITE_P(
    Requests, ResponsesTakenTest,
    ::testing::ValuesIn<GoodCase>({
        {"Text", R"({"input":"hi"})"},
        {"Items", R"({"input":[{"role":"user","content":"hi"},{"type":"item_reference"}]})"},
        {"OfAPrompt", R"({"prompt":{"id":"pmpt_1"}})"},
        {"OfAConversation", R"({"conversation":"conv_1","input":[]})"},
        {"Continued", R"({"previous_response_id":"resp_1"})"},
        {"InTheForeground", R"({"input":"hi","background":false})"},
        {"MembersOfTomorrow", R"({"input":"hi","new":{"a":[1,null]},"messages":7})"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct FaultCase {
  std::string_view name, json, param, why;
};
class ResponsesFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(ResponsesFaultTest, NamesTheMember) {
  const auto body = Read(GetParam().json);
  ASSERT_THAT(body, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().why)));
  const auto bad = status::Detail<common::v1::BadFields>(body.status());
  EXPECT_EQ(bad ? bad->fields(0).path() : "", GetParam().param);
}
std::string Deep(int levels) {
  return R"({"input":"hi","x":)" + std::string(static_cast<size_t>(levels), '[') +
         std::string(static_cast<size_t>(levels), ']') + "}";
}
const std::string& TooDeep() {
  static const std::string json = Deep(64);
  return json;
}
INSTANTIATE_TEST_SUITE_P(
    Requests, ResponsesFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"NoInput", R"({"model":"m"})", "input", "missing"},
        {"InputNull", R"({"input":null})", "input", "missing"},
        {"InputEmpty", R"({"input":[]})", "input", "missing"},
        {"PromptNull", R"({"prompt":null})", "input", "missing"},
        {"InputNumber", R"({"input":7})", "input", "string or an array"},
        {"InputObject", R"({"input":{}})", "input", "string or an array"},
        {"ItemText", R"({"input":[{},"hi"]})", "input[1]", "not an object"},
        {"ModelNumber", R"({"input":"hi","model":7})", "model", "not a string"},
        {"ModelEmpty", R"({"input":"hi","model":""})", "model", "1 to 200"},
        {"StreamText", R"({"input":"hi","stream":"yes"})", "stream", "true or false"},
        {"CapZero", R"({"input":"hi","max_output_tokens":0})", "max_output_tokens", "whole number"},
        {"CapFraction", R"({"input":"hi","max_output_tokens":1.5})", "max_output_tokens",
         "whole number"},
        {"InstructionsList", R"({"input":"hi","instructions":[]})", "instructions", "not a string"},
        {"Background", R"({"input":"hi","background":true})", "background", "not supported"},
        {"BackgroundText", R"({"input":"hi","background":"no"})", "background", "true or false"},
        {"KeyTwice", R"({"input":"a","input":"b"})", "input", "twice"},
        {"KeyTwiceEscaped", R"({"input":"a","inpu\u0074":"b"})", "input", "twice"},
        {"KeyTwiceInAnItem", R"({"input":[{"content":[{"text":"a","text":"b"}]}]})",
         "input[0].content[0].text", "twice"},
        {"KeyTwiceInATool", R"({"input":"hi","tools":[{"name":"a","name":"b"}]})", "tools[0].name",
         "twice"},
        {"KeyTwiceElsewhere", R"({"input":"hi","metadata":{"a":"1","a":"2"}})", "metadata.a",
         "twice"},
        {"TooDeep", TooDeep(), "", "64 levels"},
        {"NotJson", R"({"input":)", "", "not valid JSON"},
        {"NotUtf8", "{\"input\":\"\xff\"}", "", "UTF-8"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ResponsesMembersTest, MayBeAsDeepAsAChat) { EXPECT_THAT(Read(Deep(63)), IsOk()); }

// --- Estimates ---

struct EstimateCase {
  std::string_view name, json;
  int64_t bound;
};
class ResponsesEstimateTest : public ::testing::TestWithParam<EstimateCase> {};

TEST_P(ResponsesEstimateTest, BoundsThePrompt) {
  const RequestBody body = ReadGood(GetParam().json);
  EXPECT_EQ(body.input_tokens_bound, GetParam().bound);
  EXPECT_GT(body.input_tokens_likely, 0);
  EXPECT_LE(body.input_tokens_likely, body.input_tokens_bound);
}
INSTANTIATE_TEST_SUITE_P(
    Prompts, ResponsesEstimateTest,
    ::testing::ValuesIn<EstimateCase>({
        {"Text", R"({"input":"hello"})", 5 + 8},
        {"Instructions", R"({"input":"hello","instructions":"be kind"})", 5 + 7 + 16},
        {"Items",
         R"({"input":[{"role":"user","content":"hello"},{"role":"user","content":[{"type":"input_text","text":"you"}]}]})",
         5 + 3 + 16},
        {"Image",
         R"({"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]})",
         1700 + 8},
        {"OutputOfACall",
         R"({"input":[{"type":"function_call_output","call_id":"c1","output":"sunny"}]})",
         2 + 5 + 8},
        {"Tools", R"({"input":"hello","tools":[{"type":"function"}]})", 5 + 8 + 21},
        {"Schema", R"({"input":"hello","text":{"format":{"type":"json_schema"}}})", 5 + 8 + 33},
        {"OthersAreNoPrompt", R"({"input":"hello","metadata":{"a":"b c d"},"user":"u"})", 5 + 8},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- Splices ---

struct SpliceCase {
  std::string_view name, json, want;
  Changes changes;
};
class ResponsesSpliceTest : public ::testing::TestWithParam<SpliceCase> {};

TEST_P(ResponsesSpliceTest, ChangesOnlyWhatItMust) {
  const Padded body(GetParam().json);
  RequestReader reader;
  const auto read = reader.Read(routing::v1::API_KIND_RESPONSES, body.view());
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(Splice(body.view(), *read, GetParam().changes), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Bodies, ResponsesSpliceTest,
    ::testing::ValuesIn<SpliceCase>({
        {"Nothing", R"({"input" : "hi"})", R"({"input" : "hi"})", {}},
        {"Model",
         R"({"model": "a", "input":"hi"})",
         R"({"model": "b", "input":"hi"})",
         {.model = "b"}},
        {"NoModel", R"({"input":"hi"})", R"({"model":"b","input":"hi"})", {.model = "b"}},
        {"Cap",
         R"({"input":"hi","max_output_tokens": 500 })",
         R"({"input":"hi","max_output_tokens": 7 })",
         {.output_cap = 7, .cap_field = "max_output_tokens"}},
        {"CapNull",
         R"({"max_output_tokens":null,"input":"hi"})",
         R"({"max_output_tokens":7,"input":"hi"})",
         {.output_cap = 7, .cap_field = "max_output_tokens"}},
        {"NoCap",
         R"({"input":"hi"})",
         R"({"max_output_tokens":7,"input":"hi"})",
         {.output_cap = 7, .cap_field = "max_output_tokens"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::openai
