#include "services/cache/flights.h"

#include <gmock/gmock.h>

#include "common/testing/fake_clock.h"
#include "common/testing/fake_timers.h"
#include "common/testing/seeded_random.h"

namespace weir::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::shared_ptr<const v1::Recording> Body(std::string body) {
  auto recording = std::make_shared<v1::Recording>();
  recording->set_body(std::move(body));
  return recording;
}

// One who asked to lead.
struct Caller {
  bool done = false;
  LeadOutcome outcome;
  bool leads() const { return done && !outcome.lease_id.empty(); }
  bool alone() const { return done && outcome.lease_id.empty() && outcome.recording == nullptr; }
  std::string body() const { return outcome.recording ? outcome.recording->body() : ""; }
};

class FlightsTest : public ::testing::Test {
 protected:
  FlightsTest() {
    asio::co_spawn(loop_, Ticking(), asio::detached);
    Advance({});
  }
  ~FlightsTest() override { loop_.stop(); }

  asio::awaitable<void> Ticking() {
    for (;;) {
      co_await SleepFor(timers_, Flights::kTick);
      co_await flights_.Tick();
    }
  }
  asio::awaitable<void> Calling(std::shared_ptr<Caller> caller, std::string flight,
                                Duration within) {
    caller->outcome = co_await flights_.Lead("acme", std::move(flight), Deadline(within));
    caller->done = true;
  }
  MonotonicTime Deadline(Duration within) { return clock_.Monotonic() + within; }
  std::shared_ptr<Caller> Call(std::string flight = "f", Duration within = seconds(60)) {
    auto caller = std::make_shared<Caller>();
    asio::co_spawn(loop_, Calling(caller, std::move(flight), within), asio::detached);
    Advance({});
    return caller;
  }
  void Advance(Duration step) { timers_.Advance(step, loop_); }
  void Release(const std::string& lease_id) {
    asio::co_spawn(loop_, flights_.Release("acme", lease_id), asio::detached);
    Advance({});
  }
  bool Renew(std::string organization, std::string lease_id) {
    bool held = false;
    asio::co_spawn(loop_, flights_.Renew(std::move(organization), std::move(lease_id)),
                   [&held](std::exception_ptr, bool is_held) { held = is_held; });
    Advance({});
    return held;
  }

  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  testing::SeededRandom random_{1};
  asio::io_context loop_;
  metrics::Registry metrics_;
  Flights flights_{{.clock = clock_, .random = random_, .metrics = &metrics_}};
};

TEST_F(FlightsTest, OneLeadsAndTheOthersGetItsAnswer) {
  const auto leader = Call();
  ASSERT_TRUE(leader->leads());
  std::vector<std::shared_ptr<Caller>> others;
  for (int i = 0; i < 100; ++i) others.push_back(Call());
  EXPECT_FALSE(others[0]->done);
  EXPECT_TRUE(Call("another flight")->leads());
  EXPECT_EQ(flights_.Land("acme", leader->outcome.lease_id, Body("42"), true), "f");
  Advance({});
  for (const auto& each : others) EXPECT_EQ(each->body(), "42");
}

TEST_F(FlightsTest, WhoComesALittleLateGetsTheAnswerToo) {
  const auto leader = Call();
  flights_.Land("acme", leader->outcome.lease_id, Body("42"), true);
  EXPECT_EQ(Call()->body(), "42");
  Advance(Flights::kAfterglow + Flights::kTick);
  EXPECT_TRUE(Call()->leads());
}

TEST_F(FlightsTest, WhatIsForgottenMayLandAgainForItsWholeTime) {
  flights_.Land("acme", Call()->outcome.lease_id, Body("old"), true);
  Advance(seconds(1));
  flights_.Forget("acme");
  EXPECT_EQ(flights_.size(), 0u);
  flights_.Land("acme", Call()->outcome.lease_id, Body("new"), true);
  Advance(Flights::kAfterglow - seconds(1) + Flights::kTick);
  EXPECT_EQ(Call()->body(), "new") << "it went with the old one";
  Advance(seconds(1));
  EXPECT_TRUE(Call()->leads());
}

TEST_F(FlightsTest, WhatIsNotKeptGoesToThoseWhoWaitAlone) {
  const auto leader = Call();
  const auto follower = Call();
  flights_.Land("acme", leader->outcome.lease_id, Body("42"), false);
  Advance({});
  EXPECT_EQ(follower->body(), "42");
  EXPECT_TRUE(Call()->leads());
}

TEST_F(FlightsTest, TheNextLeadsWhereTheLeaderGivesUp) {
  const auto leader = Call();
  const auto second = Call();
  const auto third = Call();
  Release(leader->outcome.lease_id);
  ASSERT_TRUE(second->leads());
  EXPECT_FALSE(third->done);
  EXPECT_EQ(flights_.Land("acme", leader->outcome.lease_id, Body("late"), true), "")
      << "the lease is another's";
  flights_.Land("acme", second->outcome.lease_id, Body("42"), true);
  Advance({});
  EXPECT_EQ(third->body(), "42");
}

TEST_F(FlightsTest, ALeaseThatIsNotRenewedIsOver) {
  const auto leader = Call();
  const auto second = Call();
  Advance(seconds(9));
  EXPECT_TRUE(Renew("acme", leader->outcome.lease_id));
  Advance(seconds(9));
  EXPECT_FALSE(second->done);
  Advance(seconds(1) + 2 * Flights::kTick);
  EXPECT_TRUE(second->leads());
  EXPECT_FALSE(Renew("acme", leader->outcome.lease_id));
}

TEST_F(FlightsTest, LeasesAreOfOneOrganisation) {
  const auto leader = Call();
  EXPECT_FALSE(Renew("zeta", leader->outcome.lease_id));
  EXPECT_EQ(flights_.Land("zeta", leader->outcome.lease_id, Body("planted"), true), "");
  EXPECT_TRUE(Renew("acme", leader->outcome.lease_id));
}

TEST_F(FlightsTest, NobodyWaitsLongerThanHisCallOrHalfAMinute) {
  const auto leader = Call();
  const auto hasty = Call("f", seconds(2));
  const auto patient = Call("f", seconds(600));
  Advance(seconds(2));
  EXPECT_TRUE(hasty->alone());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Renew("acme", leader->outcome.lease_id));
    Advance(seconds(5));
  }
  EXPECT_FALSE(patient->done);
  EXPECT_TRUE(Renew("acme", leader->outcome.lease_id));
  Advance(seconds(4));
  EXPECT_TRUE(patient->alone());
}

TEST_F(FlightsTest, AFlightHasSoManyWaiters) {
  const auto leader = Call();
  for (size_t i = 0; i < Flights::kMaxWaiters; ++i) EXPECT_FALSE(Call()->done);
  EXPECT_TRUE(Call()->alone());
}

TEST_F(FlightsTest, EndsWithoutALeader) {
  const auto leader = Call();
  Release(leader->outcome.lease_id);
  EXPECT_EQ(flights_.size(), 0u);
  const auto next = Call();
  ASSERT_TRUE(next->leads());
  Advance(seconds(11));
  EXPECT_EQ(flights_.size(), 0u);
}

TEST_F(FlightsTest, NobodyWaitsForAProcessThatGoes) {
  const auto leader = Call();
  const auto follower = Call();
  flights_.EndWaits();
  Advance({});
  EXPECT_TRUE(follower->alone());
  EXPECT_TRUE(Call()->alone());
  EXPECT_TRUE(Renew("acme", leader->outcome.lease_id));
}

TEST_F(FlightsTest, CountsWhatCameOfIt) {
  const auto leader = Call();
  Call();
  flights_.Land("acme", leader->outcome.lease_id, Body("42"), true);
  Advance({});
  EXPECT_THAT(
      metrics_.Render(),
      ::testing::AllOf(::testing::HasSubstr("weir_cache_leads_total{outcome=\"leads\"} 1"),
                       ::testing::HasSubstr("weir_cache_leads_total{outcome=\"answered\"} 1"),
                       ::testing::HasSubstr("weir_cache_lead_wait_seconds_count 1")));
}

}  // namespace
}  // namespace weir::cache
