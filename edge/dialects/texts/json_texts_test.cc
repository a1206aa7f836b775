#include "edge/dialects/texts/json_texts.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::edge::texts {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

// "path|role|text" by line.
std::string Listed(const absl::StatusOr<JsonTexts>& texts) {
  if (!texts.ok()) return std::string(status::Message(texts.status()));
  std::string listed;
  for (const JsonText& each : texts->texts) {
    listed += fmt::format("{}|{}|{}\n", each.path, each.role, each.text);
  }
  return listed;
}

struct TextsCase {
  std::string_view name, body, texts;
};
class RequestTextsTest : public ::testing::TestWithParam<TextsCase> {};

TEST_P(RequestTextsTest, Lists) {
  EXPECT_EQ(Listed(ReadRequestTexts(GetParam().body)), GetParam().texts);
}
INSTANTIATE_TEST_SUITE_P(
    Bodies, RequestTextsTest,
    ::testing::ValuesIn<TextsCase>({
        {"Chat",
         R"({"model":"gpt-4o","messages":[{"role":"system","content":"Be kind."},)"
         R"({"content":"Hi \u0040you","role":"user","name":"Ann"}],"user":"ann","stop":["END"]})",
         "$.messages[0].content|system|Be kind.\n"
         "$.messages[1].content|user|Hi @you\n"
         "$.messages[1].name|user|Ann\n"
         "$.user||ann\n"
         "$.stop[0]||END\n"},
        {"Parts",
         R"({"messages":[{"role":"developer","content":[{"type":"text","text":"A"},)"
         R"({"type":"image_url","image_url":{"url":"https://x.test/a@b.c","detail":"low"}},)"
         R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}},)"
         R"({"type":"image_url","image_url":{"url":"data:text/plain,ann@x.test"}},)"
         R"({"type":"input_audio","input_audio":{"data":"UklGRiQAAABXQVZFZm10IBAAAAABAAEA","format":"wav"}},)"
         R"({"type":"file","file":{"filename":"ann.pdf","file_data":"JVBERi0xLjQKJeLjz9MKMyAwIG9iago8PA=="}}]}]})",
         "$.messages[0].content[0].text|developer|A\n"
         "$.messages[0].content[1].image_url.url|developer|https://x.test/a@b.c\n"
         "$.messages[0].content[3].image_url.url|developer|data:text/plain,ann@x.test\n"
         "$.messages[0].content[5].file.filename|developer|ann.pdf\n"},
        {"ToolCalls",
         R"({"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function",)"
         R"("function":{"name":"mail","arguments":"{\"to\":\"a\\u0040b.c\",\"cc\":[\"d\",7,\"e\\n\"]}"}}]},)"
         R"({"role":"tool","tool_call_id":"call_1","content":"sent"}]})",
         "$.messages[0].tool_calls[0].function.arguments.to|tool_arguments|a@b.c\n"
         "$.messages[0].tool_calls[0].function.arguments.cc[0]|tool_arguments|d\n"
         "$.messages[0].tool_calls[0].function.arguments.cc[2]|tool_arguments|e\n\n"
         "$.messages[1].content|tool|sent\n"},
        {"ArgumentsThatAreNoJson",
         R"({"messages":[{"role":"assistant","function_call":{"name":"f","arguments":"to a@b.c"}}]})",
         "$.messages[0].function_call.arguments|tool_arguments|to a@b.c\n"},
        {"ArgumentsThatStopBeingJson",
         R"({"messages":[{"tool_calls":[{"function":{"arguments":"{\"a\":\"b\"} c\\u0040d"}}]}]})",
         "$.messages[0].tool_calls[0].function.arguments.a|tool_arguments|b\n"
         "$.messages[0].tool_calls[0].function.arguments|tool_arguments|c\\u0040d\n"},
        {"ArgumentsThatBreakInAString",
         R"({"messages":[{"tool_calls":[{"function":{"arguments":"{\"a\":\"b\\x@c"}}]}]})",
         "$.messages[0].tool_calls[0].function.arguments.a|tool_arguments|b\n"
         "$.messages[0].tool_calls[0].function.arguments|tool_arguments|\\x@c\n"},
        {"ArgumentsThatAreAnObject",
         R"({"messages":[{"tool_calls":[{"function":{"arguments":{"to":"a@b.c"}}}]}]})",
         "$.messages[0].tool_calls[0].function.arguments.to|tool_arguments|a@b.c\n"},
        {"CustomTools",
         R"({"messages":[{"tool_calls":[{"custom":{"name":"x","input":"free {text"}}]}]})",
         "$.messages[0].tool_calls[0].custom.input|tool_arguments|free {text\n"},
        {"Tools",
         R"({"tools":[{"type":"function","function":{"name":"f","description":"D",)"
         R"("parameters":{"type":"object","properties":{"a b":{"description":"E"}}}}}],"tool_choice":"auto"})",
         "$.tools[0].function.description||D\n"
         "$.tools[0].function.parameters.type||object\n"
         "$.tools[0].function.parameters.properties['a b'].description||E\n"},
        {"ResponsesText",
         R"({"model":"m","input":"Hi","instructions":"Be kind.","metadata":{"k":"v"}})",
         "$.input|user|Hi\n"
         "$.instructions|system|Be kind.\n"
         "$.metadata.k||v\n"},
        {"ResponsesItems",
         R"({"input":[{"role":"user","content":[{"type":"input_text","text":"A"},)"
         R"({"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}]},)"
         R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{\"x\":\"B\"}"},)"
         R"({"type":"function_call_output","call_id":"c1","output":"C"},)"
         R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"D"}]}]})",
         "$.input[0].content[0].text|user|A\n"
         "$.input[1].arguments.x|tool_arguments|B\n"
         "$.input[2].output|tool|C\n"
         "$.input[3].content[0].text|assistant|D\n"},
        {"OutputThatIsOnePart",
         R"({"input":[{"type":"computer_call_output","output":{"type":"computer_screenshot",)"
         R"("image_url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==","note":"A"}}]})",
         "$.input[0].output.note|tool|A\n"},
        {"EmbeddingsInput", R"({"model":"e","input":["A","B",""],"encoding_format":"float"})",
         "$.input[0]|user|A\n"
         "$.input[1]|user|B\n"},
        {"CompletionPrompt", R"({"prompt":["A"],"suffix":"B"})",
         "$.prompt[0]|user|A\n$.suffix||B\n"},
        {"StructureThatIsNone", R"({"model":"ann@x.test","service_tier":{"a":"b"}})",
         "$.model||ann@x.test\n$.service_tier.a||b\n"},
        {"EscapedKey",
         R"({"\u006dodel":"gpt","messages":[{"\u0072ole":"us\u0065r","content":"A"}]})",
         "$.messages[0].content|user|A\n"},
        {"UnknownRole", R"({"messages":[{"role":"ann@x.test","content":"A"}]})",
         "$.messages[0].role||ann@x.test\n$.messages[0].content||A\n"},
        {"LogprobsOfARequest",
         R"({"messages":[{"role":"user","content":[{"text":"","logprobs":"a@b.c"}]}]})",
         "$.messages[0].content[0].logprobs|user|a@b.c\n"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

class AnswerTextsTest : public ::testing::TestWithParam<TextsCase> {};

TEST_P(AnswerTextsTest, Lists) {
  EXPECT_EQ(Listed(ReadAnswerTexts(GetParam().body)), GetParam().texts);
}
INSTANTIATE_TEST_SUITE_P(
    Bodies, AnswerTextsTest,
    ::testing::ValuesIn<TextsCase>({
        {"Chat",
         R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,)"
         R"("message":{"role":"assistant","content":"A","reasoning_content":"B","refusal":"C","x":{"y":"D"}},)"
         R"("logprobs":{"content":[{"token":"A","bytes":[65]}]},"finish_reason":"stop"}],)"
         R"("usage":{"prompt_tokens":1},"system_fingerprint":"fp_1"})",
         "$.choices[0].message.content|assistant|A\n"
         "$.choices[0].message.reasoning_content|assistant|B\n"
         "$.choices[0].message.refusal|assistant|C\n"
         "$.choices[0].message.x.y|assistant|D\n"},
        {"ToolCalls",
         R"({"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":\"B\"}"}}]}}]})",
         "$.choices[0].message.tool_calls[0].function.arguments.a|tool_arguments|B\n"},
        {"Completion", R"({"choices":[{"text":"A","index":0,"finish_reason":"length"}]})",
         "$.choices[0].text|assistant|A\n"},
        {"Response",
         R"({"id":"resp_1","object":"response","status":"completed","instructions":"I","output":[)"
         R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"A"}]},)"
         R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"B","annotations":[],)"
         R"("logprobs":[{"token":"B"}]}]},)"
         R"({"type":"function_call","call_id":"c","name":"f","arguments":"{\"x\":\"C\"}"}]})",
         "$.instructions|system|I\n"
         "$.output[0].summary[0].text|assistant|A\n"
         "$.output[1].content[0].text|assistant|B\n"
         "$.output[2].arguments.x|tool_arguments|C\n"},
        {"Embeddings",
         R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAEAAAEBAAACAQAAAoEA="}]})",
         ""},
        {"Error", R"({"error":{"message":"No a@b.c","type":"invalid_request_error"}})",
         "$.error.message||No a@b.c\n$.error.type||invalid_request_error\n"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct RefusedCase {
  std::string name, body;
  absl::StatusCode code;
};
class RefusedTextsTest : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTextsTest, IsRefusedWithoutAWordOfIt) {
  const auto read = ReadRequestTexts(GetParam().body);
  EXPECT_THAT(read, StatusIs(GetParam().code, Not(HasSubstr("secret"))));
}
INSTANTIATE_TEST_SUITE_P(Bodies, RefusedTextsTest,
                         ::testing::ValuesIn<RefusedCase>({
                             {"Nothing", "", absl::StatusCode::kInvalidArgument},
                             {"NoJson", "secret", absl::StatusCode::kInvalidArgument},
                             {"Cut", R"({"a":"secret)", absl::StatusCode::kInvalidArgument},
                             {"NoUtf8", "{\"a\":\"secret\xff\"}",
                              absl::StatusCode::kInvalidArgument},
                             {"Deep", std::string(65, '['), absl::StatusCode::kInvalidArgument},
                             {"ManyTexts",
                              "[" +
                                  [] {
                                    std::string many;
                                    for (int i = 0; i <= 4096; ++i) many += "\"secret\",";
                                    return many;
                                  }() +
                                  "1]",
                              absl::StatusCode::kResourceExhausted},
                             {"MuchText", "[\"" + std::string((16 << 20) + 1, 'a') + "\"]",
                              absl::StatusCode::kResourceExhausted},
                         }),
                         [](const auto& info) { return info.param.name; });

std::string Changed(std::string_view body, bool drops_logprobs = false) {
  const auto texts = ReadAnswerTexts(body);
  EXPECT_THAT(texts, IsOk());
  std::vector<TextChange> changes;
  for (size_t i = 0; i < texts->texts.size(); ++i) {
    if (texts->texts[i].text.find('@') != std::string::npos) {
      changes.push_back({i, "\"" + texts->texts[i].text + "\"\n"});
    }
  }
  return Splice(body, *texts, changes, drops_logprobs);
}

TEST(SpliceTest, OtherBytesStay) {
  EXPECT_EQ(Changed(R"( {"x": "\u00e9\/" , "y":"a\u0040b", "z":"c" } )"),
            R"( {"x": "\u00e9\/" , "y":"\"a@b\"\n", "z":"c" } )");
}

TEST(SpliceTest, StringsInArgumentsAreEscapedTwice) {
  EXPECT_EQ(
      Changed(
          R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{\"q\": \"\\u00e9\", \"to\":\"a\\u0040b\",\"cc\":\"c@d\"}"}}]}}]})"),
      R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{\"q\": \"\\u00e9\", \"to\":\"\\\"a@b\\\"\\n\",\"cc\":\"\\\"c@d\\\"\\n\"}"}}]}}]})");
}

TEST(SpliceTest, ArgumentsThatAreNoJsonAreEscapedOnce) {
  EXPECT_EQ(
      Changed(R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"a@b\\"}}]}}]})"),
      R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"\"a@b\\\"\n"}}]}}]})");
}

TEST(SpliceTest, DropsLogprobsWhereTold) {
  constexpr std::string_view kBody =
      R"({"choices":[{"text":"a","logprobs":{"tokens":["a"]}},{"text":"b","logprobs":null}],)"
      R"("output":[{"content":[{"text":"c","logprobs":[{"token":"c"}]}]}]})";
  EXPECT_EQ(Changed(kBody, true),
            R"({"choices":[{"text":"a","logprobs":null},{"text":"b","logprobs":null}],)"
            R"("output":[{"content":[{"text":"c","logprobs":[]}]}]})");
  EXPECT_EQ(Changed(kBody, false), kBody);
}

}  // namespace
}  // namespace weir::edge::texts
