#include "edge/dialects/openai/request_body.h"

#include <chrono>

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

using namespace std::string_literals;

constexpr std::string_view kHi = R"("messages":[{"role":"user","content":"hi"}])";

absl::StatusOr<RequestBody> Read(std::string_view json,
                                 routing::v1::ApiKind kind = routing::v1::API_KIND_CHAT) {
  RequestReader reader;
  return reader.Read(kind, Padded(json).view());
}
absl::StatusOr<RequestBody> ReadEmbeddings(std::string_view json) {
  return Read(json, routing::v1::API_KIND_EMBEDDINGS);
}

// A chat request with these members beside its messages.
std::string Chat(std::string_view members) {
  return fmt::format("{{{}{}{}}}", members, members.empty() ? "" : ",", kHi);
}
RequestBody ReadChat(std::string_view members) {
  const std::string json = Chat(members);
  auto body = Read(json);
  EXPECT_THAT(body, IsOk()) << json;
  return body.ok() ? *body : RequestBody{};
}
std::string_view At(std::string_view json, const Member& member) {
  return member.present ? json.substr(member.value.offset, member.value.length) : "absent";
}

TEST(RequestReaderTest, ReadsWhatTheGatewayNeeds) {
  const std::string json = "{ \"model\" : \"gpt-4o\" ,\n" + std::string(kHi) +
                           R"(, "stream": true, "max_tokens" : 7,"max_completion_tokens":9, "n": 2,
          "stream_options": {"x": [1, {"y": "}"}], "include_usage" : true}, "user": "u"})";
  const auto body = Read(json);
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(body->model, "gpt-4o");
  EXPECT_EQ(At(json, body->model_at), "\"gpt-4o\"");
  EXPECT_TRUE(body->stream);
  EXPECT_EQ(body->choices, 2);
  EXPECT_EQ(body->output_tokens_declared, 18);
  EXPECT_EQ(At(json, body->max_tokens_at), "7");
  EXPECT_EQ(At(json, body->max_completion_tokens_at), "9");
  EXPECT_TRUE(body->usage_asked);
  EXPECT_TRUE(body->stream_options_object);
  EXPECT_EQ(At(json, body->include_usage_at), "true");
  EXPECT_EQ(At(json, body->stream_options_at), R"({"x": [1, {"y": "}"}], "include_usage" : true})");
  EXPECT_EQ(body->insert_at, 1U);
}

TEST(RequestReaderTest, DefaultsAreThoseOfTheApi) {
  const RequestBody body = ReadChat("");
  EXPECT_EQ(body.model, "");
  EXPECT_FALSE(body.model_at.present);
  EXPECT_FALSE(body.stream);
  EXPECT_EQ(body.choices, 1);
  EXPECT_FALSE(body.output_tokens_declared.has_value());
  EXPECT_FALSE(body.usage_asked);
}

TEST(RequestReaderTest, NullMeansAbsent) {
  const RequestBody body =
      ReadChat(R"("stream":null,"max_tokens":null,"n":null,"stream_options":null)");
  EXPECT_FALSE(body.stream);
  EXPECT_EQ(body.choices, 1);
  EXPECT_FALSE(body.output_tokens_declared.has_value());
  EXPECT_TRUE(body.max_tokens_at.present);
  EXPECT_TRUE(body.stream_options_at.present);
  EXPECT_FALSE(body.stream_options_object);
}

TEST(RequestReaderTest, NamesAreReadUnescaped) {
  const RequestBody body = ReadChat(R"("\u006dodel":"gpt\u002d4o","str\u0065am":true)");
  EXPECT_EQ(body.model, "gpt-4o");
  EXPECT_TRUE(body.stream);
}

TEST(RequestReaderTest, TheLargestCapAndAllChoicesCount) {
  EXPECT_EQ(ReadChat(R"("max_tokens":50,"n":3)").output_tokens_declared, 150);
  EXPECT_EQ(ReadChat(R"("n":3,"max_completion_tokens":50)").output_tokens_declared, 150);
  EXPECT_EQ(ReadChat(R"("max_tokens":50,"max_completion_tokens":20)").output_tokens_declared, 50);
  EXPECT_EQ(ReadChat(R"("max_tokens":10000000,"n":128)").output_tokens_declared, 1'280'000'000);
}

TEST(RequestReaderTest, AReaderServesOneRequestAfterTheOther) {
  RequestReader reader;
  for (const size_t size : {10, 100'000, 5, 300'000}) {
    const Padded body(Chat(R"("user":")" + std::string(size, 'x') + "\""));
    EXPECT_THAT(reader.Read(routing::v1::API_KIND_CHAT, body.view()), IsOk());
    EXPECT_FALSE(reader.Read(routing::v1::API_KIND_CHAT, Padded("{").view()).ok());
  }
}

// --- Faults ---

struct FaultCase {
  std::string_view name;
  std::string json;
  std::string_view param;  // Empty: the body as a whole.
  std::string_view why;
  bool embeddings = false;
};
class RequestFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(RequestFaultTest, NamesTheMember) {
  const FaultCase& fault = GetParam();
  const auto body = fault.embeddings ? ReadEmbeddings(fault.json) : Read(fault.json);
  ASSERT_THAT(body, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(fault.why)));
  const auto bad = status::Detail<common::v1::BadFields>(body.status());
  ASSERT_EQ(bad.has_value(), !fault.param.empty());
  if (bad) {
    EXPECT_EQ(bad->fields(0).path(), fault.param);
  }
}
INSTANTIATE_TEST_SUITE_P(NotARequest, RequestFaultTest,
                         ::testing::ValuesIn<FaultCase>({
                             {"Empty", "", "", "empty"},
                             {"Blank", "  \n", "", "empty"},
                             {"NotJson", "hello", "", "not valid JSON"},
                             {"Array", "[]", "", "not a JSON object"},
                             {"String", "\"x\"", "", "not a JSON object"},
                             {"Truncated", R"({"model":"x")", "", "not valid JSON"},
                             {"TwoDocuments", Chat("") + Chat(""), "", "not valid JSON"},
                             {"TrailingComma", R"({"model":"x",})", "", "not valid JSON"},
                             {"SingleQuotes", "{'model':'x'}", "", "not valid JSON"},
                             {"Comment", "{/*x*/}", "", "not valid JSON"},
                             {"NaN", Chat(R"("temperature":NaN)"), "", "not valid JSON"},
                             {"Infinity", Chat(R"("temperature":Infinity)"), "", "not valid JSON"},
                             {"LeadingZero", Chat(R"("n":01)"), "", "not valid JSON"},
                             {"ControlCharacter", Chat("\"user\":\"a\nb\""), "", "not valid JSON"},
                             {"LoneSurrogate", Chat(R"("user":"\ud800")"), "", "not valid JSON"},
                             {"InvalidUtf8", Chat("\"user\":\"\xff\""), "", "UTF-8"},
                             {"OverlongUtf8", Chat("\"user\":\"\xc0\x80\""), "", "UTF-8"},
                             {"SurrogateInUtf8", Chat("\"user\":\"\xed\xa0\x80\""), "", "UTF-8"},
                             {"CutUtf8", Chat("\"user\":\"\xc3\""), "", "UTF-8"},
                             {"NulBehind", Chat("") + "\0"s, "", "not valid JSON"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Members, RequestFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"ModelNumber", Chat(R"("model":1)"), "model", "string"},
        {"ModelNull", Chat(R"("model":null)"), "model", "string"},
        {"ModelEmpty", Chat(R"("model":"")"), "model", "1 to 200"},
        {"ModelLong", Chat("\"model\":\"" + std::string(201, 'x') + "\""), "model", "201"},
        {"MessagesMissing", R"({"model":"x"})", "messages", "missing"},
        {"MessagesString", R"({"messages":"hi"})", "messages", "array"},
        {"MessagesNull", R"({"messages":null})", "messages", "array"},
        {"MessagesEmpty", R"({"messages":[]})", "messages", "empty"},
        {"MessageString", R"({"messages":["hi"]})", "messages[0]", "object"},
        {"MessageWithoutRole", R"({"messages":[{"role":"user"},{"content":"x"}]})",
         "messages[1].role", "missing"},
        {"RoleNumber", R"({"messages":[{"role":1}]})", "messages[0].role", "string"},
        {"StreamString", Chat(R"("stream":"true")"), "stream", "true or false"},
        {"StreamNumber", Chat(R"("stream":1)"), "stream", "true or false"},
        {"CapString", Chat(R"("max_tokens":"5")"), "max_tokens", "whole number"},
        {"CapFloat", Chat(R"("max_tokens":5.0)"), "max_tokens", "whole number"},
        {"CapExponent", Chat(R"("max_tokens":5e1)"), "max_tokens", "whole number"},
        {"CapZero", Chat(R"("max_tokens":0)"), "max_tokens", "from 1"},
        {"CapNegative", Chat(R"("max_completion_tokens":-1)"), "max_completion_tokens", "from 1"},
        {"CapHuge", Chat(R"("max_tokens":10000001)"), "max_tokens", "10000000"},
        {"CapOver63Bits", Chat(R"("max_tokens":9223372036854775808)"), "max_tokens", "whole"},
        {"ChoicesZero", Chat(R"("n":0)"), "n", "from 1"},
        {"ChoicesMany", Chat(R"("n":129)"), "n", "128"},
        {"ChoicesTrue", Chat(R"("n":true)"), "n", "whole number"},
        {"OptionsArray", Chat(R"("stream_options":[])"), "stream_options", "object"},
        {"OptionsTrue", Chat(R"("stream_options":true)"), "stream_options", "object"},
        {"IncludeUsageNumber", Chat(R"("stream_options":{"include_usage":1})"),
         "stream_options.include_usage", "true or false"},
        {"InputMissing", R"({"model":"x"})", "input", "missing", true},
        {"InputNumber", R"({"input":1})", "input", "string", true},
        {"InputObject", R"({"input":{}})", "input", "string", true},
        {"InputOfFloats", R"({"input":[1.5]})", "input", "string or a token", true},
        {"InputOfObjects", R"({"input":[{}]})", "input", "string or a token", true},
        {"InputOfObjectsDeeper", R"({"input":[[{"a":1}]]})", "input", "string or a token", true},
        {"InputOfStringsDeeper", R"({"input":[["a"]]})", "input", "string or a token", true},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    RepeatedKeys, RequestFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"Model", Chat(R"("model":"a","model":"a")"), "model", "twice"},
        {"ModelEscaped", Chat(R"("model":"a","\u006dodel":"b")"), "model", "twice"},
        {"Messages", "{" + std::string(kHi) + "," + std::string(kHi) + "}", "messages", "twice"},
        {"Unknown", Chat(R"("x":1,"x":1)"), "x", "twice"},
        {"Role", R"({"messages":[{"role":"user","content":"a","role":"system"}]})",
         "messages[0].role", "twice"},
        {"ContentPart",
         R"({"messages":[{"role":"user","content":[{"type":"text"},{"text":"a","te\u0078t":"b"}]}]})",
         "messages[0].content[1].text", "twice"},
        {"StreamOptions", Chat(R"("stream_options":{"include_usage":false,"include_usage":true})"),
         "stream_options.include_usage", "twice"},
        {"ToolSchema", Chat(R"("tools":[{"a":[0,{"b":{"c":1,"c":2}}]}])"), "tools[0].a[1].b.c",
         "twice"},
        {"UnknownDeep", Chat(R"("metadata":{"a":{"b":1,"b":2}})"), "metadata.a.b", "twice"},
        {"BehindSixteenOthers",
         Chat(R"("a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,)"
              R"("o":1,"p":1,"q":1,"r":1,"s":1,"t":1,"a":2)"),
         "a", "twice"},
        {"Embeddings", R"({"input":"a","input":"b"})", "input", "twice", true},
        {"NameIsEscapedInTheMessage", Chat(R"("a\nb":1,"a\nb":2)"), "a\\nb", "'a\\nb'"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- Depth ---

std::string Nested(int levels, char open, char close, std::string_view innermost) {
  // The body's own object is the first level.
  std::string value;
  for (int i = 1; i < levels; ++i) value += open == '{' ? "{\"a\":" : "[";
  value += innermost;
  value += std::string(static_cast<size_t>(levels) - 1, close);
  return Chat("\"x\":" + value);
}
TEST(RequestDepthTest, SixtyFourLevelsAreReadAndSixtyFiveAreNot) {
  const auto too_deep = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("over 64 levels"));
  for (const auto& [open, close] : {std::pair('[', ']'), std::pair('{', '}')}) {
    EXPECT_THAT(Read(Nested(64, open, close, "1")), IsOk()) << open;
    EXPECT_THAT(Read(Nested(65, open, close, "1")), too_deep) << open;
    EXPECT_THAT(Read(Nested(63, open, close, "{}")), IsOk()) << open;
    EXPECT_THAT(Read(Nested(64, open, close, "[]")), too_deep) << open;
    EXPECT_THAT(Read(Nested(90, open, close, "[]")), too_deep) << open;
  }
}
TEST(RequestDepthTest, LevelsInAMessageCountLikeAnyOther) {
  // The body, the list, the message: three levels.
  const auto message = [](int levels) {
    const auto size = static_cast<size_t>(levels) - 3;
    return R"({"messages":[{"role":"user","content":)" + std::string(size, '[') +
           std::string(size, ']') + "}]}";
  };
  EXPECT_THAT(Read(message(64)), IsOk());
  EXPECT_THAT(Read(message(65)), StatusIs(absl::StatusCode::kInvalidArgument));
}
TEST(RequestDepthTest, AHundredThousandLevelsAreNotRead) {
  EXPECT_THAT(Read(Nested(100'000, '[', ']', "1")), StatusIs(absl::StatusCode::kInvalidArgument));
}

// --- The size of the prompt ---

TEST(PromptSizeTest, TheBoundIsBytesAndEightAMessage) {
  const auto body = Read(
      R"({"messages":[{"role":"system","content":"abc"},{"role":"user","content":"de\u00e9"}]})");
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(body->input_tokens_bound, 3 + 4 + 2 * 8);
  EXPECT_GT(body->input_tokens_likely, 0);
  EXPECT_LE(body->input_tokens_likely, body->input_tokens_bound);
}

TEST(PromptSizeTest, AnImageIsNotItsBytes) {
  const auto body = Read(
      R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:)" +
      std::string(100'000, 'A') + R"("}},{"type":"text","text":"abc"}]}]})");
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(body->input_tokens_bound, 3 + 8 + 1700);
}

TEST(PromptSizeTest, ToolsCountWithTheirNamesAndMarks) {
  const std::string tools =
      R"([{"type":"function","function":{"name":"f","parameters":{"properties":{"city":{}}}}}])";
  const int64_t without = ReadChat("").input_tokens_bound;
  const RequestBody with = ReadChat("\"tools\":" + tools);
  EXPECT_EQ(with.input_tokens_bound, without + static_cast<int64_t>(tools.size()));
  const RequestBody longer_names = ReadChat(
      "\"tools\":" + std::string(tools).replace(tools.find("city"), 4, "a rather long name here"));
  EXPECT_GT(longer_names.input_tokens_likely, with.input_tokens_likely);
}

TEST(PromptSizeTest, OtherMembersAreNoPrompt) {
  EXPECT_EQ(ReadChat(R"("user":"somebody","metadata":{"a":"b"})").input_tokens_bound,
            ReadChat("").input_tokens_bound);
}

struct InputCase {
  std::string_view name, json;
  int64_t bound;
};
class EmbeddingsInputTest : public ::testing::TestWithParam<InputCase> {};
TEST_P(EmbeddingsInputTest, IsMeasured) {
  const auto body = ReadEmbeddings(fmt::format(R"({{"model":"m","input":{}}})", GetParam().json));
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(body->input_tokens_bound, GetParam().bound);
  EXPECT_LE(body->input_tokens_likely, GetParam().bound);
}
INSTANTIATE_TEST_SUITE_P(Inputs, EmbeddingsInputTest,
                         ::testing::ValuesIn<InputCase>({
                             {"String", R"("hello")", 5},
                             {"Strings", R"(["hello","you"])", 8},
                             {"Tokens", "[1,2,3]", 3},
                             {"ListsOfTokens", "[[1,2,3],[4]]", 4},
                             {"Nothing", "[]", 0},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(EmbeddingsTest, ChatMembersMeanNothingThere) {
  const auto body = ReadEmbeddings(R"({"input":"a","stream":"x","n":0,"max_tokens":"y"})");
  ASSERT_THAT(body, IsOk());
  EXPECT_FALSE(body->stream);
  EXPECT_EQ(body->choices, 1);
}

// Long names around many values: the work must stay proportional to the body.
TEST(RequestReaderTest, AHostileBodyTakesNoLongerThanItsSize) {
  std::string values = "0";
  for (int i = 0; i < 200'000; ++i) values += ",0";
  const std::string json = Chat("\"" + std::string(1'000'000, 'k') + "\":[[" + values + "],{\"" +
                                std::string(1'000'000, 'k') + "\":[" + values + "]}]");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Read(json), IsOk());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(RequestReaderTest, ManyKeysTakeNoLongerThanTheirNumber) {
  std::string members;
  for (int i = 0; i < 100'000; ++i) members += fmt::format("\"k{}\":0,", i);
  members.pop_back();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Read(Chat(members)), IsOk());
  EXPECT_THAT(Read(Chat(members + ",\"k77777\":1")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'k77777' comes twice")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

}  // namespace
}  // namespace weir::edge::openai
