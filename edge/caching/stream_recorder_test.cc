#include "edge/caching/stream_recorder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "edge/caching/recorded_answer.h"
#include "edge/caching/replay.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::weir::testing::IsOk;

constexpr auto kChat = routing::v1::API_KIND_CHAT;
constexpr auto kResponses = routing::v1::API_KIND_RESPONSES;
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string Frame(std::string_view choices, std::string_view usage = "null") {
  return fmt::format(
             R"(data: {{"id":"c","object":"chat.completion.chunk","created":5,"model":"gpt",)"
             R"("service_tier":"default","choices":[{}],"usage":{}}})",
             choices, usage) +
         "\n\n";
}
std::string Delta(std::string_view inside, std::string_view finish = "null") {
  return Frame(fmt::format(R"({{"index":0,"delta":{{{}}},"finish_reason":{}}})", inside, finish));
}
std::string Content(std::string_view inside) {
  return Delta(fmt::format(R"("content":"{}")", inside));
}
const std::string kRole = Delta(R"("role":"assistant","content":"","refusal":null)");
const std::string kStop = Delta("", "\"stop\"");
const std::string kUsage =
    Frame("", R"({"prompt_tokens":1, "completion_tokens":2, "total_tokens":3})");

std::optional<std::string> Record(std::string_view stream, size_t size = std::string::npos,
                                  routing::v1::ApiKind kind = kChat) {
  StreamRecorder recorder(kind);
  for (size_t at = 0; at < stream.size(); at += std::min(size, stream.size())) {
    recorder.Feed(stream.substr(at, size));
  }
  return recorder.Finish(std::nullopt);
}

std::string Recording(std::string_view message) {
  return *RecordWhole(
      kChat,
      fmt::format(R"({{"id":"c","object":"chat.completion","created":5,"model":"gpt",)"
                  R"("service_tier":"default","choices":[{{"index":0,"message":{{{}}},)"
                  R"("finish_reason":"stop"}}],)"
                  R"("usage":{{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}}})",
                  message));
}

TEST(StreamRecorder, RecordsWhatTheWholeAnswerWouldBe) {
  struct Case {
    const char* name;
    std::string deltas;
    const char* message;
  };
  const Case kCases[] = {
      {"words", kRole + Content("Hel") + Content("lo \\\"w\\\"") + Content("orld\\n"),
       R"("content":"Hello \"w\"orld\n")"},
      {"escapes of one kind and another", Content("\\u00e9") + Content("é") + Content("\\/"),
       R"("content":"éé/")"},
      {"a character in two halves", Content("a") + Content("\\ud83d") + Content("\\ude00"),
       "\"content\":\"a\xF0\x9F\x98\x80\""},
      {"braces and names in the text", Content("a") + Content("},\\\"finish_reason\\\":\\\"x\\\"{"),
       R"("content":"a},\"finish_reason\":\"x\"{")"},
      {"a refusal", kRole + Delta(R"("refusal":"n")") + Delta(R"("refusal":"o")"),
       R"("content":null,"refusal":"no")"},
      {"reasoning first",
       Delta(R"("role":"assistant","reasoning_content":"h")") +
           Delta(R"("reasoning_content":"m")") + Content("x") + Content("y"),
       R"("content":"xy","reasoning_content":"hm")"},
      {"the other name for it", Delta(R"("content":"","reasoning":"hm")") + Content("x"),
       R"("content":"x","reasoning":"hm")"},
      {"nothing in between", Content("x") + ": ping\n\n" + Content("y") + "event: ping\n\n",
       R"("content":"xy")"},
      {"events without choices",
       "data: {\"id\":\"c\",\"created\":5,\"model\":\"gpt\","
       "\"service_tier\":\"default\"}\n\n" +
           Content("x"),
       R"("content":"x")"},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    const std::string stream = each.deltas + kStop + kUsage + std::string(kDone);
    for (const size_t size : {std::string::npos, size_t{1}, size_t{7}, size_t{100}}) {
      EXPECT_THAT(Record(stream, size), Optional(Recording(each.message)));
    }
  }
}

TEST(StreamRecorder, ReadsAnyLineEnds) {
  const std::string stream =
      kRole + Content("a") + Content("b") + kStop + kUsage + std::string(kDone);
  for (const std::string_view end : {"\r\n", "\r"}) {
    std::string other;
    for (const char c : stream) {
      if (c == '\n') {
        other += end;
      } else {
        other += c;
      }
    }
    for (const size_t size : {std::string::npos, size_t{1}, size_t{3}}) {
      EXPECT_THAT(Record(other, size), Optional(Recording(R"("content":"ab")")));
    }
  }
}

TEST(StreamRecorder, ReadsDataOfSeveralLines) {
  std::string stream = Content("a");
  const std::string two = Content("b");
  const size_t comma = two.find(",\"model\"");
  stream += two.substr(0, comma) + "\ndata:" + two.substr(comma);
  EXPECT_THAT(Record(stream + kStop + kUsage + std::string(kDone), 5),
              Optional(Recording(R"("content":"ab")")));
}

// The provider adds random letters, so that the length says nothing.
TEST(StreamRecorder, PassesOverPadding) {
  const auto padded = [](std::string event, std::string_view letters) {
    event.insert(event.size() - 3, fmt::format(R"(,"obfuscation":"{}")", letters));
    return event;
  };
  const std::string stream = padded(kRole, "Ab") + padded(Content("x"), "q1") +
                             padded(Content("y"), "") + padded(Content("z"), "Zz09") +
                             padded(Content("!"), "\\u0041") + kStop + kUsage + std::string(kDone);
  EXPECT_THAT(Record(stream), Optional(Recording(R"("content":"xyz!")")));
}

TEST(StreamRecorder, KeepsNothingThatDidNotEndWell) {
  const std::string text = kRole + Content("a") + Content("b");
  const std::string call = R"("tool_calls":[{"index":0,"id":"t","function":{"name":"f"}}])";
  const std::string done(kDone);
  struct Case {
    const char* name;
    std::string stream;
  };
  const Case kCases[] = {
      {"nothing", ""},
      {"no end", text + kStop},
      {"no reason", text + done},
      {"cut off", text + Delta("", "\"length\"") + done},
      {"filtered", text + Delta("", "\"content_filter\"") + done},
      {"a call", Delta(call) + Delta("", "\"tool_calls\"") + done},
      {"a call that stops", text + Delta(call) + kStop + done},
      {"a function", text + Delta(R"("function_call":{"name":"f"})") + kStop + done},
      {"audio", text + Delta(R"("audio":{"id":"a"})") + kStop + done},
      {"another role", text + Delta(R"("role":"user")") + kStop + done},
      {"an error", text + "data: {\"error\":{\"message\":\"x\"}}\n\n" + kStop + done},
      {"no JSON", text + "data: {\n\n" + kStop + done},
      {"no object", text + "data: 5\n\n" + kStop + done},
      {"a text that is none", text + Content("\\x") + kStop + done},
      {"a text of no UTF-8", text + Content("\xff") + kStop + done},
      {"text behind the end", text + kStop + Content("c") + done},
      {"two choices", text + Frame(R"({"index":1,"delta":{"content":"c"}})") + kStop + done},
      {"logprobs", text +
                       Frame(R"({"index":0,"delta":{"content":"c"},"logprobs":{"content":[]}})") +
                       kStop + done},
      {"citations", text + "data: {\"citations\":[\"u\"],\"choices\":[]}\n\n" + kStop + done},
      {"no text", kRole + kStop + done},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(Record(each.stream), std::nullopt);
    EXPECT_EQ(Record(each.stream, 1), std::nullopt);
  }
}

TEST(StreamRecorder, KeepsNothingThatIsTooLarge) {
  StreamRecorder recorder(kChat);
  recorder.Feed(kRole);
  const std::string piece = Content(std::string(10'000, 'x'));
  for (int i = 0; i < 104; ++i) recorder.Feed(piece);
  EXPECT_FALSE(recorder.is_hopeless());
  recorder.Feed(piece);
  EXPECT_TRUE(recorder.is_hopeless());
  recorder.Feed(kStop + std::string(kDone));
  EXPECT_EQ(recorder.Finish(std::nullopt), std::nullopt);

  StreamRecorder endless(kChat);
  const std::string part(64 * 1024, 'x');
  endless.Feed("data: ");
  for (int i = 0; i < 33; ++i) endless.Feed(part);
  EXPECT_TRUE(endless.is_hopeless());
}

// Where the client did not ask for it, the chunk with the usage does not come by.
TEST(StreamRecorder, TakesTheUsageFromElsewhere) {
  StreamRecorder recorder(kChat);
  recorder.Feed(kRole + Content("a") + kStop + std::string(kDone));
  common::v1::Usage usage;
  usage.set_input_uncached_tokens(5);
  usage.set_cache_read_tokens(2);
  usage.set_output_visible_tokens(3);
  usage.set_reasoning_tokens(4);
  const auto recorded = recorder.Finish(usage);
  ASSERT_TRUE(recorded.has_value());
  EXPECT_THAT(*recorded,
              HasSubstr(R"("usage":{"prompt_tokens":7,"completion_tokens":7,"total_tokens":14,)"
                        R"("prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0},)"
                        R"("completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0}})"));
}

TEST(StreamRecorder, RecordsWhatIsToldAgainAsItWas) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format(R"(word{} \"é\" \\ )", i);
  const std::string recording =
      Recording(fmt::format(R"("content":"{}","reasoning":"because {}")", text, text));
  Replay replay;
  replay.id = "c";
  replay.created = 5;
  replay.usage_asked = true;
  const auto events = ReplayStream(recording, replay);
  ASSERT_THAT(events, IsOk());
  StreamRecorder recorder(kChat);
  for (const std::string& each : *events) recorder.Feed(each);
  EXPECT_THAT(recorder.Finish(std::nullopt), Optional(recording));
}

constexpr std::string_view kResponse =
    R"({"id":"resp_1","object":"response","created_at":5,"status":"completed","model":"gpt",)"
    R"("output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[)"
    R"({"type":"output_text","annotations":[],"text":"say response.completed"}]}]})";

TEST(StreamRecorder, RecordsAResponseFromItsLastEvent) {
  Replay replay;
  replay.kind = kResponses;
  replay.id = "resp_1";
  replay.created = 5;
  const auto events = ReplayStream(kResponse, replay);
  ASSERT_THAT(events, IsOk());
  std::string stream;
  for (const std::string& each : *events) stream += each;
  for (const size_t size : {std::string::npos, size_t{1}, size_t{33}}) {
    EXPECT_THAT(Record(stream, size, kResponses), Optional(std::string(kResponse)));
  }
  EXPECT_EQ(Record(stream.substr(0, stream.rfind("event: ")), 100, kResponses), std::nullopt);
  EXPECT_EQ(Record(stream, 100, kChat), std::nullopt);
}

TEST(StreamRecorder, KeepsNoResponseThatFailed) {
  const auto stream = [](std::string_view type, std::string_view status) {
    return fmt::format(
        "event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":1,\"response\":"
        R"({{"object":"response","status":"{}","output":[{{"type":"message","role":"assistant",)"
        R"("content":[{{"type":"output_text","text":"response.completed"}}]}}]}}}})"
        "\n\n",
        type, type, status);
  };
  EXPECT_TRUE(Record(stream("response.completed", "completed"), 64, kResponses).has_value());
  EXPECT_EQ(Record(stream("response.completed", "incomplete"), 64, kResponses), std::nullopt);
  EXPECT_EQ(Record(stream("response.incomplete", "incomplete"), 64, kResponses), std::nullopt);
  EXPECT_EQ(Record(stream("response.failed", "failed"), 64, kResponses), std::nullopt);
}

TEST(StreamRecorder, OtherKindsAreNotRecorded) {
  EXPECT_TRUE(StreamRecorder(routing::v1::API_KIND_EMBEDDINGS).is_hopeless());
}

}  // namespace
}  // namespace weir::edge
