#include "edge/caching/recorded_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::StatusIs;

constexpr auto kChat = routing::v1::API_KIND_CHAT;
constexpr auto kResponses = routing::v1::API_KIND_RESPONSES;

std::string Chat(std::string_view message, std::string_view finish = "stop",
                 std::string_view more = "") {
  return fmt::format(
      R"({{ "id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt","choices":[)"
      R"({{"index":0,"message":{{"role":"assistant",{}}},"finish_reason":"{}"}}],)"
      R"("usage":{{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}{}}})",
      message, finish, more);
}

TEST(RecordWhole, WritesAChatInOneForm) {
  EXPECT_EQ(
      RecordWhole(kChat, Chat(R"("content":"H\u00e9llo","tool_calls":[],"annotations":[])", "stop",
                              R"(,"system_fingerprint":"fp","service_tier":"default")"
                              R"(,"prompt_filter_results":[{"a":1}])")),
      R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt",)"
      R"("service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":"Héllo","refusal":null},"logprobs":null,)"
      R"("finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
}

TEST(RecordWhole, KnowsWhichChatsToKeep) {
  struct Case {
    const char* name;
    std::string body;
    bool kept;
  };
  const Case kCases[] = {
      {"a text", Chat(R"("content":"a")"), true},
      {"a refusal", Chat(R"("content":null,"refusal":"no")"), true},
      {"reasoning", Chat(R"("content":"a","reasoning_content":"b","reasoning":"c")"), true},
      {"nothing said", Chat(R"("content":"")"), false},
      {"only thought", Chat(R"("content":null,"reasoning_content":"b")"), false},
      {"cut off", Chat(R"("content":"a")", "length"), false},
      {"filtered", Chat(R"("content":"a")", "content_filter"), false},
      {"a call", Chat(R"("content":null,"tool_calls":[{"id":"c"}])", "tool_calls"), false},
      {"a call and a text", Chat(R"("content":"a","tool_calls":[{"id":"c"}])"), false},
      {"a function", Chat(R"("content":"a","function_call":{"name":"f"})"), false},
      {"audio", Chat(R"("content":"a","audio":{"id":"x"})"), false},
      {"annotations", Chat(R"("content":"a","annotations":[{"type":"url_citation"}])"), false},
      {"content of parts", Chat(R"("content":[{"type":"text","text":"a"}])"), false},
      {"an unknown part", Chat(R"("content":"a","images":["x"])"), false},
      {"citations", Chat(R"("content":"a")", "stop", R"(,"citations":["http://a"])"), false},
      {"an error", Chat(R"("content":"a")", "stop", R"(,"error":{"message":"x"})"), false},
      {"logprobs",
       R"({"object":"chat.completion","choices":[{"message":{"role":"assistant","content":"a"},)"
       R"("logprobs":{"content":[1]},"finish_reason":"stop"}]})",
       false},
      {"two choices",
       R"({"object":"chat.completion","choices":[{"message":{"content":"a"},"finish_reason":"stop"},)"
       R"({"message":{"content":"b"},"finish_reason":"stop"}]})",
       false},
      {"another object", R"({"object":"list","choices":[]})", false},
      {"an array", "[]", false},
      {"no JSON", "{", false},
      {"nothing", "", false},
      {"too large", Chat("\"content\":\"" + std::string(kLargestRecording, 'a') + "\""), false},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(RecordWhole(kChat, each.body).has_value(), each.kept);
  }
}

std::string Response(std::string_view output, std::string_view status = "completed",
                     std::string_view more = "") {
  return fmt::format(
      R"({{"id":"resp_1","object":"response","created_at":5,"status":"{}","error":null,)"
      R"("incomplete_details":null,"model":"gpt","output":[{}],"metadata":{{"who":"alice"}},)"
      R"("user":"alice","store":true{}}})",
      status, output, more);
}
std::string OutputText(std::string_view more = R"("annotations":[])") {
  return R"({"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[)"
         R"({"type":"output_text","text":"a",)" +
         std::string(more) + "}]}";
}

TEST(RecordWhole, KnowsWhichResponsesToKeep) {
  struct Case {
    const char* name;
    std::string body;
    bool kept;
  };
  const std::string reasoning = R"({"type":"reasoning","id":"rs_1","summary":[]})";
  const Case kCases[] = {
      {"a text", Response(OutputText()), true},
      {"reasoning and a text", Response(reasoning + "," + OutputText()), true},
      {"a refusal",
       Response(
           R"({"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"n"}]})"),
       true},
      {"nothing", Response(""), false},
      {"only reasoning", Response(reasoning), false},
      {"a call", Response(OutputText() + R"(,{"type":"function_call","name":"f"})"), false},
      {"a search", Response(R"({"type":"web_search_call","id":"w"},)" + OutputText()), false},
      {"annotations", Response(OutputText(R"("annotations":[{"type":"url_citation"}])")), false},
      {"logprobs", Response(OutputText(R"("logprobs":[{"token":"a"}])")), false},
      {"incomplete", Response(OutputText(), "incomplete"), false},
      {"failed", Response(OutputText(), "failed"), false},
      {"background", Response(OutputText(), "completed", R"(,"background":true)"), false},
      {"a chat", Chat(R"("content":"a")"), false},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(RecordWhole(kResponses, each.body).has_value(), each.kept);
  }
}

// Whoever is answered by the recording would read them.
TEST(RecordWhole, LeavesOutWhatTheAskerSaidOfItself) {
  const auto recorded = RecordWhole(kResponses, Response(OutputText()));
  ASSERT_TRUE(recorded.has_value());
  EXPECT_THAT(*recorded, Not(HasSubstr("alice")));
  EXPECT_THAT(*recorded, HasSubstr(R"("metadata":{},"user":null,"store":null)"));
}

TEST(RecordWhole, KnowsItsKinds) {
  EXPECT_EQ(RecordingKind(kChat), "chat");
  EXPECT_EQ(RecordingKind(kResponses), "responses");
  EXPECT_EQ(RecordingKind(routing::v1::API_KIND_EMBEDDINGS), "");
  EXPECT_FALSE(RecordWhole(routing::v1::API_KIND_EMBEDDINGS, Chat(R"("content":"a")")));
}

TEST(RestoreRecording, PutsValuesBack) {
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "a\"b@c\n");
  values.Add("[[NAME-1]]", "[[NAME-2]]");
  struct Case {
    const char* name;
    const char* body;
    const char* restored;
  };
  const Case kCases[] = {
      {"none", R"({"a":"b [x] [[", "n":[1,"\""]})", R"({"a":"b [x] [[", "n":[1,"\""]})"},
      {"one", R"({"a":"to [[EMAIL-1]]."})", R"({"a":"to a\"b@c\n."})"},
      {"as models write it", R"({"a":"[email_1]"})", R"({"a":"a\"b@c\n"})"},
      {"escaped brackets", R"({"a":"\u005b\u005BEMAIL-1]]"})", R"({"a":"a\"b@c\n"})"},
      {"a value that looks like one", R"({"a":"[[NAME-1]]"})", R"({"a":"[[NAME-2]]"})"},
      {"not in names", R"({"[[EMAIL-1]]" : 1})", R"({"[[EMAIL-1]]" : 1})"},
      {"other escapes stay", R"({"a":"\t[[EMAIL-1]]\\"})", R"({"a":"\ta\"b@c\n\\"})"},
      {"another that is not canonical stays", R"({"a":"[phone-9]"})", R"({"a":"[phone-9]"})"},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    const auto restored = RestoreRecording(each.body, values);
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(*restored, each.restored);
  }
}

TEST(RestoreRecording, RefusesWhatIsNoAnswerToTheRequest) {
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", std::string(1024 * 1024, 'x'));
  std::string many = "\"";
  for (int i = 0; i < 20; ++i) many += "[[EMAIL-1]]";
  EXPECT_THAT(RestoreRecording(R"({"a":"[[EMAIL-2]]"})", values),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(RestoreRecording(R"({"a":"[[EMAIL-1]])", values),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(RestoreRecording(many + "\"", values),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace weir::edge
