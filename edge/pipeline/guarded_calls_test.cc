// Requests and answers that guardrails have a say about, from socket to socket.
#include "edge/pipeline/gate.h"
#include "edge/testing/pipeline_fixture.h"
#include "edge/testing/scripted_server.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::edge::testing::ClientAnswer;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PipelineFixture;
using ::weir::edge::testing::ScriptedServer;

using quota::v1::SettleRequest;

using std::chrono::milliseconds;

constexpr std::string_view kMail =
    R"({"model":"m","messages":[{"role":"user","content":"Mail ann@x.test now"}]})";
constexpr std::string_view kForbidden =
    R"({"model":"m","messages":[{"role":"user","content":"something forbidden here"}]})";

std::string Json(std::string_view body, std::string_view type = "application/json") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type,
                     body.size(), body);
}
std::string Said(std::string_view text) {
  return Json(fmt::format(
      R"({{"choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}],)"
      R"("usage":{{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}})",
      text));
}
std::string Chunk(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}
constexpr std::string_view kEventHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
std::string Word(std::string_view word) {
  return Chunk(fmt::format(
      "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", word));
}
std::string StreamEnd() {
  return Chunk("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n") +
         Chunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

class GuardedCallsTest : public PipelineFixture {
 protected:
  quota::v1::SettleRequest Settled() {
    EXPECT_TRUE(Pump([this] { return !quota_.settled.empty(); }));
    return quota_.settled.at(0);
  }
  void ExpectReleased() {
    EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
    EXPECT_THAT(quota_.settled, IsEmpty());
    EXPECT_THAT(Upstream(), IsEmpty());
  }
  // The model "m" is answered by these bytes alone.
  void AnswerBy(const std::string& url) {
    routing_.plans.clear();
    routing_.AddModel("m", {routing_.AddProvider("scripted", url)});
  }
  static std::string Streamed(std::string_view text = "hi") {
    return fmt::format(
        R"({{"model":"m","stream":true,"messages":[{{"role":"user","content":"{}"}}]}})", text);
  }
};

// --- Requests ---

TEST_F(GuardedCallsTest, ValuesStayHereAndComeBackInTheAnswer) {
  AddGuard();
  Behave(R"({"mode":"echo"})");
  Start();
  const ClientAnswer answer = Chat(kMail);
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_THAT(Upstream(), SizeIs(1));
  EXPECT_THAT(Upstream()[0].body, AllOf(HasSubstr("Mail [[EMAIL-1]] now"), Not(HasSubstr("ann@"))));
  EXPECT_THAT(answer.body, HasSubstr("Mail ann@x.test now"));
  EXPECT_THAT(log_.lines(), ::testing::Contains(HasSubstr("\"guardrails\":\"edited\"")));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_FINISHED);
}

TEST_F(GuardedCallsTest, ValuesComeBackInAStream) {
  AddGuard();
  Behave(R"({"mode":"echo","frames":40})");
  Start();
  const ClientAnswer answer = Chat(Streamed("Mail ann@x.test now"));
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("ann@x.test"), Not(HasSubstr("[[EMAIL"))));
  EXPECT_THAT(Upstream()[0].body, Not(HasSubstr("ann@")));
}

TEST_F(GuardedCallsTest, ARuleRefusesTheRequestCountsAndItsTokensDoNot) {
  AddGuard();
  Start();
  const ClientAnswer answer = Chat(kForbidden);
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("\"code\":\"content_filter\""),
                                 HasSubstr("no forbidden ones"), Not(HasSubstr("something"))));
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_BLOCKED);
  EXPECT_EQ(Settled().requests(), 1);
  EXPECT_EQ(Settled().usage().ByteSizeLong(), 0U);
}

TEST_F(GuardedCallsTest, ARuleWinsOverALimit) {
  AddGuard();
  quota_.answers.emplace_back(status::ResourceExhausted("'daily' is used up"));
  Start();
  EXPECT_EQ(Chat(kForbidden).status, 422);
  EXPECT_THAT(quota_.settled, IsEmpty());
}

TEST_F(GuardedCallsTest, ALimitRefusesWhatRulesLetGo) {
  AddGuard();
  quota_.answers.emplace_back(status::ResourceExhausted("'daily' is used up"));
  Start();
  EXPECT_EQ(Chat(kMail).status, 429);
  EXPECT_THAT(Upstream(), IsEmpty());
}

TEST_F(GuardedCallsTest, NothingGoesThatNobodyCanBeAskedAbout) {
  AddGuard();
  guardrails_.failure = status::Unavailable("away");
  Start();
  EXPECT_EQ(Chat(kMail).status, 503);
  ExpectReleased();
}

TEST_F(GuardedCallsTest, ItGoesWhereThePolicyLetsItAndSaysSo) {
  AddGuard().set_fail_open(true);
  guardrails_.failure = status::Unavailable("away");
  Start();
  const ClientAnswer answer = Chat(kMail);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("x-weir-degraded: guardrails\r\n"));
  EXPECT_THAT(Upstream()[0].body, HasSubstr("ann@x.test"));
  EXPECT_THAT(log_.lines(), ::testing::Contains(HasSubstr("\"guardrails\":\"unasked\"")));
}

TEST_F(GuardedCallsTest, AnAnswerThatNobodyWasAskedAboutSaysSoToo) {
  auto& policy = AddGuard();
  policy.set_fail_open(true);
  policy.set_requests(false);
  guardrails_.failure = status::Unavailable("away");
  Start();
  EXPECT_THAT(Chat().head, HasSubstr("x-weir-degraded: guardrails\r\n"));
}

TEST_F(GuardedCallsTest, WithoutATableNothingIsServed) {
  AddGuard();
  guardrails_.has_table = false;
  Start();
  EXPECT_EQ(Chat().status, 503);
  EXPECT_THAT(quota_.reserved, IsEmpty());
}

TEST_F(GuardedCallsTest, PoliciesOfOthersAskNobody) {
  AddGuard().set_organization("other");
  auto& team = AddGuard("team");
  team.mutable_attachments(0)->set_level(common::v1::Attachment::LEVEL_TEAM);
  team.mutable_attachments(0)->set_subject("red");
  guardrails_.failure = status::Unavailable("away");
  Start();
  EXPECT_EQ(Chat(kForbidden).status, 200);
  EXPECT_THAT(guardrails_.asked, IsEmpty());
}

TEST_F(GuardedCallsTest, PoliciesOfAProviderToFailOverToCountBeforeTheFirstAttempt) {
  auto& policy = AddGuard();
  policy.mutable_attachments(0)->set_level(common::v1::Attachment::LEVEL_PROVIDER);
  policy.mutable_attachments(0)->set_subject("spare");
  routing_.AddModel("pair", {main_, routing_.AddProvider("spare", MockUrl())});
  Start();
  EXPECT_EQ(Chat(kForbidden).status, 200);
  EXPECT_EQ(Chat(R"({"model":"pair","messages":[{"role":"user","content":"forbidden"}]})").status,
            422);
}

TEST_F(GuardedCallsTest, MoreTextsThanCanBeJudgedAreRefused) {
  AddGuard().set_fail_open(true);
  Start();
  std::string body = R"({"model":"m","messages":[)";
  for (int i = 0; i < 4'097; ++i) {
    body += fmt::format(R"({}{{"role":"user","content":"x"}})", i == 0 ? "" : ",");
  }
  EXPECT_EQ(Chat(body + "]}").status, 400);
  EXPECT_THAT(guardrails_.asked, IsEmpty());
  ExpectReleased();
}

TEST_F(GuardedCallsTest, WhoLeavesWhileTheyThinkIsSentNowhere) {
  AddGuard();
  guardrails_.holds_back = true;
  Start();
  client_->Send(Request(kMail));
  ASSERT_TRUE(Pump([this] { return guardrails_.asked.size() == 1; }));
  client_.reset();
  Advance(milliseconds(250));
  guardrails_.holds_back = false;
  ExpectReleased();
}

TEST_F(GuardedCallsTest, EmbeddingsAreJudgedAndVectorsAreNot) {
  AddGuard();
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"m","input":"of ann@x.test"})", kKey, "/v1/embeddings"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(Upstream()[0].body, HasSubstr("of [[EMAIL-1]]"));
  EXPECT_THAT(guardrails_.asked, SizeIs(1));
}

TEST_F(GuardedCallsTest, VectorsBeyondTheBufferPass) {
  AddGuard();
  options_.max_answer_buffer = 1'000;
  Behave(R"({"dimensions":2000})");
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"m","input":"of ann@x.test"})", kKey, "/v1/embeddings"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(answer.whole);
}

// --- Answers ---

TEST_F(GuardedCallsTest, AWholeAnswerIsMasked) {
  AddGuard();
  ScriptedServer server({{{Said("Write to bob@x.test")}}});
  AnswerBy(server.url());
  Start();
  EXPECT_THAT(Chat().body, HasSubstr("Write to [EMAIL]"));
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 4);
}

TEST_F(GuardedCallsTest, ARuleRefusesAnAnswerWhichWasSpent) {
  AddGuard();
  ScriptedServer server({{{Said("a forbidden word")}}});
  routing_.AddModel("m2", {routing_.AddProvider("scripted", server.url()), main_});
  Start();
  const ClientAnswer answer = Chat(R"({"model":"m2","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("content_filter"), Not(HasSubstr("a forbidden word"))));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
  EXPECT_EQ(Settled().usage().output_visible_tokens(), 4);
  EXPECT_THAT(Upstream(), IsEmpty()) << "another provider was asked for the same";
}

struct OddCase {
  std::string_view name;
  std::string answer;
};
class OddAnswerTest : public GuardedCallsTest, public ::testing::WithParamInterface<OddCase> {};

TEST_P(OddAnswerTest, WhatCannotBeReadCannotBeJudged) {
  AddGuard();
  options_.max_answer_buffer = 10'000;
  ScriptedServer server({{{GetParam().answer}}});
  AnswerBy(server.url());
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("upstream_error"), Not(HasSubstr("bob@"))));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
}
INSTANTIATE_TEST_SUITE_P(
    Answers, OddAnswerTest,
    ::testing::ValuesIn<OddCase>({
        {"NoJson", Json("bob@x.test says hi")},
        {"Empty", Json("")},
        {"CutJson", Json(R"({"choices":[{"message":{"content":"bob@x.test)")},
        {"AStreamThatNobodyAskedFor",
         Json("data: {\"choices\":[{\"delta\":{\"content\":\"bob@x.test\"}}]}\n\ndata: [DONE]\n\n",
              "text/event-stream")},
        {"LargerThanCanBeHeld", Said("bob@x.test " + std::string(20'000, 'x'))},
    }),
    [](const auto& each) { return std::string(each.param.name); });

// A provider that does not stream.
TEST_F(GuardedCallsTest, AWholeAnswerWhereAStreamWasAskedForIsJudged) {
  AddGuard();
  ScriptedServer server({{{Said("Write to bob@x.test")}}});
  AnswerBy(server.url());
  Start();
  EXPECT_THAT(Chat(Streamed()).body, AllOf(HasSubstr("[EMAIL]"), Not(HasSubstr("bob@"))));
}

TEST_F(GuardedCallsTest, AStreamIsMaskedAcrossItsPieces) {
  AddGuard();
  ScriptedServer server({{{std::string(kEventHead) + Word("to bo") + Word("b@x.t") +
                           Word("est now") + StreamEnd()}}});
  AnswerBy(server.url());
  Start();
  const ClientAnswer answer = Chat(Streamed());
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("[EMAIL]"), HasSubstr("[DONE]"), Not(HasSubstr("bo\"")),
                                 Not(HasSubstr("x.t"))));
}

TEST_F(GuardedCallsTest, AStreamThatIsRefusedAtOnceHasAStatus) {
  AddGuard();
  ScriptedServer server({{{std::string(kEventHead) + Word("forbidden ") + StreamEnd()}}});
  AnswerBy(server.url());
  Start();
  EXPECT_EQ(Chat(Streamed()).status, 422);
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
}

TEST_F(GuardedCallsTest, AStreamThatIsRefusedLaterEndsWithAnError) {
  AddGuard();
  ScriptedServer server({{{.bytes = std::string(kEventHead) + Word("fine words "),
                           .later = Word("forbidden ") + StreamEnd()}}});
  AnswerBy(server.url());
  Start();
  const ClientAnswer answer = Chat(Streamed());
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr("fine"), HasSubstr("content_filter"), Not(HasSubstr("[DONE]"))));
  EXPECT_EQ(Settled().outcome(), SettleRequest::OUTCOME_CUT);
  EXPECT_THAT(log_.lines(), ::testing::Contains(AllOf(HasSubstr("\"guardrails\":\"cut\""),
                                                      HasSubstr("\"error\":\"content_filter\""))));
}

// The client has its beginning, so nobody else is asked.
TEST_F(GuardedCallsTest, WhatIsHeldBackOfABrokenStreamStaysHere) {
  AddGuard();
  ScriptedServer first({{{std::string(kEventHead) + Word("carol@")}}});
  routing_.AddModel("pair", {routing_.AddProvider("first", first.url()), main_});
  Start();
  const ClientAnswer answer =
      Chat(R"({"model":"pair","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_THAT(answer.body, AllOf(HasSubstr("upstream_error"), Not(HasSubstr("carol"))));
  EXPECT_THAT(Upstream(), IsEmpty());
}

TEST_F(GuardedCallsTest, ASecondAttemptIsJudgedToo) {
  AddGuard();
  ScriptedServer first({{{std::string(kEventHead)}}});
  ScriptedServer second({{{std::string(kEventHead) + Word("bob@x.test ok") + StreamEnd()}}});
  routing_.plans.clear();
  routing_.AddModel("m", {routing_.AddProvider("first", first.url()),
                          routing_.AddProvider("second", second.url())});
  Start();
  const ClientAnswer answer = Chat(Streamed());
  EXPECT_TRUE(answer.whole) << answer.body;
  EXPECT_THAT(answer.body, AllOf(HasSubstr("[EMAIL]"), Not(HasSubstr("@"))));
}

TEST_F(GuardedCallsTest, AStreamEndsWhereNobodyCanBeAskedAnyMore) {
  AddGuard().set_requests(false);
  guardrails_.failure = status::Unavailable("away");
  guardrails_.good_deltas = 1;
  ScriptedServer server({{{.bytes = std::string(kEventHead) + Word("fine words "),
                           .later = Word("and more ") + StreamEnd()}}});
  AnswerBy(server.url());
  Start();
  const ClientAnswer answer = Chat(Streamed());
  EXPECT_THAT(answer.body, AllOf(HasSubstr("fine words"), HasSubstr("service_unavailable"),
                                 Not(HasSubstr("more"))));
}

}  // namespace
}  // namespace weir::edge
