// What becomes of a request's attempts: failover, settlement in every outcome, and clients that
// leave.
#include "edge/pipeline/attempt.h"
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
using routing::v1::ReportRequest;

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Json(std::string_view body, std::string_view headers = "") {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
      body.size(), headers, body);
}
std::string Chunk(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}
constexpr std::string_view kEventHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
std::string Event(std::string_view json) { return Chunk(fmt::format("data: {}\n\n", json)); }
std::string Word(std::string_view word) {
  return Event(fmt::format(R"({{"choices":[{{"index":0,"delta":{{"content":"{}"}}}}]}})", word));
}

class AttemptsTest : public PipelineFixture {
 protected:
  // The model "pair" is answered by `first`, then by the mock.
  void AddPair(const std::string& first_url) {
    routing_.AddModel("pair", {routing_.AddProvider("first", first_url), main_});
  }
  static std::string Pair(bool stream = false) {
    return fmt::format(
        R"({{"model":"pair","stream":{},"messages":[{{"role":"user","content":"hi"}}]}})", stream);
  }
  static std::string NobodyThere() { return ScriptedServer({}).url(); }

  const SettleRequest& Settled(size_t index) {
    EXPECT_TRUE(Pump([&] { return quota_.settled.size() > index; }));
    return quota_.settled.at(index);
  }
};

// --- Failover ---

TEST_F(AttemptsTest, AnErrorOfTheFirstIsAnsweredByTheSecond) {
  ScriptedServer first({{{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"}}});
  AddPair(first.url());
  Start();
  const ClientAnswer answer = Ask(Request(Pair()));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(first.requests(), SizeIs(1));
  EXPECT_THAT(Upstream(), SizeIs(1));
  ASSERT_THAT(quota_.settled, SizeIs(2));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_EQ(Settled(0).key().attempt(), 1U);
  EXPECT_EQ(Settled(0).subjects().provider(), "first");
  EXPECT_EQ(Settled(1).outcome(), SettleRequest::OUTCOME_FINISHED);
  EXPECT_EQ(Settled(1).key().attempt(), 2U);
  EXPECT_EQ(Settled(1).key().request_id(), Settled(0).key().request_id());
  EXPECT_EQ(quota_.requests_posted(), 1) << "one request, however many attempts";
  EXPECT_EQ(quota_.reserved[1].estimate().requests(), 0);
  EXPECT_THAT(registry_.Render(), HasSubstr(R"(weir_upstream_errors_total{error="5xx"} 1)"));
}

TEST_F(AttemptsTest, AProviderThatIsOutOfReachCostsNothing) {
  AddPair(NobodyThere());
  Start();
  EXPECT_EQ(Ask(Request(Pair())).status, 200);
  EXPECT_THAT(registry_.Render(),
              HasSubstr(R"(weir_upstream_errors_total{error="upstream_error"} 1)"));
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
  ASSERT_THAT(quota_.settled, SizeIs(1));
  EXPECT_EQ(quota_.settled[0].key().attempt(), 2U);
  EXPECT_EQ(quota_.requests_posted(), 1);
  EXPECT_EQ(quota_.reserved[1].estimate().requests(), 1) << "the first was never sent";
}

// A first target that is slow to fail must not eat the time to ask for the second's hold.
TEST_F(AttemptsTest, AFirstByteThatDoesNotComeIsAnsweredByTheSecond) {
  ScriptedServer first({{{.bytes = "", .stay_open = true}}});
  AddPair(first.url());
  Start();
  client_->Send(Request(Pair()));
  ASSERT_TRUE(Pump([&] { return first.requests().size() == 1; }));
  Advance(seconds(60));
  EXPECT_EQ(Answer().status, 200);
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_EQ(Settled(0).usage().input_uncached_tokens(),
            quota_.reserved[0].estimate().input_tokens_likely())
      << "the prompt was sent";
  EXPECT_GT(Settled(0).usage().input_uncached_tokens(), 0);
  EXPECT_EQ(quota_.requests_posted(), 1);
}

TEST_F(AttemptsTest, AStreamThatBreaksBeforeItsFirstEventIsAnsweredByTheSecond) {
  for (const std::string& bytes :
       {std::string(kEventHead), std::string(kEventHead) + Chunk("data: {\"choi"),
        std::string(kEventHead) + Event(R"({"error":{"message":"overloaded"}})")}) {
    SCOPED_TRACE(bytes);
    ScriptedServer first({{{bytes}}});
    const std::string model = fmt::format("pair{}", bytes.size());
    routing_.AddModel(model, {routing_.AddProvider("first", first.url()), main_});
    if (listener_ == nullptr) Start();
    routing_.Publish();
    testing::Settle(loop_);
    quota_.settled.clear();
    const ClientAnswer answer = Ask(Request(fmt::format(
        R"({{"model":"{}","stream":true,"messages":[{{"role":"user","content":"hi"}}]}})", model)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, Not(HasSubstr("error")));
    EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n")) << answer.body;
    EXPECT_EQ(quota_.requests_posted(), 1);
  }
}

TEST_F(AttemptsTest, AClientsOwnErrorIsNotTriedElsewhere) {
  ScriptedServer first(
      {{{"HTTP/1.1 400 Bad Request\r\nContent-Length: 51\r\n\r\n"
         R"({"error":{"message":"context length exceeded 1234"}})"}}});
  AddPair(first.url());
  Start();
  const ClientAnswer answer = Ask(Request(Pair()));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
}

TEST_F(AttemptsTest, ASecondThatIsDeniedIsNotCalled) {
  ScriptedServer first({{{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}}});
  AddPair(first.url());
  quota_.answers.push_back(quota::v1::ReserveResponse());
  quota_.answers.push_back(status::ResourceExhausted("the limit of 'main' is used up"));
  Start();
  const ClientAnswer answer = Ask(Request(Pair()));
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_EQ(quota_.requests_posted(), 1);
}

TEST_F(AttemptsTest, WhereAllFailTheLastIsTold) {
  ScriptedServer first({{{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}}});
  AddPair(first.url());
  Behave(R"({"status": 429, "retry_after": "7"})");
  Start();
  const ClientAnswer answer = Ask(Request(Pair()));
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("retry-after: 7\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("upstream_rate_limited"));
  EXPECT_EQ(quota_.requests_posted(), 1);
  EXPECT_THAT(quota_.settled, SizeIs(2));
}

TEST_F(AttemptsTest, AProviderThatRefusesOurKeyIsNotTheClientsFault) {
  Behave(R"({"status": 401})");
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, HasSubstr("upstream_auth_failed"));
}

TEST_F(AttemptsTest, OutcomesAreReported) {
  ScriptedServer first({{{"HTTP/1.1 429 Slow\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"}}});
  AddPair(first.url());
  Start();
  Ask(Request(Pair()));
  ASSERT_THAT(routing_.reports, SizeIs(2));
  EXPECT_EQ(routing_.reports[0].outcome(), ReportRequest::OUTCOME_RATE_LIMITED);
  EXPECT_EQ(routing_.reports[0].retry_after().seconds(), 9);
  EXPECT_EQ(routing_.reports[0].provider(), "first");
  EXPECT_EQ(routing_.reports[1].outcome(), ReportRequest::OUTCOME_OK);
}

// The next request's business, not this one's.
TEST_F(AttemptsTest, NobodyWaitsForAReport) {
  routing_.hold_back_reports = true;
  Start();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(Chat().status, 200);
  EXPECT_THAT(routing_.reports, SizeIs(1));
  routing_.hold_back_reports = false;
}

TEST_F(AttemptsTest, WhereAllFailFewAreRetried) {
  options_.retries = {.part = 0.2, .per_second = 1};
  AddPair(NobodyThere());
  Start();
  std::string statuses;
  for (int i = 0; i < 9; ++i) statuses += Ask(Request(Pair())).status == 200 ? '+' : '-';
  EXPECT_EQ(statuses, "++--+----") << "two by themselves, then one of five";
  EXPECT_THAT(registry_.Render(), HasSubstr("weir_retries_refused_total 6"));
  Advance(seconds(1));
  EXPECT_EQ(Ask(Request(Pair())).status, 200);
}

// That all of our own connections are busy says nothing about the provider's health.
TEST_F(AttemptsTest, ABusyPoolIsNotReportedAsTheProvidersFault) {
  routing_.table.mutable_providers(static_cast<int>(main_))->set_max_connections(1);
  Behave(R"({"latency_ms": 50})");
  Start();
  client_->Send(Request(kChat));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 1; }));
  testing::LoopbackClient other(listener_->port());
  other.Send(Request(kChat));
  ASSERT_TRUE(Pump([&] { return !other.received().empty(); }));
  EXPECT_THAT(other.received(), HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(other.received(), HasSubstr("no free connection"));
  EXPECT_EQ(Answer().status, 200);
  for (const auto& each : routing_.reports) EXPECT_EQ(each.outcome(), ReportRequest::OUTCOME_OK);
}

// A plan may be older or newer than the table in hand; an index of another table must never pick
// the provider.
TEST_F(AttemptsTest, APlanOfAnotherTableIsNotFollowed) {
  routing_.AddModel("strange", {main_});
  routing::v1::Attempt& beyond = *routing_.plans["strange"].mutable_attempts(0);
  beyond.set_provider_index(77);
  routing_.AddModel("swapped", {routing_.AddProvider("theirs", NobodyThere())});
  routing_.plans["swapped"].mutable_attempts(0)->set_provider_index(main_);
  Start();
  for (const std::string model : {"strange", "swapped"}) {
    const ClientAnswer answer = Ask(Request(
        fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"hi"}}]}})", model)));
    EXPECT_EQ(answer.status, 503) << model;
  }
  EXPECT_THAT(Upstream(), IsEmpty());
}

// --- Whole answers ---

TEST_F(AttemptsTest, AnAnswerWithoutUsageIsCounted) {
  Behave(R"({"omit_usage": true, "mode": "words", "words": 8})");
  Start();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_GE(Settled(0).usage().output_visible_tokens(), 8);
  EXPECT_GT(Settled(0).usage().input_uncached_tokens(), 0);
}

TEST_F(AttemptsTest, ACutAnswerIsAnError) {
  Behave(R"({"truncate_content_length": true})");
  Start();
  EXPECT_EQ(Chat().status, 502);
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_GT(Settled(0).usage().input_uncached_tokens(), 0);
}

TEST_F(AttemptsTest, AnAnswerThatCameEncodedIsDecoded) {
  Behave(R"({"content_encoding": "gzip"})");
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_THAT(answer.body, HasSubstr("chatcmpl-mock777"));
  EXPECT_THAT(answer.head, Not(HasSubstr("encoding: gzip")));
  EXPECT_EQ(Settled(0).usage().output_visible_tokens(), 20);
}

TEST_F(AttemptsTest, ALengthBeyondReasonTakesNothingDown) {
  ScriptedServer huge(
      {{{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
         "Content-Length: 900000000000000\r\n\r\n{"}}});
  routing_.AddModel("huge", {routing_.AddProvider("huge", huge.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"huge","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(answer.status, 502);
}

TEST_F(AttemptsTest, AnAnswerOverTheBufferPassesThroughAndIsSettled) {
  options_.max_answer_buffer = 50'000;
  const std::string usage =
      R"("usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})";
  const std::string body =
      R"({"choices":[{"message":{"content":")" + std::string(300'000, 'x') + R"("}}],)" + usage;
  ScriptedServer server({{{Json(body)}}});
  routing_.AddModel("large", {routing_.AddProvider("large", server.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"large","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body == body);
  EXPECT_EQ(Settled(0).usage().output_visible_tokens(), 4);
  EXPECT_FALSE(Settled(0).estimated());
}

TEST_F(AttemptsTest, AnAnswerOverTheBufferThatBreaksIsVisiblyBroken) {
  options_.max_answer_buffer = 50'000;
  ScriptedServer server(
      {{{"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + std::string(200'000, 'x')}}});
  routing_.AddModel("large", {routing_.AddProvider("large", server.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"large","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole);
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
}

TEST_F(AttemptsTest, OddStatusesOfAProviderAreHandled) {
  struct Odd {
    std::string bytes;
    int status;
  };
  for (const Odd& each :
       {Odd{"HTTP/1.1 204 No Content\r\n\r\n", 204},
        Odd{"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            502},
        Odd{"HTTP/1.1 304 Not Modified\r\n\r\n", 502},
        Odd{"HTTP/1.1 100 Continue\r\n\r\n" + Json("{}"), 200},
        Odd{"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n", 418},
        Odd{"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502}}) {
    ScriptedServer server({{{each.bytes}}});
    const std::string model = "odd" + each.bytes.substr(9, 3) + std::to_string(each.status);
    routing_.AddModel(model, {routing_.AddProvider("odd", server.url())});
    if (listener_ == nullptr) Start();
    routing_.Publish();
    testing::Settle(loop_);
    const ClientAnswer answer = Ask(Request(
        fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"hi"}}]}})", model)));
    EXPECT_EQ(answer.status, each.status) << each.bytes;
  }
}

TEST_F(AttemptsTest, HeadersOfAProviderStayThereUnlessListed) {
  ScriptedServer server(
      {{{Json("{}",
              "Set-Cookie: a=b\r\nopenai-organization: org\r\n"
              "x-ratelimit-remaining-requests: 1\r\nopenai-processing-ms: 5\r\n")}}});
  routing_.AddModel("h", {routing_.AddProvider("h", server.url())});
  Start();
  const std::string head =
      Ask(Request(R"({"model":"h","messages":[{"role":"user","content":"hi"}]})")).head;
  EXPECT_THAT(head, HasSubstr("openai-processing-ms: 5\r\n"));
  for (const char* kept : {"a=b", "org", "x-ratelimit"}) EXPECT_THAT(head, Not(HasSubstr(kept)));
}

// --- Streams ---

TEST_F(AttemptsTest, AStreamPassesAndItsUsageIsTaken) {
  Start();
  const ClientAnswer answer = Ask(Request(kStream));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("content-type: text/event-stream; charset=utf-8\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("cache-control: no-cache\r\n"));
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("\"choices\":[],")));
  EXPECT_THAT(Upstream()[0].body, HasSubstr(R"("stream_options":{"include_usage":true})"));
  EXPECT_EQ(Settled(0).usage().output_visible_tokens(), 20);
  EXPECT_FALSE(Settled(0).estimated());
}

TEST_F(AttemptsTest, TheConnectionServesTheNextRequestAfterAStream) {
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Ask(Request(kStream)).whole);
  EXPECT_FALSE(client_->ended());
}

TEST_F(AttemptsTest, AStreamWithoutUsageIsCounted) {
  Behave(R"({"omit_stream_usage": true})");
  Start();
  Ask(Request(kStream));
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_GT(Settled(0).usage().output_visible_tokens(), 5);
}

TEST_F(AttemptsTest, AStreamThatBreaksEndsWithAnErrorEventAndWithoutDone) {
  Behave(R"({"drop_after_frames": 5})");
  Start();
  const ClientAnswer answer = Ask(Request(kStream));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, HasSubstr("data: {\"error\":{"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_GT(Settled(0).usage().output_visible_tokens(), 0);
}

TEST_F(AttemptsTest, AStreamThatEndsWithoutDoneIsAnErrorToo) {
  ScriptedServer server({{{std::string(kEventHead) + Word("a") + "0\r\n\r\n"}}});
  routing_.AddModel("s", {routing_.AddProvider("s", server.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"s","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_THAT(answer.body, HasSubstr("upstream_error"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
}

TEST_F(AttemptsTest, AnErrorEventOfTheProviderPassesOnce) {
  ScriptedServer server({{{.bytes = std::string(kEventHead) + Word("a"),
                           .later = Event(R"({"error":{"message":"too much"}})") + "0\r\n\r\n"}}});
  routing_.AddModel("s", {routing_.AddProvider("s", server.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"s","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_THAT(answer.body, HasSubstr("too much"));
  EXPECT_THAT(answer.body, Not(HasSubstr("upstream_error")));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_FAILED);
}

TEST_F(AttemptsTest, AStreamThatStallsIsCutByItsIdleLimit) {
  ScriptedServer server({{{.bytes = std::string(kEventHead) + Word("a"), .stay_open = true}}});
  routing_.AddModel("s", {routing_.AddProvider("s", server.url())});
  Start();
  client_->Send(
      Request(R"({"model":"s","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  ASSERT_TRUE(Pump([this] { return client_->received().find("content") != std::string::npos; }));
  Advance(seconds(60));
  const ClientAnswer answer = Answer();
  EXPECT_THAT(answer.body, HasSubstr("upstream timed out"));
  EXPECT_TRUE(answer.whole);
}

// What a provider does behind [DONE] is no longer this client's business.
TEST_F(AttemptsTest, AProviderThatLingersBehindDoneHoldsNobodyUp) {
  ScriptedServer server({{{.bytes = std::string(kEventHead) + Word("a") + Chunk("data: [DONE]\n\n"),
                           .stay_open = true}}});
  routing_.AddModel("s", {routing_.AddProvider("s", server.url())});
  Start();
  const std::string ask =
      Request(R"({"model":"s","stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_TRUE(Ask(ask).whole);
  client_->Send(Request(kChat));
  Advance(milliseconds(500));
  EXPECT_EQ(Answer().status, 200);
}

TEST_F(AttemptsTest, AnEventBeyondReasonBreaksTheStream) {
  ScriptedServer server(
      {{{std::string(kEventHead) + Word("a") + Chunk("data: " + std::string(2'000'000, 'x'))}}});
  routing_.AddModel("s", {routing_.AddProvider("s", server.url())});
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"s","stream":true,"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_LT(answer.body.size(), 10'000U);
  EXPECT_THAT(answer.body, HasSubstr("upstream_error"));
}

TEST_F(AttemptsTest, Http10ClientsGetTheirStreamUnchunked) {
  Start();
  std::string request = Request(kStream);
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  const ClientAnswer answer = Ask(request);
  EXPECT_THAT(answer.head, Not(HasSubstr("chunked")));
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
}

// --- Clients that leave ---

TEST_F(AttemptsTest, AClientThatLeavesMidStreamEndsTheUpstreamAndPaysForWhatItGot) {
  Behave(R"({"mode": "words", "words": 1000, "frame_delay_ms": 5})");
  Start();
  client_->Send(Request(kStream));
  ASSERT_TRUE(Pump([this] { return client_->received().size() > 3'000; }));
  client_->Close();
  Advance(milliseconds(250));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 0; }));
  EXPECT_EQ(mock_->sums().all.aborted, 1);
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_ABORTED);
  EXPECT_TRUE(Settled(0).estimated());
  EXPECT_GT(Settled(0).usage().output_visible_tokens(), 5);
  EXPECT_LT(Settled(0).usage().output_visible_tokens(), 900);
}

// It is there, and takes nothing: the write limit ends it.
TEST_F(AttemptsTest, AClientThatTakesNothingIsLoggedAsGone) {
  Behave(R"({"mode": "words", "words": 100000})");
  Start();
  testing::LoopbackClient stalled(listener_->port(), /*receive_buffer=*/4096);
  stalled.Send(Request(kStream));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 1; }));
  testing::Settle(loop_);
  EXPECT_THAT(quota_.settled, IsEmpty());
  Advance(seconds(61));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_ABORTED);
  ASSERT_TRUE(Pump([this] { return !log_.WithEvent("request.done").empty(); }));
  EXPECT_THAT(log_.WithEvent("request.done")[0], HasSubstr(R"("client_gone":true)"));
}

TEST_F(AttemptsTest, AClientThatLeavesBeforeTheFirstByteEndsTheUpstream) {
  Behave(R"({"never_answer": true})");
  AddPair(MockUrl());
  Start();
  client_->Send(Request(Pair()));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 1; }));
  client_->Close();
  Advance(milliseconds(250));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 0; }));
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_ABORTED);
  EXPECT_EQ(mock_->sums().all.requests, 1) << "nobody is left to fail over for";
  EXPECT_THAT(routing_.reports, IsEmpty()) << "the provider is not to blame";
}

// Else its loop sends it for ever, and its outbox never ends.
TEST_F(AttemptsTest, ASettlementThatIsRefusedForGoodIsSetAside) {
  quota_.refuses_to_settle = [](const auto&) { return true; };
  Start();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_TRUE(Pump([this] { return settlements_->unacknowledged() == 0; }));
  EXPECT_THAT(log_.WithEvent("edge.settle.refused"), SizeIs(1));
  quota_.ForgetHolds();
}

TEST_F(AttemptsTest, AClientThatLeavesWhileItsHoldIsAskedForCostsNothing) {
  quota_.hold_back_from = 0;
  Start();
  client_->Send(Request(kChat));
  ASSERT_TRUE(Pump([this] { return quota_.reserved.size() == 1; }));
  client_->Close();
  Advance(milliseconds(250));
  quota_.hold_back_from.reset();
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_THAT(quota_.settled, IsEmpty());
}

TEST_F(AttemptsTest, AClientThatLeavesWhileTheSecondHoldIsAskedForIsNotServedByIt) {
  ScriptedServer first({{{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}}});
  AddPair(first.url());
  quota_.hold_back_from = 1;
  Start();
  client_->Send(Request(Pair()));
  ASSERT_TRUE(Pump([this] { return quota_.reserved.size() == 2; }));
  client_->Close();
  Advance(milliseconds(250));
  quota_.hold_back_from.reset();
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
  EXPECT_THAT(Upstream(), IsEmpty());
}

// --- Settlement ---

TEST_F(AttemptsTest, ASettlementIsRepeatedUntilTheLedgerHasIt) {
  quota_.settle_failures = 3;
  Start();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(settlements_->unacknowledged(), 1U);
  EXPECT_EQ(outbox_->open(), 1U);
  for (int i = 0; i < 20; ++i) Advance(milliseconds(100));
  EXPECT_THAT(quota_.settled, SizeIs(1));
  EXPECT_EQ(settlements_->unacknowledged(), 0U);
  EXPECT_EQ(outbox_->open(), 0U);
  EXPECT_THAT(log_.WithEvent("edge.settle.waiting"), SizeIs(1));
}

// The contract in one sentence, over every way a provider can behave: see TearDown.
TEST_F(AttemptsTest, EveryAttemptEndsOnceHoweverTheProviderBehaves) {
  AddPair(MockUrl());
  Start();
  size_t asked = 0;
  for (const char* behaviour :
       {R"({"times": 1, "status": 500})", R"({"times": 1, "status": 429})",
        R"({"times": 1, "status": 404})", R"({"times": 1, "drop_before_answer": true})",
        R"({"times": 1, "drop_before_answer": true, "reset": true})",
        R"({"times": 1, "truncate_content_length": true})",
        R"({"times": 1, "malformed_json": true})", R"({"times": 1, "drop_after_frames": 0})",
        R"({"times": 1, "drop_after_frames": 3})",
        R"({"times": 1, "drop_after_frames": 3, "reset": true})",
        R"({"times": 1, "zero_usage": true})", R"({"times": 2, "status": 503})",
        R"({"times": 2, "drop_before_answer": true})"}) {
    for (const bool stream : {false, true}) {
      SCOPED_TRACE(fmt::format("{} stream {}", behaviour, stream));
      mock_->ResetBehaviour();
      Behave(behaviour);
      const int64_t before = quota_.requests_posted();
      EXPECT_NE(Ask(Request(Pair(stream))).status, 0);
      EXPECT_TRUE(Pump([this] { return quota_.open_holds() == 0; }));
      EXPECT_EQ(quota_.requests_posted() - before, 1);
      ++asked;
    }
  }
  EXPECT_THAT(log_.WithEvent("request.done"), SizeIs(asked));
}

}  // namespace
}  // namespace weir::edge
