#include "edge/caching/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "edge/caching/recorded_answer.h"
#include "edge/caching/text_pieces.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr auto kChat = routing::v1::API_KIND_CHAT;
constexpr auto kResponses = routing::v1::API_KIND_RESPONSES;

constexpr std::string_view kChatRecording =
    R"({"id":"old","object":"chat.completion","created":5,"model":"gpt","system_fingerprint":"fp",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"Paris is the capital of France.",)"
    R"("refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})";

Replay Chat(bool usage_asked = false) {
  Replay replay;
  replay.id = "new";
  replay.created = 77;
  replay.usage_asked = usage_asked;
  return replay;
}

TEST(Replay, ANewIdLooksLikeTheProviders) {
  weir::testing::SeededRandom random(1);
  EXPECT_THAT(NewAnswerId(kChat, random), MatchesRegex("chatcmpl-[0-9A-Za-z]+"));
  EXPECT_THAT(NewAnswerId(kResponses, random), MatchesRegex("resp_[0-9A-Za-z]+"));
  EXPECT_NE(NewAnswerId(kChat, random), NewAnswerId(kChat, random));
}

TEST(Replay, AWholeChatHasANewIdAndTime) {
  const auto whole = ReplayWhole(kChatRecording, Chat());
  ASSERT_THAT(whole, IsOk());
  EXPECT_THAT(*whole, HasSubstr(R"({"id":"new","object":"chat.completion","created":77,)"));
  EXPECT_THAT(*whole, HasSubstr(R"("content":"Paris is the capital of France.")"));
  EXPECT_THAT(*whole, HasSubstr(R"("usage":{"prompt_tokens":1)"));
}

TEST(Replay, AChatsStreamIsWhatItsProviderWouldSend) {
  const auto events = ReplayStream(kChatRecording, Chat());
  ASSERT_THAT(events, IsOk());
  const std::string head =
      R"(data: {"id":"new","object":"chat.completion.chunk","created":77,"model":"gpt",)"
      R"("system_fingerprint":"fp","choices":[{"index":0,"delta":)";
  const std::string open = ",\"logprobs\":null,\"finish_reason\":null}]}\n\n";
  EXPECT_THAT(*events,
              ElementsAre(head + R"({"role":"assistant","content":"","refusal":null})" + open,
                          head + R"({"content":"Paris is the capital of"})" + open,
                          head + R"({"content":" France."})" + open,
                          head + "{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n",
                          "data: [DONE]\n\n"));
}

TEST(Replay, UsageComesWhereItWasAsked) {
  const auto events = ReplayStream(kChatRecording, Chat(true));
  ASSERT_THAT(events, IsOk());
  ASSERT_THAT(*events, SizeIs(6));
  EXPECT_THAT(events->front(), HasSubstr(R"(}],"usage":null})"));
  EXPECT_THAT((*events)[4],
              HasSubstr(R"("choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,)"));
}

TEST(Replay, WhatIsNoRecordingIsRefused) {
  Replay responses = Chat();
  responses.kind = kResponses;
  for (const std::string_view each : {"", "{", "[]", "{}", R"({"object":"chat.completion"})"}) {
    SCOPED_TRACE(each);
    EXPECT_THAT(ReplayWhole(each, Chat()), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(ReplayStream(each, Chat()), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(ReplayWhole(each, responses), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(ReplayStream(each, responses), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(ReplayWhole(kChatRecording, responses), StatusIs(absl::StatusCode::kInvalidArgument));
}

constexpr std::string_view kResponse =
    R"({"id":"old","object":"response","created_at":5,"completed_at":6,"status":"completed",)"
    R"("error":null,"model":"gpt","output":[{"type":"reasoning","id":"rs","encrypted_content":"zz",)"
    R"("summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","id":"msg",)"
    R"("status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],)"
    R"("text":"Hi \"you\""},{"type":"refusal","refusal":"no"}]}],"metadata":{},"user":null,)"
    R"("usage":{"input_tokens":1}})";

Replay Respond(std::string_view request = "") {
  Replay replay = Chat();
  replay.kind = kResponses;
  replay.request = request;
  return replay;
}

TEST(Replay, AResponseRepeatsWhatItsAskerSaid) {
  const auto whole =
      ReplayWhole(kResponse, Respond(R"({"metadata":{"a": "b"},"user":"bob","store":true})"));
  ASSERT_THAT(whole, IsOk());
  EXPECT_THAT(*whole, HasSubstr(R"({"id":"new","object":"response","created_at":77,)"
                                R"("completed_at":77,"status":"completed")"));
  EXPECT_THAT(*whole, HasSubstr(R"("metadata":{"a":"b"},"user":"bob","usage")"));
}

std::string TypeOf(std::string_view event) {
  return std::string(event.substr(7, event.find('\n') - 7));
}

TEST(Replay, AResponsesStreamIsTypedAndNumbered) {
  const auto events = ReplayStream(kResponse, Respond());
  ASSERT_THAT(events, IsOk());
  std::vector<std::string> types;
  for (size_t i = 0; i < events->size(); ++i) {
    const std::string& each = (*events)[i];
    types.push_back(TypeOf(each));
    EXPECT_THAT(each, HasSubstr(fmt::format(R"(data: {{"type":"{}","sequence_number":{})",
                                            types.back(), i)));
    EXPECT_THAT(each, ::testing::EndsWith("}\n\n"));
  }
  EXPECT_THAT(
      types,
      ElementsAre("response.created", "response.in_progress", "response.output_item.added",
                  "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                  "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                  "response.output_item.done", "response.output_item.added",
                  "response.content_part.added", "response.output_text.delta",
                  "response.output_text.done", "response.content_part.done",
                  "response.content_part.added", "response.refusal.delta", "response.refusal.done",
                  "response.content_part.done", "response.output_item.done", "response.completed"));
  EXPECT_THAT((*events)[0], HasSubstr(R"("completed_at":null,"status":"in_progress")"));
  EXPECT_THAT((*events)[0], HasSubstr(R"("output":[],)"));
  EXPECT_THAT((*events)[0], HasSubstr(R"("usage":null)"));
  EXPECT_THAT((*events)[4], HasSubstr(R"("output_index":0,"summary_index":0,"delta":"hm"})"));
  EXPECT_THAT((*events)[8],
              HasSubstr(R"("output_index":1,"item":{"type":"message","id":"msg",)"
                        R"("status":"in_progress","role":"assistant","content":[]})"));
  EXPECT_THAT((*events)[10], HasSubstr(R"(,"item_id":"msg","output_index":1,"content_index":0,)"
                                       R"("delta":"Hi \"you\"","logprobs":[]})"));
  EXPECT_THAT((*events)[18], HasSubstr(*ReplayWhole(kResponse, Respond())));
}

TEST(TextPieces, AreTheTextInPieces) {
  const std::string words = [] {
    std::string all;
    for (int i = 0; i < 20'000; ++i) all += "word ";
    return all;
  }();
  std::string wide;
  for (int i = 0; i < 5'000; ++i) wide += "中";
  for (const std::string& each :
       {std::string(), std::string("a"), words, wide, std::string(10'000, 'x'),
        std::string(1024 * 1024, ' '), std::string(100, '\x80')}) {
    const auto pieces = TextPieces(each);
    std::string joined;
    for (const std::string_view piece : pieces) {
      EXPECT_FALSE(piece.empty());
      joined += piece;
    }
    EXPECT_EQ(joined, each);
    EXPECT_LE(pieces.size(), 600u);
  }
  for (const std::string_view piece : TextPieces(wide)) EXPECT_EQ(piece.size() % 3, 0u);
}

}  // namespace
}  // namespace weir::edge
