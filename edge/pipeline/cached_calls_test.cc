// Requests that the cache has a say about, from socket to socket.
#include "edge/pipeline/gate.h"
#include "edge/testing/pipeline_fixture.h"
#include "edge/testing/scripted_server.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::edge::testing::ClientAnswer;
using ::weir::edge::testing::PipelineFixture;
using ::weir::edge::testing::ScriptedServer;

using quota::v1::SettleRequest;

std::string Asking(std::string_view text, std::string_view more = "") {
  return fmt::format(R"({{"model":"m",{}"messages":[{{"role":"user","content":"{}"}}]}})", more,
                     text);
}

class CachedCallsTest : public PipelineFixture {
 protected:
  void SetUp() override {
    PipelineFixture::SetUp();
    Behave(R"({"mode":"echo"})");
  }
  ClientAnswer AskWith(std::string_view cache_control, std::string_view body = kChat) {
    return Ask(Request(body, fmt::format("{}Cache-Control: {}\r\n", kKey, cache_control)));
  }
  // Waits for what goes on behind the answer.
  void AwaitRecords(size_t count) {
    EXPECT_TRUE(Pump([&] { return cache_.recorded.size() >= count; }));
  }
  SettleRequest Settled(size_t index) {
    EXPECT_TRUE(Pump([&] { return quota_.settled.size() > index; }));
    return quota_.settled.at(index);
  }
  // An answer that has a value of somebody who is not asking.
  void CacheASecret() {
    api::cache_pb::LookupResponse& hit = cache_.answer.emplace();
    hit.set_hit(true);
    hit.set_kind("exact");
    hit.set_entry_id("entry");
    hit.mutable_recording()->set_kind("chat");
    hit.mutable_recording()->set_body(
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"to [[EMAIL-9]]"},"finish_reason":"stop"}]})");
  }
  static std::string Status(std::string_view status) {
    return fmt::format("x-cache-status: {}\r\n", status);
  }
};

TEST_F(CachedCallsTest, TheSecondTimeIsAHit) {
  AddCache();
  Start();
  const ClientAnswer first = Chat();
  EXPECT_THAT(first.head, AllOf(HasSubstr(Status("MISS")), Not(HasSubstr("x-cache-kind"))));
  AwaitRecords(1);
  const ClientAnswer second = Chat();
  EXPECT_EQ(second.status, 200);
  EXPECT_THAT(second.head, AllOf(HasSubstr(Status("HIT")), HasSubstr("x-cache-kind: exact\r\n"),
                                 HasSubstr("age: 5\r\n"), HasSubstr("x-request-id: ")));
  EXPECT_THAT(second.body, HasSubstr("\"content\":\"hi\""));
  EXPECT_THAT(Upstream(), SizeIs(1));
  EXPECT_EQ(Settled(1).outcome(), SettleRequest::OUTCOME_CACHED);
  EXPECT_EQ(Settled(1).requests(), 1);
  EXPECT_EQ(Settled(1).usage().output_visible_tokens(), 0);
  EXPECT_TRUE(Pump([this] { return cache_.confirmed.size() == 1; }));
  EXPECT_THAT(log_.lines(), Contains(AllOf(HasSubstr("\"cache\":\"HIT\""),
                                           HasSubstr("\"cache_reason\":\"exact\""))));
}

TEST_F(CachedCallsTest, AHitCostsItsShare) {
  AddCache().set_hit_share(0.5);
  Behave(R"({"usage":{"prompt_tokens":10,"completion_tokens":20}})");
  Start();
  Chat();
  AwaitRecords(1);
  Chat();
  EXPECT_EQ(Settled(1).usage().input_uncached_tokens(), 5);
  EXPECT_EQ(Settled(1).usage().output_visible_tokens(), 10);
}

TEST_F(CachedCallsTest, OneRecordingServesStreamsAndWholeAnswers) {
  AddCache();
  Start();
  Chat(kStream);
  AwaitRecords(1);
  EXPECT_THAT(Chat().body, HasSubstr("\"content\":\"hi\""));
  const ClientAnswer stream = Chat(kStream);
  EXPECT_THAT(stream.head, AllOf(HasSubstr(Status("HIT")), HasSubstr("text/event-stream")));
  EXPECT_THAT(stream.body, AllOf(HasSubstr("chat.completion.chunk"), HasSubstr("data: [DONE]")));
  EXPECT_TRUE(stream.whole);
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(CachedCallsTest, WithoutAPolicyNothingIsSaidOfIt) {
  AddCache().set_organization("other");
  Start();
  const ClientAnswer answer = AskWith("only-if-cached");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, Not(HasSubstr("x-cache-status")));
  EXPECT_THAT(cache_.looked_up, IsEmpty());
  EXPECT_THAT(cache_.recorded, IsEmpty());
}

TEST_F(CachedCallsTest, TheNarrowestPolicyIsUsed) {
  AddCache("wide");
  auto& narrow = AddCache("narrow");
  narrow.mutable_attachments(0)->set_level(common::v1::Attachment::LEVEL_PROVIDER);
  narrow.mutable_attachments(0)->set_subject("main");
  Start();
  Chat();
  ASSERT_THAT(cache_.looked_up, SizeIs(1));
  EXPECT_EQ(cache_.looked_up[0].partition().policy(), "narrow");
}

struct ControlCase {
  std::string_view name;
  std::string_view header;
  std::string_view status;
  size_t lookups, records;
};
class CacheControlTest : public CachedCallsTest,
                         public ::testing::WithParamInterface<ControlCase> {};

TEST_P(CacheControlTest, IsObeyed) {
  AddCache();
  Start();
  EXPECT_THAT(AskWith(GetParam().header).head, HasSubstr(Status(GetParam().status)));
  testing::Settle(loop_);
  EXPECT_THAT(cache_.looked_up, SizeIs(GetParam().lookups));
  EXPECT_THAT(cache_.recorded, SizeIs(GetParam().records));
}
INSTANTIATE_TEST_SUITE_P(Headers, CacheControlTest,
                         ::testing::ValuesIn<ControlCase>({
                             {"MaxAge", "max-age=60", "MISS", 1, 1},
                             {"NoCache", "no-cache", "MISS", 0, 1},
                             {"MaxAgeOfNothing", "max-age=0", "MISS", 0, 1},
                             {"NoStore", "no-store", "BYPASS", 0, 0},
                             {"Unreadable", "max-age=x", "MISS", 0, 1},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(CachedCallsTest, OnlyIfCachedWantsNoOtherAnswer) {
  AddCache().set_single_flight(true);
  Start();
  const ClientAnswer none = AskWith("only-if-cached");
  EXPECT_EQ(none.status, 504);
  EXPECT_THAT(none.body, HasSubstr("\"code\":\"not_in_cache\""));
  EXPECT_THAT(none.head, HasSubstr("x-should-retry: false\r\n"));
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_EQ(cache_.leads, 0);
  Chat();
  AwaitRecords(1);
  EXPECT_THAT(AskWith("only-if-cached").head, HasSubstr(Status("HIT")));
  // Also where none can be.
  EXPECT_EQ(AskWith("only-if-cached, no-cache").status, 504);
  EXPECT_EQ(AskWith("only-if-cached", Asking("hi", "\"n\":2,")).status, 504);
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(CachedCallsTest, AHitNeedsNoTokens) {
  AddCache();
  Start();
  Chat();
  AwaitRecords(1);
  quota_.answers.emplace_back(status::ResourceExhausted("'daily' has too little left"));
  const ClientAnswer answer = Chat();
  EXPECT_THAT(answer.head, HasSubstr(Status("HIT")));
  ASSERT_THAT(quota_.reserved, SizeIs(3));
  EXPECT_EQ(quota_.reserved[2].estimate().requests(), 1);
  EXPECT_EQ(quota_.reserved[2].estimate().input_tokens_bound(), 0);
  EXPECT_EQ(quota_.reserved[2].estimate().output_tokens_max(), 0);
}

TEST_F(CachedCallsTest, ALimitThatIsUsedUpWinsOverAHit) {
  AddCache();
  Start();
  Chat();
  AwaitRecords(1);
  for (int i = 0; i < 2; ++i) {
    quota_.answers.emplace_back(status::ResourceExhausted("'daily' is used up"));
  }
  EXPECT_EQ(Chat().status, 429);
  testing::Settle(loop_);
  EXPECT_THAT(cache_.confirmed, IsEmpty());
}

TEST_F(CachedCallsTest, AValueOfSomebodyElseMakesAHitAMiss) {
  AddCache();
  CacheASecret();
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr(Status("MISS")));
  EXPECT_THAT(Upstream(), SizeIs(1));
  EXPECT_THAT(cache_.confirmed, IsEmpty());
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("\"cache_reason\":\"placeholder\"")));
}

// The hold was for a hit: it pays for nothing else.
TEST_F(CachedCallsTest, AHitThatIsNoneIsNotSentAtTheCostOfAHit) {
  AddCache();
  CacheASecret();
  quota_.answers.emplace_back(status::ResourceExhausted("'daily' has too little left"));
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.body, HasSubstr("'daily' has too little left"));
  EXPECT_THAT(Upstream(), IsEmpty());
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
}

TEST_F(CachedCallsTest, OnlyIfCachedIsNotContentWithAValueOfSomebodyElse) {
  AddCache();
  CacheASecret();
  Start();
  EXPECT_EQ(AskWith("only-if-cached").status, 504);
  EXPECT_THAT(Upstream(), IsEmpty());
}

TEST_F(CachedCallsTest, WithoutTheCacheAllIsAMiss) {
  AddCache().set_single_flight(true);
  cache_.fails = status::Unavailable("away");
  Start();
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Chat().head, HasSubstr(Status("MISS")));
  EXPECT_THAT(Upstream(), SizeIs(2));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("\"cache_reason\":\"unavailable\"")));
}

TEST_F(CachedCallsTest, AnAnswerInTheCacheWaitsForNobodyLong) {
  AddCache();
  cache_.holds_back = true;
  Start();
  client_->Send(Request(kChat));
  ASSERT_TRUE(Pump([this] { return cache_.looked_up.size() == 1; }));
  Advance(std::chrono::milliseconds(4));
  EXPECT_THAT(Answer().head, HasSubstr(Status("MISS")));
  cache_.holds_back = false;
}

TEST_F(CachedCallsTest, EmbeddingsAreNotKept) {
  AddCache();
  Start();
  const ClientAnswer answer = Ask(Request(R"({"model":"m","input":"x"})", kKey, "/v1/embeddings"));
  EXPECT_THAT(answer.head, Not(HasSubstr("x-cache-status")));
  EXPECT_THAT(cache_.looked_up, IsEmpty());
}

TEST_F(CachedCallsTest, AnswersOfAnotherStatusAreNotKept) {
  AddCache();
  const std::string body =
      R"({"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]})";
  ScriptedServer server({{{fmt::format(
      "HTTP/1.1 203 Else\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body)}}});
  routing_.plans.clear();
  routing_.AddModel("m", {routing_.AddProvider("scripted", server.url())});
  Start();
  EXPECT_EQ(Chat().status, 203);
  testing::Settle(loop_);
  EXPECT_THAT(cache_.recorded, IsEmpty());
}

struct ModelCase {
  std::string_view name;
  bool per_model;
  std::string answering;
  size_t records;
};
class OtherModelTest : public CachedCallsTest, public ::testing::WithParamInterface<ModelCase> {};

// It was looked up for the model of the first attempt.
TEST_P(OtherModelTest, AnswersWhereModelsShare) {
  AddCache().set_per_model(GetParam().per_model);
  routing_.plans.clear();
  routing_.AddModel("m", {routing_.AddProvider("first", ScriptedServer({}).url()), main_});
  routing_.plans["m"].mutable_attempts(1)->set_model(GetParam().answering);
  Start();
  EXPECT_EQ(Chat().status, 200);
  testing::Settle(loop_);
  EXPECT_THAT(cache_.recorded, SizeIs(GetParam().records));
}
INSTANTIATE_TEST_SUITE_P(Policies, OtherModelTest,
                         ::testing::ValuesIn<ModelCase>({
                             {"OfOneModel", true, "m", 1},
                             {"OfAnother", true, "spare", 0},
                             {"OfAnotherAndShared", false, "spare", 1},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

// --- With guardrails ---

TEST_F(CachedCallsTest, MaskedTwinsShareAnAnswerAndNoValue) {
  AddCache();
  AddGuard();
  Start();
  EXPECT_THAT(Chat(Asking("Mail ann@x.test")).body, HasSubstr("Mail ann@x.test"));
  AwaitRecords(1);
  EXPECT_THAT(cache_.recorded[0].recording().body(),
              AllOf(HasSubstr("[[EMAIL-1]]"), Not(HasSubstr("ann@"))));
  EXPECT_EQ(cache_.recorded[0].text(), "Mail [[EMAIL-1]]");
  const ClientAnswer twin = Chat(Asking("Mail bob@x.test"));
  EXPECT_THAT(twin.head, HasSubstr(Status("HIT")));
  EXPECT_THAT(twin.body, AllOf(HasSubstr("Mail bob@x.test"), Not(HasSubstr("ann@"))));
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(CachedCallsTest, ARuleWinsOverAHit) {
  AddCache();
  AddGuard();
  CacheASecret();
  Start();
  EXPECT_EQ(Chat(Asking("forbidden")).status, 422);
  EXPECT_EQ(Settled(0).outcome(), SettleRequest::OUTCOME_BLOCKED);
  EXPECT_THAT(cache_.confirmed, IsEmpty());
}

TEST_F(CachedCallsTest, SecretsAreNeverKept) {
  AddCache().set_single_flight(true);
  AddGuard();
  Start();
  EXPECT_THAT(Chat(Asking("open sesame")).head, HasSubstr(Status("BYPASS")));
  testing::Settle(loop_);
  EXPECT_THAT(cache_.recorded, IsEmpty());
  EXPECT_EQ(cache_.leads, 0);
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("\"cache_reason\":\"secret\"")));
}

TEST_F(CachedCallsTest, SecretsInAnswersAreNotKeptEither) {
  AddCache();
  AddGuard().set_requests(false);
  Start();
  for (const std::string_view stream : {"", "\"stream\":true,"}) {
    EXPECT_EQ(Chat(Asking("open sesame", stream)).status, 200);
    testing::Settle(loop_);
  }
  EXPECT_THAT(Upstream(), SizeIs(2));
  EXPECT_THAT(cache_.recorded, IsEmpty());
}

TEST_F(CachedCallsTest, WhatNobodyJudgedIsNotKept) {
  AddCache();
  AddGuard().set_fail_open(true);
  guardrails_.failure = status::Unavailable("away");
  Start();
  EXPECT_THAT(Chat(Asking("Mail ann@x.test")).head, HasSubstr(Status("BYPASS")));
  testing::Settle(loop_);
  EXPECT_THAT(cache_.recorded, IsEmpty());
}

TEST_F(CachedCallsTest, AnswersThatARuleRefusedAreNotKept) {
  AddCache();
  AddGuard().set_requests(false);
  Start();
  EXPECT_EQ(Chat(Asking("forbidden")).status, 422);
  testing::Settle(loop_);
  EXPECT_THAT(cache_.recorded, IsEmpty());
}

TEST_F(CachedCallsTest, OnlyAChangedPolicyMakesAnswersOfBeforeUseless) {
  AddCache();
  AddGuard();
  Start();
  const auto status = [this] {
    const ClientAnswer answer = Chat();
    testing::Settle(loop_);
    return answer.head.substr(answer.head.find("x-cache-status"), 20);
  };
  EXPECT_EQ(status(), "x-cache-status: MISS");
  EXPECT_EQ(status(), "x-cache-status: HIT\r");
  // Another organisation changes one of its own.
  AddGuard("theirs").set_organization("other");
  guardrails_.Publish();
  testing::Settle(loop_);
  EXPECT_EQ(status(), "x-cache-status: HIT\r");
  guardrails_.table.mutable_policies(0)->set_version(2);
  guardrails_.Publish();
  testing::Settle(loop_);
  EXPECT_EQ(status(), "x-cache-status: MISS");
}

struct ElsewhereCase {
  std::string_view name;
  bool semantic, guarded;
  std::vector<bool> exact_only;  // Of each look-up.
};
class EmbeddedElsewhereTest : public CachedCallsTest,
                              public ::testing::WithParamInterface<ElsewhereCase> {};

TEST_P(EmbeddedElsewhereTest, TextsGoThereOnlyAsTheyMayLeave) {
  AddCache().set_semantic(GetParam().semantic);
  cache_.table.set_remote_embedder(true);
  if (GetParam().guarded) AddGuard();
  Start();
  Chat();
  std::vector<bool> exact_only;
  for (const auto& each : cache_.looked_up) exact_only.push_back(each.exact_only());
  EXPECT_EQ(exact_only, GetParam().exact_only);
}
INSTANTIATE_TEST_SUITE_P(Policies, EmbeddedElsewhereTest,
                         ::testing::ValuesIn<ElsewhereCase>({
                             {"Plain", true, false, {false}},
                             {"Guarded", true, true, {true, false}},
                             {"IdenticalAlone", false, true, {true}},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace weir::edge
