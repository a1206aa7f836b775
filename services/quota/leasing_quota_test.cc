// Edges that lease, over the core that they lease from.
#include "common/api/leasing_quota.h"

#include <gtest/gtest.h>

#include <list>

#include "services/quota/leasing_quota_for_test.h"

namespace weir::quota {
namespace {

class LeasingQuotaTest : public ::testing::Test {
 protected:
  explicit LeasingQuotaTest(std::vector<LimitSpec> specs = {Requests(1000), Tokens(100'000)})
      : quota_(specs) {}

  static LimitSpec Tokens(int64_t count) {
    return {.name = "tokens",
            .count = count,
            .period_s = 86'400,
            .enforcement = v1::ENFORCEMENT_STRICT};
  }
  static LimitSpec Requests(int64_t count) {
    return {.name = "requests", .unit = kRequests, .count = count, .period_s = 86'400};
  }

  EdgeForTest& NewEdge() {
    return edges_.emplace_back(quota_, timers_, random_, fmt::format("edge-{}", edges_.size()));
  }
  // 10 tokens in, 20 out, for `user`.
  v1::ReserveRequest Ask(const EdgeForTest& edge, const std::string& user = "ann") {
    v1::ReserveRequest request = QuotaForTest::Ask(++last_, 10, 10, 20);
    request.mutable_subjects()->set_user(user);
    request.set_edge_id(edge.id);
    return request;
  }
  absl::StatusOr<v1::ReserveResponse> Reserve(EdgeForTest& edge, v1::ReserveRequest request) {
    return quota_.Run(edge.leasing.Reserve({}, std::move(request)));
  }
  // An attempt that was let in.
  v1::SettleRequest Begin(EdgeForTest& edge, const std::string& user = "ann") {
    const v1::ReserveRequest request = Ask(edge, user);
    const auto reserved = Reserve(edge, request);
    EXPECT_THAT(reserved, IsOk());
    v1::SettleRequest settle = QuotaForTest::Spent(last_, 10, 20);
    *settle.mutable_subjects() = request.subjects();
    if (reserved.ok()) settle.set_lease_id(reserved->lease_id());
    return settle;
  }
  void Settle(EdgeForTest& edge, const v1::SettleRequest& request) {
    EXPECT_THAT(quota_.Run(edge.leasing.Settle({}, request)), IsOk());
  }
  void Call(EdgeForTest& edge, const std::string& user = "ann") { Settle(edge, Begin(edge, user)); }
  void Advance(Duration step) {
    timers_.Advance(step, quota_.face->io());
    Drain();
  }
  // Returns and the like are under way on their own.
  void Drain() {
    quota_.face->io().restart();
    while (quota_.face->io().poll() > 0) {
    }
  }
  // "used+held" of a limit.
  std::string State(std::string_view name) {
    const auto table = quota_.limits.Current();
    const v1::Subjects subjects = SubjectsOf("ann", "red", "gpt");
    const LimitMatches matches = table->Match(subjects);
    const auto positions = quota_.Run(quota_.running->windows.Peek(matches));
    for (size_t i = 0; i < matches.size(); ++i) {
      const Standing& standing = (*positions)[i].standing;
      if (matches[i].limit->name == name) {
        return fmt::format("{}+{}", standing.used, standing.held);
      }
    }
    return "none";
  }
  int64_t Reap() { return quota_.Run(quota_.running->windows.ReapExpired())->holds; }

  QuotaForTest quota_;
  testing::FakeTimers timers_{quota_.clock};
  testing::SeededRandom random_{7};
  std::list<EdgeForTest> edges_;
  uint32_t last_ = 0;
};

TEST_F(LeasingQuotaTest, TheFirstCallTakesALeaseAndTheNextAskNobody) {
  EdgeForTest& edge = NewEdge();
  for (int i = 0; i < 4; ++i) Begin(edge);
  EXPECT_EQ(edge.link.leases, 1);
  EXPECT_EQ(edge.link.reserves, 0);
  EXPECT_EQ(State("requests"), "0+8");
  EXPECT_EQ(State("tokens"), "0+240");
}

TEST_F(LeasingQuotaTest, WhatALeasePaysForIsAnnouncedOnlyWhereTheLeaseIsLost) {
  EdgeForTest& edge = NewEdge();
  v1::AnnounceRequest leases, attempts;
  leases.set_organization("acme");
  attempts.set_organization("acme");
  std::vector<v1::SettleRequest> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(Begin(edge));
    v1::ReserveRequest& attempt = *attempts.add_attempts();
    attempt = QuotaForTest::Ask(last_, 10, 10, 20);
    attempt.set_edge_id(edge.id);
  }
  const auto announce = [&] {
    EXPECT_THAT(quota_.Run(edge.leasing.Announce({}, leases)), IsOk());
    EXPECT_THAT(quota_.Run(edge.leasing.Announce({}, attempts)), IsOk());
  };
  announce();
  EXPECT_EQ(edge.link.announced, 0);
  EXPECT_EQ(edge.leasing.leases(), 1U);
  edge.link.forgets_leases = true;
  announce();
  EXPECT_EQ(edge.link.announced, 3);
  Drain();
  EXPECT_EQ(edge.leasing.leases(), 0U);
  for (const v1::SettleRequest& each : open) Settle(edge, each);
  EXPECT_EQ(State("tokens"), "90+0");
}

TEST_F(LeasingQuotaTest, SettlementsTopTheirLeaseUp) {
  EdgeForTest& edge = NewEdge();
  for (int i = 0; i < 50; ++i) Call(edge);
  EXPECT_EQ(edge.link.leases, 1);
  EXPECT_EQ(edge.link.reserves, 0);
  EXPECT_EQ(State("requests"), "50+8");
  EXPECT_EQ(State("tokens"), "1500+240");
}

TEST_F(LeasingQuotaTest, ABusyCallerGetsLargerLeases) {
  EdgeForTest& edge = NewEdge();
  std::vector<v1::SettleRequest> open;
  for (int i = 0; i < 40; ++i) open.push_back(Begin(edge));
  EXPECT_GT(edge.link.leases, 1);
  EXPECT_LT(edge.link.leases, 6);
  EXPECT_EQ(edge.link.reserves, 0);
  for (const v1::SettleRequest& each : open) Settle(edge, each);
  EXPECT_EQ(State("requests").substr(0, 3), "40+");
}

TEST_F(LeasingQuotaTest, WhatIsNotUsedIsGivenBack) {
  EdgeForTest& edge = NewEdge();
  Call(edge);
  Advance(seconds(9));
  EXPECT_EQ(State("requests"), "1+8");
  Advance(seconds(2));
  EXPECT_EQ(State("requests"), "1+0");
  EXPECT_EQ(State("tokens"), "30+0");
  EXPECT_EQ(edge.leasing.leases(), 0u);
}

TEST_F(LeasingQuotaTest, OpenAttemptsKeepWhatTheyNeed) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest open = Begin(edge);
  Advance(seconds(11));
  EXPECT_EQ(State("requests"), "0+1");
  EXPECT_EQ(State("tokens"), "0+30");
  Settle(edge, open);
  Drain();
  EXPECT_EQ(State("tokens"), "30+0");
  EXPECT_EQ(edge.leasing.leases(), 0u);
}

TEST_F(LeasingQuotaTest, AReleasedAttemptCostsNothing) {
  EdgeForTest& edge = NewEdge();
  Begin(edge);
  v1::ReleaseRequest release;
  *release.mutable_key() = QuotaForTest::KeyOf(last_);
  release.set_organization("acme");
  EXPECT_THAT(quota_.Run(edge.leasing.Release({}, release)), IsOk());
  edge.leasing.Stop();
  Drain();
  EXPECT_EQ(State("requests"), "0+0");
  EXPECT_EQ(State("tokens"), "0+0");
}

TEST_F(LeasingQuotaTest, ABlockedPromptCountsItsRequest) {
  EdgeForTest& edge = NewEdge();
  Begin(edge);
  v1::ReleaseRequest release;
  *release.mutable_key() = QuotaForTest::KeyOf(last_);
  release.set_organization("acme");
  release.set_keep_requests(true);
  EXPECT_THAT(quota_.Run(edge.leasing.Release({}, release)), IsOk());
  edge.leasing.Stop();
  Drain();
  EXPECT_EQ(State("requests"), "1+0");
  EXPECT_EQ(State("tokens"), "0+0");
}

TEST_F(LeasingQuotaTest, ARepeatedSettlementCountsOnce) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest open = Begin(edge);
  edge.link.is_away = true;
  EXPECT_THAT(quota_.Run(edge.leasing.Settle({}, open)), StatusIs(absl::StatusCode::kUnavailable));
  edge.link.is_away = false;
  Settle(edge, open);
  Settle(edge, open);
  edge.leasing.Stop();
  Drain();
  EXPECT_EQ(State("tokens"), "30+0");
}

TEST_F(LeasingQuotaTest, AChangedLimitEndsTheLeases) {
  EdgeForTest& edge = NewEdge();
  Call(edge);
  quota_.Put(LimitOf({.name = "user-requests",
                      .level = v1::LEVEL_USER,
                      .subject = "ann",
                      .unit = kRequests,
                      .count = 1,
                      .period_s = 86'400}));
  // Its settlement says that the limits are others.
  Call(edge);
  Drain();
  EXPECT_EQ(State("requests"), "2+0");
  EXPECT_THAT(Reserve(edge, Ask(edge)), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(LeasingQuotaTest, AfterASilenceTheServiceIsAsked) {
  EdgeForTest& edge = NewEdge();
  Call(edge);
  Advance(milliseconds(1100));
  Begin(edge);
  EXPECT_EQ(edge.link.reserves, 1);
  Begin(edge);
  EXPECT_EQ(edge.link.reserves, 1);
}

TEST_F(LeasingQuotaTest, WhileTheServiceIsAwayLeasesAreSpentAndNothingMore) {
  EdgeForTest& edge = NewEdge();
  Begin(edge);
  edge.link.is_away = true;
  Advance(seconds(3));
  for (int i = 0; i < 7; ++i) {
    const auto reserved = Reserve(edge, Ask(edge));
    ASSERT_THAT(reserved, IsOk());
    EXPECT_EQ(reserved->code(), v1::ReserveResponse::CODE_DEGRADED);
  }
  EXPECT_THAT(Reserve(edge, Ask(edge)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LeasingQuotaTest, ALeaseIsNotUsedPastItsTime) {
  EdgeForTest& edge = NewEdge();
  for (int i = 0; i < 6; ++i) {
    // Somebody uses it all the time: it is not idle.
    edge.link.is_away = i > 0;
    if (i < 6) Begin(edge);
    Advance(seconds(9));
  }
  // 54 s after the last sign that was answered: 4 s more are the service's.
  Advance(seconds(5));
  EXPECT_THAT(Reserve(edge, Ask(edge)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LeasingQuotaTest, AHeartbeatRenewsALease) {
  EdgeForTest& edge = NewEdge();
  v1::HeartbeatRequest heartbeat;
  heartbeat.set_edge_id(edge.id);
  for (int i = 0; i < 10; ++i) {
    // After the silence the first asks, the second does not.
    Call(edge);
    Call(edge);
    Advance(seconds(9));
    EXPECT_THAT(quota_.Run(edge.leasing.Heartbeat({}, heartbeat)), IsOk());
    EXPECT_EQ(Reap(), 0);
  }
  EXPECT_EQ(edge.link.leases, 1);
}

TEST_F(LeasingQuotaTest, ALeaseWhoseAnswerWasLostIsGivenBack) {
  EdgeForTest& edge = NewEdge();
  edge.link.loses_lease_answers = true;
  Begin(edge);
  EXPECT_EQ(edge.link.reserves, 1);
  Drain();
  EXPECT_EQ(State("requests"), "0+1");
}

TEST_F(LeasingQuotaTest, ReturnsThatDoNotArriveAreRepeated) {
  EdgeForTest& edge = NewEdge();
  Call(edge);
  edge.link.is_away = true;
  Advance(seconds(12));
  EXPECT_EQ(State("requests"), "1+8");
  EXPECT_EQ(edge.leasing.leases(), 1u);
  edge.link.is_away = false;
  Advance(seconds(2));
  EXPECT_EQ(State("requests"), "1+0");
  EXPECT_EQ(edge.leasing.leases(), 0u);
}

// The remains of a dead edge's lease count as spent, so that nobody spends them a second time; its
// outbox, and who gives the lease back for it, put the truth there.
TEST_F(LeasingQuotaTest, ADeadEdgesLeaseIsSpentUntilTheTruthComes) {
  EdgeForTest& dead = NewEdge();
  const v1::SettleRequest open = Begin(dead);
  Call(dead);
  dead.link.is_away = true;
  quota_.clock.Advance(seconds(61));
  EXPECT_EQ(Reap(), 1);
  EXPECT_EQ(State("requests"), "9+0");
  EXPECT_EQ(State("tokens"), "270+0");
  // As its outbox has it.
  EXPECT_THAT(quota_.Settle(open), IsOk());
  EXPECT_EQ(State("requests"), "9+0");
  v1::ReturnRequest end;
  end.set_organization("acme");
  common::v1::AttemptKey& key = *end.add_leases()->mutable_key();
  key.set_request_id(open.lease_id());
  key.set_attempt(1);
  EXPECT_THAT(quota_.Run(quota_.api().Return({}, end)), IsOk());
  EXPECT_EQ(State("requests"), "2+0");
  EXPECT_EQ(State("tokens"), "60+0");
}

TEST_F(LeasingQuotaTest, AStreamGrowsByItsLease) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest open = Begin(edge);
  v1::ExtendRequest extend;
  *extend.mutable_key() = open.key();
  extend.set_organization("acme");
  extend.set_output_tokens_wanted(60);
  const auto extended = quota_.Run(edge.leasing.Extend({}, extend));
  ASSERT_THAT(extended, IsOk());
  EXPECT_EQ(extended->output_tokens_cap(), 60);
  EXPECT_EQ(edge.link.leases, 1);
  // More than the lease has: it is raised.
  extend.set_output_tokens_wanted(5000);
  const auto more = quota_.Run(edge.leasing.Extend({}, extend));
  ASSERT_THAT(more, IsOk());
  EXPECT_EQ(more->output_tokens_cap(), 5000);
  EXPECT_EQ(edge.link.leases, 1);
  v1::SettleRequest spent = open;
  spent.mutable_usage()->set_output_visible_tokens(5000);
  Settle(edge, spent);
  edge.leasing.Stop();
  Drain();
  EXPECT_EQ(State("tokens"), "5010+0");
}

TEST_F(LeasingQuotaTest, AStreamWhoseLeaseIsClosedGrowsAllTheSame) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest open = Begin(edge);
  Advance(seconds(11));
  EXPECT_EQ(State("tokens"), "0+30");
  v1::ExtendRequest extend;
  *extend.mutable_key() = open.key();
  extend.set_organization("acme");
  extend.set_output_tokens_wanted(520);
  ASSERT_THAT(quota_.Run(edge.leasing.Extend({}, extend)), IsOk());
  EXPECT_EQ(State("tokens"), "0+530");
  v1::SettleRequest spent = open;
  spent.mutable_usage()->set_output_visible_tokens(520);
  Settle(edge, spent);
  Drain();
  EXPECT_EQ(State("tokens"), "530+0");
}

TEST_F(LeasingQuotaTest, WhatFinishedAttemptsDidNotUseIsGivenBackThough) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest one = Begin(edge), other = Begin(edge);
  Advance(seconds(11));
  EXPECT_EQ(State("tokens"), "0+60");
  v1::SettleRequest little = one;
  little.mutable_usage()->set_output_visible_tokens(1);
  Settle(edge, little);
  Drain();
  EXPECT_EQ(State("tokens"), "11+30");
  Settle(edge, other);
  Drain();
  EXPECT_EQ(State("tokens"), "41+0");
}

TEST_F(LeasingQuotaTest, TheRemainderIsToldAsThisEdgeKnowsIt) {
  EdgeForTest& edge = NewEdge();
  for (int i = 0; i < 50; ++i) Call(edge);
  const auto reserved = Reserve(edge, Ask(edge));
  ASSERT_THAT(reserved, IsOk());
  ASSERT_EQ(reserved->states_size(), 2);
  EXPECT_EQ(reserved->states(0).remaining(), 949);
  EXPECT_EQ(reserved->states(1).remaining(), 100'000 - 50 * 30 - 30);
  EXPECT_EQ(edge.link.leases, 1);
}

TEST_F(LeasingQuotaTest, ANewWindowIsCountedFromItsBegin) {
  quota_.Put(LimitOf({.name = "requests", .unit = kRequests, .count = 1000, .period_s = 60}));
  EdgeForTest& edge = NewEdge();
  const auto remaining = [&] { return Reserve(edge, Ask(edge))->states(0).remaining(); };
  for (int i = 0; i < 20; ++i) Call(edge);
  EXPECT_EQ(remaining(), 979);
  for (int i = 0; i < 8; ++i) {
    Advance(seconds(8));
    Call(edge);
    Call(edge);
  }
  // 64 s later: the window is another one, in which two calls were settled.
  const auto reserved = Reserve(edge, Ask(edge));
  ASSERT_THAT(reserved, IsOk());
  EXPECT_FALSE(reserved->lease_id().empty());
  EXPECT_EQ(reserved->states(0).remaining(), 1000 - 2 - 2);
  EXPECT_GT(reserved->states(0).reset_after().seconds(), 50);
}

TEST_F(LeasingQuotaTest, WhileTheServiceIsAwayNothingPilesUp) {
  EdgeForTest& edge = NewEdge();
  edge.link.is_away = true;
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Reserve(edge, Ask(edge)), StatusIs(absl::StatusCode::kUnavailable));
    Advance(seconds(2));
  }
  EXPECT_EQ(edge.link.leases, 0);
  EXPECT_EQ(edge.leasing.leases(), 0u);
}

// Its first sending may have been done: then only the ledger knows once the record is gone.
TEST_F(LeasingQuotaTest, OnlyTheFirstSendingIsTakenAtItsWord) {
  EdgeForTest& edge = NewEdge();
  const v1::SettleRequest open = Begin(edge);
  edge.link.is_away = true;
  std::ignore = quota_.Run(edge.leasing.Settle({}, open));
  EXPECT_TRUE(edge.link.settled.first_sent());
  edge.link.is_away = false;
  Settle(edge, open);
  EXPECT_FALSE(edge.link.settled.first_sent());
  EXPECT_EQ(State("tokens"), "30+240");
}

class SmallLimitTest : public LeasingQuotaTest {
 protected:
  SmallLimitTest() : LeasingQuotaTest({Requests(20)}) {}
};

TEST_F(SmallLimitTest, ASmallLimitIsNotLeasedAndEndsExactly) {
  EdgeForTest& one = NewEdge();
  EdgeForTest& other = NewEdge();
  int answered = 0;
  for (int i = 0; i < 64; ++i) answered += Reserve(i % 2 ? one : other, Ask(one)).ok();
  EXPECT_EQ(answered, 20);
}

class SharedLimitTest : public LeasingQuotaTest {
 protected:
  SharedLimitTest() : LeasingQuotaTest({Requests(100)}) {}
};

TEST_F(SharedLimitTest, ARefusalGivesBackWhatThisEdgeHasLeased) {
  EdgeForTest& edge = NewEdge();
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    answered += Reserve(edge, Ask(edge, i % 2 ? "ann" : "bob")).ok();
  }
  EXPECT_EQ(answered, 100);
  EXPECT_GT(edge.link.leases, 1);
}

TEST_F(SharedLimitTest, WhatAnotherEdgeLeasedIsReachedOnceItIsIdle) {
  EdgeForTest& one = NewEdge();
  EdgeForTest& other = NewEdge();
  Call(one);
  int answered = 1;
  for (int i = 0; i < 200; ++i) answered += Reserve(other, Ask(other)).ok();
  EXPECT_LT(answered, 100);
  Advance(seconds(11));
  for (int i = 0; i < 200; ++i) answered += Reserve(other, Ask(other)).ok();
  EXPECT_EQ(answered, 100);
}

class NoLimitTest : public LeasingQuotaTest {
 protected:
  NoLimitTest()
      : LeasingQuotaTest(
            {{.name = "observed", .count = 5, .enforcement = v1::ENFORCEMENT_OBSERVE}}) {}
};

TEST_F(NoLimitTest, WhatIsOnlyObservedIsLetInWhileTheServiceIsAway) {
  EdgeForTest& edge = NewEdge();
  Call(edge);
  EXPECT_EQ(State("observed"), "30+0");
  edge.link.is_away = true;
  Advance(seconds(3));
  std::vector<v1::SettleRequest> open;
  for (int i = 0; i < 100; ++i) open.push_back(Begin(edge));
  edge.link.is_away = false;
  for (const v1::SettleRequest& each : open) Settle(edge, each);
  EXPECT_EQ(State("observed"), "3030+0");
}

}  // namespace
}  // namespace weir::quota
