#include "edge/pipeline/policy_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/async/loop_context.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/scoped_log.h"
#include "edge/testing/fake_guardrails.h"

namespace weir::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeGuardrails;
using weir::testing::PumpUntil;

class PolicyViewTest : public ::testing::Test {
 protected:
  ~PolicyViewTest() override { loop_.Abandon(); }

  void Start() {
    service_.table.set_version(1);
    asio::co_spawn(loop_, view_.Run(), asio::detached);
    Turn();
  }
  void Turn() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
  // Time goes by, and the housekeeping looks around.
  void Pass(Duration time) {
    timers_.Advance(time, loop_);
    view_.LookAround();
    Turn();
  }
  uint64_t Version() const {
    return view_.Current() == nullptr ? 0 : view_.Current()->table->version();
  }

  LoopContext loop_;
  weir::testing::FakeClock clock_;
  weir::testing::FakeTimers timers_{clock_};
  weir::testing::ScopedLog log_;
  FakeGuardrails service_;
  GuardPolicyView view_{service_, timers_, "guardrails"};
};

TEST_F(PolicyViewTest, ThereIsNoneUntilTheFirstHasCome) {
  service_.has_table = false;
  Start();
  EXPECT_EQ(view_.Current(), nullptr);
  EXPECT_FALSE(view_.IsInTouch());
  service_.Publish();
  Turn();
  EXPECT_EQ(Version(), 1U);
  EXPECT_TRUE(view_.IsInTouch());
}

TEST_F(PolicyViewTest, EachReplacesTheLastAndRequestsKeepTheirs) {
  service_.table.add_policies()->set_organization("acme");
  Start();
  const auto mine = view_.Current();
  service_.table.set_version(2);
  service_.table.clear_policies();
  service_.Publish();
  Turn();
  EXPECT_EQ(Version(), 2U);
  EXPECT_TRUE(view_.Current()->attached.IsEmptyFor("acme"));
  EXPECT_FALSE(mine->attached.IsEmptyFor("acme"));
}

TEST_F(PolicyViewTest, TheLastStaysWhileTheServiceIsAwayAndItIsWatchedAgain) {
  Start();
  service_.has_table = false;
  service_.EndWatches();
  Turn();
  EXPECT_EQ(Version(), 1U);
  EXPECT_FALSE(view_.IsInTouch());
  EXPECT_EQ(service_.watches, 1);
  Pass(milliseconds(500));
  EXPECT_EQ(service_.watches, 2);
  EXPECT_EQ(Version(), 1U);
  EXPECT_FALSE(view_.IsInTouch());
  service_.table.set_version(3);
  service_.Publish();
  Turn();
  EXPECT_EQ(Version(), 3U);
  EXPECT_TRUE(view_.IsInTouch());
}

TEST_F(PolicyViewTest, OneThatHasFallenSilentIsLeft) {
  Start();
  service_.Beat();
  Turn();
  Pass(milliseconds(1400));
  EXPECT_TRUE(view_.IsInTouch());
  Pass(milliseconds(200));
  EXPECT_FALSE(view_.IsInTouch());
  Pass(milliseconds(1300));
  EXPECT_EQ(service_.watches, 1);
  Pass(milliseconds(200));
  Pass(milliseconds(500));
  EXPECT_EQ(service_.watches, 2);
}

// The one that is asked next may be dead, too, and never say a word.
TEST_F(PolicyViewTest, OneThatNeverSpokeIsLeftToo) {
  Start();
  service_.Beat();
  Turn();
  service_.has_table = false;
  Pass(seconds(4));
  Pass(milliseconds(500));
  ASSERT_EQ(service_.watches, 2);
  Pass(milliseconds(2900));
  EXPECT_EQ(service_.watches, 2);
  Pass(milliseconds(200));
  Pass(milliseconds(500));
  EXPECT_EQ(service_.watches, 3);
  EXPECT_EQ(Version(), 1U);
}

TEST_F(PolicyViewTest, HeartbeatsKeepIt) {
  Start();
  for (int i = 0; i < 10; ++i) {
    service_.Beat();
    Turn();
    Pass(seconds(1));
  }
  EXPECT_EQ(service_.watches, 1);
}

// A service of one's own process has no heartbeats, and none are missed.
TEST_F(PolicyViewTest, WithoutHeartbeatsNoneAreMissed) {
  Start();
  Pass(seconds(100));
  EXPECT_EQ(service_.watches, 1);
  EXPECT_TRUE(view_.IsInTouch());
}

}  // namespace
}  // namespace weir::edge
