// Streams under strict limits: what the provider is told, how the hold grows, and the cut.
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

class StreamWallTest : public PipelineFixture {
 protected:
  void SetUp() override {
    PipelineFixture::SetUp();
    ModelGives(0);
  }
  // 0: nobody knows how much.
  void ModelGives(int64_t tokens) { routing_.plans["m"].set_output_tokens_max(tokens); }
  // A strict limit holds `cap` tokens of the completion and has room for `headroom`.
  void Hold(int64_t cap, int64_t headroom) {
    quota_.grant.set_output_tokens_cap(cap);
    quota_.grant.set_output_tokens_headroom(headroom);
  }
  void Refuse() {
    quota_.extend = [](const auto&) {
      return status::ResourceExhausted("limit 'daily' is used up");
    };
  }
  // "alpha" for each of the mock's words: one token by the scan, as by the mock.
  std::string Echo(int words, std::string_view more = "") {
    Behave(R"({"mode": "echo"})");
    std::string text = "alpha";
    for (int i = 1; i < words; ++i) text.append(" alpha");
    return fmt::format(
        R"({{"model":"m","stream":true,{}"messages":[{{"role":"user","content":"{}"}}]}})", more,
        text);
  }
  static int Words(const std::string& body) {
    int words = 0;
    for (size_t at = body.find("alpha"); at != std::string::npos; at = body.find("alpha", at + 1)) {
      ++words;
    }
    return words;
  }
  std::string SentUp() { return Upstream().at(0).body; }
  const SettleRequest& Settled() {
    EXPECT_TRUE(Pump([&] { return !quota_.settled.empty(); }));
    return quota_.settled.at(0);
  }
};

// --- What the provider is told ---

TEST_F(StreamWallTest, TheProviderIsToldTheHeadroomOfAHoldThatGrows) {
  Hold(256, 1000);
  Start();
  Chat(kStream);
  EXPECT_THAT(SentUp(), HasSubstr(R"("max_tokens":1000)"));
}

TEST_F(StreamWallTest, ButNoMoreThanItsModelGives) {
  ModelGives(700);
  Hold(256, 1000);
  Start();
  Chat(kStream);
  EXPECT_THAT(SentUp(), HasSubstr(R"("max_tokens":700)"));
}

// A provider refuses a cap that is larger than its model's own, which nobody has told us.
TEST_F(StreamWallTest, AndNothingThatAModelMightNotTake) {
  Hold(256, 5000);
  Start();
  Chat(kStream);
  EXPECT_THAT(SentUp(), Not(HasSubstr("max_tokens")));
}

TEST_F(StreamWallTest, OneChoiceIsToldItsShare) {
  Hold(256, 1000);
  Start();
  Chat(R"({"model":"m","stream":true,"n":4,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_THAT(SentUp(), HasSubstr(R"("max_tokens":250)"));
}

// An answer in one piece cannot be cut: what is held is all it gets. Nor is a cap raised that the
// client declared itself.
TEST_F(StreamWallTest, AnAnswerInOnePieceAndADeclaredOneGetTheirHold) {
  Hold(256, 1000);
  Start();
  Chat();
  EXPECT_THAT(SentUp(), HasSubstr(R"("max_tokens":256)"));
  Chat(
      R"({"model":"m","stream":true,"max_tokens":900,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_THAT(Upstream().at(1).body, HasSubstr(R"("max_tokens":256)"));
  EXPECT_THAT(quota_.extended, IsEmpty());
}

// --- The hold grows ---

TEST_F(StreamWallTest, AStreamLongerThanItsHoldIsDeliveredWhole) {
  Hold(16, 5000);
  Start();
  const ClientAnswer answer = Chat(Echo(1000));
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(Words(answer.body), 1000);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 1000);
  EXPECT_FALSE(Settled().estimated());
  EXPECT_EQ(quota_.most_extends_in_flight, 1);
  EXPECT_LE(quota_.extended.size(), 6U) << "each question asks for as much as there is";
}

TEST_F(StreamWallTest, WhatTheHoldCoversDoesNotWaitForTheAnswer) {
  Hold(100, 5000);
  quota_.hold_back_extends = true;
  Start();
  client_->Send(Request(Echo(200)));
  // The wall stands at 75: 60 words and a quarter of them.
  ASSERT_TRUE(Pump([this] { return Words(client_->received()) == 60; }));
  EXPECT_EQ(quota_.extends_in_flight, 1);
  EXPECT_THAT(quota_.settled, IsEmpty());
  quota_.hold_back_extends = false;
  const ClientAnswer answer = Answer();
  EXPECT_EQ(Words(answer.body), 200);
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
}

TEST_F(StreamWallTest, OnceTheHoldCoversAllThatCanComeNothingIsCut) {
  Hold(256, 1000);
  quota_.extend = [this](const auto&) -> absl::StatusOr<int64_t> {
    if (quota_.extended.size() > 2) return status::ResourceExhausted("used up");
    return quota_.extended.size() == 1 ? 512 : 1000;
  };
  Start();
  const ClientAnswer answer = Chat(Echo(1500));  // The mock honours max_tokens.
  EXPECT_EQ(Words(answer.body), 1000);
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"length")"));
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FINISHED);
}

// --- The cut ---

TEST_F(StreamWallTest, AStreamThatNobodyPaysForEndsAtTheWall) {
  Hold(100, 5000);
  Refuse();
  Start();
  const ClientAnswer answer = Chat(Echo(200, R"("stream_options":{"include_usage":true},)"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(Words(answer.body), 60);
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"length"}]})"));
  EXPECT_THAT(answer.body, HasSubstr(R"("completion_tokens":100)"));
  EXPECT_THAT(answer.body, HasSubstr("limit 'daily' is used up"));
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"rate_limit_exceeded")"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
  EXPECT_TRUE(Settled().estimated());
  // All of the hold: what the provider generated behind the wall is not known.
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 100);
  EXPECT_TRUE(Pump([this] { return mock_->open() == 0; })) << "the provider is let go";
  EXPECT_THAT(log_.WithEvent("request.done"), ElementsAre(HasSubstr("rate_limit_exceeded")));
  EXPECT_THAT(registry_.Render(), HasSubstr("weir_streams_cut_at_limit_total 1"));
}

TEST_F(StreamWallTest, UsageIsToldOnlyToWhoAsked) {
  Hold(100, 5000);
  Refuse();
  Start();
  EXPECT_THAT(Chat(Echo(200)).body, Not(HasSubstr("completion_tokens")));
}

TEST_F(StreamWallTest, AQuotaThatCannotBeAskedIsNotToldAsALimit) {
  Hold(100, 5000);
  quota_.extend = [](const auto&) { return status::NotFound("attempt 1 has no open hold"); };
  Start();
  const ClientAnswer answer = Chat(Echo(200));
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"service_unavailable")"));
  EXPECT_THAT(answer.body, Not(HasSubstr("no open hold")));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
}

TEST_F(StreamWallTest, AClientThatLeavesAtTheWallIsSettledAsOne) {
  Hold(100, 5000);
  quota_.hold_back_extends = true;
  Start();
  client_->Send(Request(Echo(200)));
  ASSERT_TRUE(Pump([this] { return Words(client_->received()) == 60; }));
  client_.reset();
  Advance(std::chrono::milliseconds(250));
  quota_.hold_back_extends = false;
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_ABORTED);
}

}  // namespace
}  // namespace weir::edge
