// Streams of typed events, as the Responses API sends them.
#include <gtest/gtest.h>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "common/text/json_escape.h"
#include "edge/pipeline/stream_masker.h"
#include "edge/testing/collected_stream.h"
#include "edge/testing/fake_guardrails.h"

namespace weir::edge {
namespace {

using testing::CollectedStream;
using testing::FakeGuardrails;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;

// Events with their numbers.
class Writer {
 public:
  std::string Event(std::string_view type, std::string_view fields) {
    return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1}{2}}}\n\n",
                       type, next_++, fields.empty() ? "" : "," + std::string(fields));
  }
  std::string Delta(std::string_view kind, int item, std::string_view part, std::string_view text) {
    std::string fields = Place(item, part) + ",\"delta\":";
    text::AppendJsonString(fields, text);
    if (kind == "output_text") fields += R"(,"logprobs":[{"token":"a@b"}],"obfuscation":"xyz")";
    return Event(fmt::format("response.{}.delta", kind), fields);
  }
  std::string Done(std::string_view kind, int item, std::string_view part, std::string_view field,
                   std::string_view text) {
    std::string fields = fmt::format("{},\"{}\":", Place(item, part), field);
    text::AppendJsonString(fields, text);
    return Event(fmt::format("response.{}.done", kind), fields);
  }

 private:
  static std::string Place(int item, std::string_view part) {
    std::string place = fmt::format(R"("item_id":"it_{}","output_index":{})", item, item);
    if (!part.empty()) place += fmt::format(",\"{}\":0", part);
    return place;
  }
  int next_ = 0;
};

std::string Quoted(std::string_view text) {
  std::string quoted;
  text::AppendJsonString(quoted, text);
  return quoted;
}

// A message and a call, whose texts come in pieces of `step` bytes.
std::vector<std::string> Answer(std::string_view text, std::string_view arguments, size_t step) {
  Writer writer;
  std::vector<std::string> events = {writer.Event(
      "response.created", R"("response":{"id":"resp_1","instructions":"by c@d","output":[]})")};
  for (size_t at = 0; at < text.size(); at += step) {
    events.push_back(writer.Delta("output_text", 0, "content_index", text.substr(at, step)));
  }
  const std::string part = fmt::format(
      R"({{"type":"output_text","text":{},"logprobs":[{{"token":"a@b"}}]}})", Quoted(text));
  events.push_back(writer.Done("output_text", 0, "content_index", "text", text));
  events.push_back(writer.Event(
      "response.output_item.done",
      fmt::format(
          R"("output_index":0,"item":{{"id":"it_0","type":"message","role":"assistant","content":[{}]}})",
          part)));
  for (size_t at = 0; at < arguments.size(); at += step) {
    events.push_back(writer.Delta("function_call_arguments", 1, "", arguments.substr(at, step)));
  }
  events.push_back(writer.Done("function_call_arguments", 1, "", "arguments", arguments));
  events.push_back(writer.Event(
      "response.output_item.done",
      fmt::format(
          R"("output_index":1,"item":{{"id":"it_1","type":"function_call","name":"f","arguments":{}}})",
          Quoted(arguments))));
  events.push_back(writer.Event(
      "response.completed",
      fmt::format(
          R"("response":{{"id":"resp_1","output":[{{"type":"message","content":[{}]}}],"usage":{{"total_tokens":3}}}})",
          part)));
  return events;
}

class TypedStreamMaskerTest : public ::testing::Test {
 protected:
  std::string Masked(const std::vector<std::string>& rounds) {
    StreamMasker masker(service_, {.policies = {.organization = "acme", .names = {"both"}},
                                   .kind = texts::StreamRewriter::Kind::kResponses});
    std::string out;
    for (const std::string& each : rounds) {
      const auto fed = RunUntilDone(masker.Feed({}, each));
      EXPECT_THAT(fed, IsOk());
      if (fed.ok()) out += *fed;
    }
    return out;
  }
  FakeGuardrails service_;
};

constexpr std::string_view kText = "a b@c.d, \"e\\ e@f\n<g@h.i>. ann@x";
constexpr std::string_view kArguments = R"({"to":"a\u0040b.c","cc":["d@e\n",1],"x":"open"})";
constexpr std::string_view kMaskedArguments = R"({"to":"[EMAIL]","cc":["[EMAIL]\n",1],"x":"open"})";

TEST_F(TypedStreamMaskerTest, DeltasAndWholeTextsSayTheSame) {
  const std::string want = FakeGuardrails::Masked(kText);
  for (size_t step = 1; step <= kText.size(); ++step) {
    CollectedStream collected;
    collected.Add(Masked(Answer(kText, kArguments, step)));
    for (const std::string_view each : {"response.output_text.delta it_0",
                                        "response.output_text.done it_0", "response.completed "}) {
      EXPECT_EQ(collected.texts[std::string(each)], want) << each << " " << step;
    }
    for (const std::string_view each : {"response.function_call_arguments.delta it_1",
                                        "response.function_call_arguments.done it_1"}) {
      EXPECT_EQ(collected.texts[std::string(each)], kMaskedArguments) << each << " " << step;
    }
    EXPECT_EQ(collected.texts["response.output_item.done "], want + std::string(kMaskedArguments));
    EXPECT_EQ(collected.types.back(), "response.completed");
  }
}

TEST_F(TypedStreamMaskerTest, AllAtOnceSaysTheSame) {
  std::string whole;
  for (const std::string& each : Answer(kText, kArguments, 3)) whole += each;
  CollectedStream collected;
  collected.Add(Masked({whole}));
  EXPECT_EQ(collected.texts["response.output_text.delta it_0"], FakeGuardrails::Masked(kText));
  EXPECT_EQ(collected.texts["response.function_call_arguments.delta it_1"], kMaskedArguments);
}

TEST_F(TypedStreamMaskerTest, TheRestComesBeforeTheEventThatEndsItsText) {
  Writer in, out;
  const std::string text = in.Delta("output_text", 0, "content_index", "ann");
  const std::string other = in.Delta("output_text", 2, "content_index", "bob");
  const std::string done = in.Done("output_text", 0, "content_index", "text", "ann");
  const std::string completed = in.Event("response.incomplete", R"("response":{})");
  const std::string masked = Masked({text, other, done, completed});
  const auto event = [&out](int item, std::string_view delta) {
    return out.Event(
        "response.output_text.delta",
        fmt::format(
            R"("item_id":"it_{0}","output_index":{0},"content_index":0,"delta":"{1}","logprobs":[],"obfuscation":"xyz")",
            item, delta));
  };
  const auto made = [&out](int item, std::string_view delta) {
    const std::string numbered = out.Event("", "");
    const std::string number =
        numbered.substr(numbered.rfind(',') + 1, numbered.rfind('}') - numbered.rfind(',') - 1);
    return fmt::format(
        "event: response.output_text.delta\ndata: "
        "{{\"type\":\"response.output_text.delta\",\"item_id\":\"it_{0}\",\"output_index\":{0},"
        "\"content_index\":0,\"delta\":\"{1}\",\"logprobs\":[],{2}}}\n\n",
        item, delta, number);
  };
  std::string want = event(0, "") + event(2, "") + made(0, "ann");
  want += out.Done("output_text", 0, "content_index", "text", "ann");
  want += made(2, "bob");
  want += out.Event("response.incomplete", R"("response":{})");
  EXPECT_EQ(masked, want);
}

TEST_F(TypedStreamMaskerTest, EachKindHasItsPlace) {
  Writer writer;
  Masked({writer.Delta("output_text", 1, "content_index", "a"),
          writer.Delta("refusal", 1, "content_index", "b"),
          writer.Delta("reasoning_summary_text", 2, "summary_index", "c"),
          writer.Delta("reasoning_text", 2, "content_index", "d"),
          writer.Delta("mcp_call_arguments", 3, "", R"({"x":"e")"),
          writer.Delta("custom_tool_call_input", 4, "", R"({"f)"),
          writer.Delta("something_new", 5, "", "g")});
  std::vector<std::string> asked;
  for (const auto& each : service_.deltas) {
    asked.push_back(fmt::format("{}|{}|{}", each.path(), each.role(), each.delta()));
  }
  EXPECT_EQ(
      asked,
      (std::vector<std::string>{
          "$.output[1].content[0].text|assistant|a", "$.output[1].content[0].refusal|assistant|b",
          "$.output[2].summary[0].text|assistant|c", "$.output[2].content[0].text|assistant|d",
          "$.output[3].arguments.x|tool_arguments|e", "$.output[4].input|tool_arguments|{\"f",
          "$.output[5].delta|assistant|g"}));
}

TEST_F(TypedStreamMaskerTest, SoundIsNoText) {
  Writer writer;
  const std::string event =
      writer.Delta("audio", 0, "content_index", "UklGRiQAAABXQVZFZm10IBAAAAABAAEA");
  EXPECT_EQ(Masked({event}), event);
  EXPECT_EQ(service_.delta_calls, 0);
}

TEST_F(TypedStreamMaskerTest, ATypeThatIsAnAddressIsAnError) {
  Writer writer;
  StreamMasker masker(service_, {.policies = {.organization = "acme", .names = {"both"}},
                                 .kind = texts::StreamRewriter::Kind::kResponses});
  EXPECT_THAT(RunUntilDone(masker.Feed({}, writer.Delta("a@b", 0, "content_index", "c"))),
              ::weir::testing::StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
}

TEST_F(TypedStreamMaskerTest, AnErrorEventIsJudged) {
  Writer writer;
  const std::string error =
      writer.Event("error", R"("code":"server_error","message":"by a@b","param":null)");
  CollectedStream collected;
  const std::string masked = Masked({error});
  EXPECT_NE(masked.find("by [EMAIL]"), std::string::npos);
  EXPECT_NE(masked.find("server_error"), std::string::npos);
}

}  // namespace
}  // namespace weir::edge
