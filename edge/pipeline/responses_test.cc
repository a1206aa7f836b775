// The Responses API on its way through the whole pipeline: where it differs from chat.
#include "edge/testing/pipeline_fixture.h"
#include "edge/testing/scripted_server.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::edge::testing::ClientAnswer;
using ::weir::edge::testing::PipelineFixture;
using ::weir::edge::testing::ScriptedServer;

using quota::v1::SettleRequest;

constexpr std::string_view kAsk = R"({"model":"m","input":"hi"})";
constexpr std::string_view kStreamed = R"({"model":"m","stream":true,"input":"hi"})";
constexpr std::string_view kEventHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Event(std::string_view json) {
  const std::string event = fmt::format("event: x\ndata: {}\n\n", json);
  return fmt::format("{:x}\r\n{}\r\n", event.size(), event);
}
std::string Word(std::string_view word, int sequence) {
  return Event(
      fmt::format(R"({{"type":"response.output_text.delta","sequence_number":{},"delta":"{}"}})",
                  sequence, word));
}

class ResponsesTest : public PipelineFixture {
 protected:
  ClientAnswer Respond(std::string_view body = kAsk, std::string_view path = "/v1/responses") {
    return Ask(Request(body, kKey, path));
  }
  // What comes of a provider that answers with `bytes`, and `later` with more.
  ClientAnswer RespondFrom(const std::string& bytes, bool stream = true, std::string later = "") {
    server_.emplace(
        std::vector<ScriptedServer::Script>{{{.bytes = bytes, .later = std::move(later)}}});
    routing_.AddModel("scripted", {routing_.AddProvider("scripted", server_->url()), main_});
    Start();
    return Respond(fmt::format(R"({{"model":"scripted","stream":{},"input":"hi"}})", stream));
  }
  const SettleRequest& Settled(size_t index = 0) {
    EXPECT_TRUE(Pump([&] { return quota_.settled.size() > index; }));
    return quota_.settled.at(index);
  }
  void Hold(int64_t cap, int64_t headroom) {
    quota_.grant.set_output_tokens_cap(cap);
    quota_.grant.set_output_tokens_headroom(headroom);
  }
  // "alpha" for each of the mock's words: one token by the scan, as by the mock.
  std::string Echo(int words) {
    Behave(R"({"mode": "echo"})");
    std::string text = "alpha";
    for (int i = 1; i < words; ++i) text.append(" alpha");
    return fmt::format(R"({{"model":"m","stream":true,"input":"{}"}})", text);
  }

  std::optional<ScriptedServer> server_;
};

TEST_F(ResponsesTest, AnAnswerComesBackAndIsSettledUnderItsKind) {
  Start();
  const ClientAnswer answer = Respond();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("id":"resp_mock777")"));
  ASSERT_THAT(Upstream(), SizeIs(1));
  EXPECT_THAT(Upstream()[0].head, HasSubstr("POST /v1/responses HTTP/1.1\r\n"));
  EXPECT_EQ(Upstream()[0].body, R"({"model":"up-m","input":"hi"})");
  EXPECT_EQ(Settled().kind(), "responses");
  EXPECT_EQ(Settled().usage().input_uncached_tokens(), 10);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 20);
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FINISHED);
  EXPECT_THAT(log_.WithEvent("request.done"), ElementsAre(HasSubstr(R"("kind":"responses")")));
}

TEST_F(ResponsesTest, AStreamComesBackAndIsSettled) {
  Start();
  const ClientAnswer answer = Respond(kStreamed);
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, HasSubstr("event: response.completed\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(Upstream()[0].body, Not(HasSubstr("stream_options")));
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 20);
  EXPECT_FALSE(Settled().estimated());
}

TEST_F(ResponsesTest, ScopesNameIt) {
  identity_.Add("acme-key", "acme").add_scopes("chat");
  Start();
  EXPECT_EQ(Respond().status, 403);
  EXPECT_EQ(Chat().status, 200);
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(ResponsesTest, WhatIsHeldIsForACompletion) {
  routing_.plans["m"].set_output_tokens_max(700);
  Hold(256, 256);
  Start();
  Respond();
  ASSERT_THAT(quota_.reserved, SizeIs(1));
  EXPECT_EQ(quota_.reserved[0].estimate().output_tokens_max(), 700);
  EXPECT_THAT(Upstream()[0].body, HasSubstr(R"("max_output_tokens":256)"));
  EXPECT_THAT(Upstream()[0].body, Not(HasSubstr("max_tokens\"")));
  Respond(R"({"model":"m","input":"hi","max_output_tokens":900})");
  EXPECT_EQ(quota_.reserved[1].estimate().output_tokens_declared(), 900);
  EXPECT_THAT(Upstream()[1].body, HasSubstr(R"("max_output_tokens":256)"));
}

TEST_F(ResponsesTest, AStreamThatNobodyPaysForEndsAtTheWallWithAnErrorEvent) {
  routing_.plans["m"].set_output_tokens_max(0);
  Hold(100, 5000);
  quota_.extend = [](const auto&) { return status::ResourceExhausted("limit 'daily' is used up"); };
  Start();
  const ClientAnswer answer = Respond(Echo(200));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  // Four events come before the first word, and the wall stands at 75: 60 words and a quarter.
  EXPECT_THAT(answer.body, HasSubstr(R"("sequence_number":63,"item_id")"));
  EXPECT_THAT(answer.body, HasSubstr("event: error\n"
                                     R"(data: {"type":"error","sequence_number":64,)"
                                     R"("code":"rate_limit_exceeded","message":)"));
  EXPECT_THAT(answer.body, HasSubstr("limit 'daily' is used up"));
  EXPECT_THAT(answer.body, Not(HasSubstr("response.incomplete")));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 100) << "all of the hold";
  EXPECT_TRUE(Pump([this] { return mock_->open() == 0; })) << "the provider is let go";
}

TEST_F(ResponsesTest, AStreamLongerThanItsHoldIsDeliveredWhole) {
  routing_.plans["m"].set_output_tokens_max(0);
  Hold(16, 5000);
  Start();
  const ClientAnswer answer = Respond(Echo(1000));
  EXPECT_THAT(answer.body, HasSubstr("event: response.completed\n"));
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 1000);
}

TEST_F(ResponsesTest, WhoLeavesPaysForWhatCame) {
  Behave(R"({"mode": "words", "words": 50, "frame_delay_ms": 20})");
  Start();
  client_->Send(Request(kStreamed, kKey, "/v1/responses"));
  ASSERT_TRUE(Pump([this] { return client_->received().find(" word3\"") != std::string::npos; }));
  client_.reset();
  Advance(std::chrono::milliseconds(250));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_ABORTED);
  EXPECT_TRUE(Settled().estimated());
  EXPECT_GE(Settled().usage().output_visible_tokens(), 3);
}

TEST_F(ResponsesTest, AStreamThatFailsPassesAndIsSettledAsFailed) {
  const std::string failed =
      R"({"type":"response.failed","sequence_number":1,"response":{"status":"failed",)"
      R"("error":{"code":"server_error"},"usage":null}})";
  const ClientAnswer answer =
      RespondFrom(std::string(kEventHead) + Word("alpha", 0) + Event(failed) + "0\r\n\r\n");
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body.ends_with("data: " + failed + "\n\n"));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_TRUE(Settled().estimated());
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 1);
}

TEST_F(ResponsesTest, AnErrorEventInMidStreamPassesAsItCame) {
  const std::string error = R"({"type":"error","sequence_number":1,"code":"x","message":"y"})";
  const ClientAnswer answer =
      RespondFrom(std::string(kEventHead) + Word("alpha", 0), true, Event(error));
  EXPECT_TRUE(answer.body.ends_with("data: " + error + "\n\n"));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FAILED);
}

TEST_F(ResponsesTest, AStreamThatBreaksEndsWithAnErrorEventThatGoesOnCounting) {
  const ClientAnswer answer =
      RespondFrom(std::string(kEventHead) + Word("alpha", 0) + Word(" beta", 1));
  EXPECT_THAT(answer.body, HasSubstr("event: error\n"
                                     R"(data: {"type":"error","sequence_number":2,)"
                                     R"("code":"upstream_error",)"));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 2);
}

TEST_F(ResponsesTest, WhatBreaksBeforeItsFirstEventGoesToTheNextTarget) {
  const ClientAnswer answer = RespondFrom(std::string(kEventHead) + "5\r\nevent\r\n");
  EXPECT_THAT(answer.body, HasSubstr("event: response.completed\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("event: error")));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_EQ(Settled(1).outcome(), SettleRequest::OUTCOME_FINISHED);
}

TEST_F(ResponsesTest, AnErrorEventBeforeAnythingElseDoesToo) {
  const std::string error = R"({"type":"error","sequence_number":0,"code":"x","message":"y"})";
  const ClientAnswer answer = RespondFrom(std::string(kEventHead) + Event(error));
  EXPECT_THAT(answer.body, HasSubstr("event: response.completed\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("event: error")));
}

TEST_F(ResponsesTest, AnAnswerOverTheBufferPassesThroughAndIsSettled) {
  options_.max_answer_buffer = 50'000;
  const std::string body =
      R"({"output":[{"content":[{"text":")" + std::string(300'000, 'x') +
      R"("}]}],"usage":{"input_tokens":3,"output_tokens":4},"metadata":{"usage":"none"}})";
  const ClientAnswer answer = RespondFrom(
      fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                  body.size()) +
          body,
      false);
  EXPECT_TRUE(answer.body == body);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 4);
  EXPECT_FALSE(Settled().estimated());
}

TEST_F(ResponsesTest, AnAnswerThatNobodyWouldCountIsRefused) {
  Start();
  const ClientAnswer answer = Respond(R"({"model":"m","input":"hi","background":true})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("param":"background")"));
  EXPECT_THAT(Upstream(), IsEmpty());
}

}  // namespace
}  // namespace weir::edge
