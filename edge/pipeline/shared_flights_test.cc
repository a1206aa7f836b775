// Equal requests at one time: one leads, the others wait for its answer.
#include "edge/testing/pipeline_fixture.h"
#include "edge/testing/scripted_server.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
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

class SharedFlightsTest : public PipelineFixture {
 protected:
  void Begin() {
    AddCache().set_single_flight(true);
    Start();
  }
  // The first asks, and is on its way to the provider.
  void Lead(std::string_view body = kChat) {
    client_->Send(Request(body));
    ASSERT_TRUE(Pump([this] { return Upstream().size() == 1; }));
  }
  // Another asks, and waits.
  void Follow(std::string_view body = kChat) {
    const int before = cache_.leads;
    follower_.emplace(listener_->port());
    follower_->Send(Request(body));
    ASSERT_TRUE(Pump([&] { return cache_.leads == before + 1; }));
    testing::Settle(loop_);
  }
  void Leave(std::optional<LoopbackClient>& client) {
    client.reset();
    Advance(milliseconds(250));
  }

  std::optional<LoopbackClient> follower_;
};

constexpr std::string_view kHit = "x-cache-status: HIT\r\n";
constexpr std::string_view kMiss = "x-cache-status: MISS\r\n";

TEST_F(SharedFlightsTest, TheProviderIsAskedOnce) {
  Behave(R"({"latency_ms":50})");
  Begin();
  Lead();
  Follow();
  EXPECT_THAT(Answer().head, HasSubstr(kMiss));
  const ClientAnswer shared = AnswerTo(*follower_);
  EXPECT_EQ(shared.status, 200);
  EXPECT_THAT(shared.head, HasSubstr(kHit));
  EXPECT_THAT(Upstream(), SizeIs(1));
  EXPECT_TRUE(Pump([this] { return quota_.settled.size() == 2; }));
  EXPECT_EQ(quota_.settled[1].outcome(), SettleRequest::OUTCOME_CACHED);
}

TEST_F(SharedFlightsTest, AFollowerGetsItAsItAsked) {
  Behave(R"({"latency_ms":50})");
  Begin();
  Lead();
  Follow(kStream);
  Answer();
  const ClientAnswer shared = AnswerTo(*follower_);
  EXPECT_THAT(shared.head, AllOf(HasSubstr(kHit), HasSubstr("text/event-stream")));
  EXPECT_THAT(shared.body, HasSubstr("[DONE]"));
}

TEST_F(SharedFlightsTest, WhereTheProviderFailsTheNextLeads) {
  Behave(R"({"latency_ms":50,"status":500,"times":1})");
  Begin();
  Lead();
  Follow();
  EXPECT_EQ(Answer().status, 500);
  const ClientAnswer own = AnswerTo(*follower_);
  EXPECT_EQ(own.status, 200);
  EXPECT_THAT(own.head, HasSubstr(kMiss));
  EXPECT_THAT(Upstream(), SizeIs(2));
}

TEST_F(SharedFlightsTest, WhereTheLeaderLeavesTheNextLeads) {
  Behave(R"({"never_answer":true,"times":1})");
  Begin();
  Lead();
  Follow();
  Leave(client_);
  EXPECT_EQ(AnswerTo(*follower_).status, 200);
  EXPECT_THAT(Upstream(), SizeIs(2));
}

TEST_F(SharedFlightsTest, WhereTheStreamBreaksOffTheNextLeads) {
  Behave(R"({"latency_ms":50,"drop_after_frames":2,"times":1})");
  Begin();
  Lead(kStream);
  Follow(kStream);
  EXPECT_THAT(Answer().body, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(AnswerTo(*follower_).body, HasSubstr("[DONE]"));
  EXPECT_THAT(cache_.recorded, SizeIs(1));
}

TEST_F(SharedFlightsTest, AnAnswerThatIsNotKeptIsWaitedForNoLonger) {
  Behave(R"({"latency_ms":50,"malformed_json":true,"times":1})");
  Begin();
  Lead();
  Follow();
  Answer();
  EXPECT_EQ(AnswerTo(*follower_).status, 200);
  EXPECT_THAT(Upstream(), SizeIs(2));
  EXPECT_THAT(cache_.recorded, SizeIs(1));
}

TEST_F(SharedFlightsTest, AnAnswerBeyondTheBufferIsWaitedForNoLonger) {
  options_.max_answer_buffer = 2'000;
  Behave(R"({"latency_ms":50,"mode":"words","words":2000,"times":1})");
  Begin();
  Lead();
  Follow();
  EXPECT_TRUE(Answer().whole);
  EXPECT_EQ(AnswerTo(*follower_).status, 200);
  EXPECT_THAT(Upstream(), SizeIs(2));
}

TEST_F(SharedFlightsTest, WhoLeavesWhileItWaitsHoldsNothing) {
  Behave(R"({"never_answer":true,"times":1})");
  Begin();
  Lead();
  Follow();
  EXPECT_EQ(quota_.open_holds(), 2U);
  Leave(follower_);
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
  EXPECT_EQ(quota_.open_holds(), 1U);
  EXPECT_THAT(Upstream(), SizeIs(1));
  // What it would have led later, the next one leads.
  Follow();
  Leave(client_);
  EXPECT_EQ(AnswerTo(*follower_).status, 200);
  EXPECT_THAT(Upstream(), SizeIs(2));
}

TEST_F(SharedFlightsTest, WhoWaitsIsToldThatTheGatewayEnds) {
  Behave(R"({"never_answer":true,"times":1})");
  Begin();
  Lead();
  Follow();
  pipeline_->CutShort();
  EXPECT_EQ(AnswerTo(*follower_).status, 503);
  Answer();
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(SharedFlightsTest, OthersDoNotWait) {
  identity_.Add("other-key", "acme").set_user("somebody else");
  Behave(R"({"never_answer":true,"times":1})");
  Begin();
  Lead();
  LoopbackClient other(listener_->port());
  other.Send(Request(kChat, "Authorization: Bearer other-key\r\n"));
  EXPECT_THAT(AnswerTo(other).head, HasSubstr(kMiss));
  EXPECT_THAT(Upstream(), SizeIs(2));
  Leave(client_);
}

struct AloneCase {
  std::string_view name;
  bool single_flight;
  std::string_view control;
};
class AloneTest : public SharedFlightsTest, public ::testing::WithParamInterface<AloneCase> {};

TEST_P(AloneTest, NobodyIsAskedToLead) {
  AddCache().set_single_flight(GetParam().single_flight);
  Start();
  Ask(Request(kChat, fmt::format("{}Cache-Control: {}\r\n", kKey, GetParam().control)));
  EXPECT_EQ(cache_.leads, 0);
  EXPECT_THAT(Upstream(), SizeIs(1));
}
INSTANTIATE_TEST_SUITE_P(Requests, AloneTest,
                         ::testing::ValuesIn<AloneCase>({
                             {"NoPolicyForIt", false, "max-age=60"},
                             {"AFreshOneIsWanted", true, "no-cache"},
                             {"NothingIsKept", true, "no-store"},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

// Who would answer a wait is away: it would last until it is back.
TEST_F(SharedFlightsTest, NobodyWaitsForACacheThatIsAway) {
  Begin();
  cache_.has_table = false;
  cache_.events.Close();
  testing::Settle(loop_);
  EXPECT_THAT(Chat().head, HasSubstr(kMiss));
  EXPECT_EQ(cache_.leads, 0);
}

// One that its limits refuse takes no lead from others.
TEST_F(SharedFlightsTest, WhoMayNotSpendDoesNotLead) {
  quota_.answers.emplace_back(status::ResourceExhausted("'daily' is used up"));
  Begin();
  EXPECT_EQ(Chat().status, 429);
  EXPECT_EQ(cache_.leads, 0);
}

}  // namespace
}  // namespace weir::edge
