#include "edge/http/deadlines.h"

#include <gmock/gmock.h>

#include <memory>

#include "common/testing/fake_timers.h"

namespace weir::edge {
namespace {

using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;

using std::chrono::milliseconds;
using std::chrono::seconds;

class DeadlinesTest : public ::testing::Test {
 protected:
  void Advance(Duration step) { timers_.Advance(step, loop_); }

  asio::io_context loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  Deadlines deadlines_{timers_};
};

TEST_F(DeadlinesTest, ExpiresOnceAndNotBeforeItsTime) {
  int expired = 0;
  Deadlines::Limit limit(deadlines_, [&] { ++expired; });
  limit.Set(milliseconds(2'300));
  Advance(milliseconds(2'299));
  EXPECT_EQ(expired, 0);
  EXPECT_FALSE(limit.has_expired());
  Advance(milliseconds(1));
  EXPECT_EQ(expired, 1);
  EXPECT_TRUE(limit.has_expired());
  Advance(seconds(60));
  EXPECT_EQ(expired, 1);
}

TEST_F(DeadlinesTest, SettingAgainMovesIt) {
  int expired = 0;
  Deadlines::Limit limit(deadlines_, [&] { ++expired; });
  for (int i = 0; i < 20; ++i) {
    limit.Set(seconds(1));
    Advance(milliseconds(900));
  }
  EXPECT_EQ(expired, 0);
  Advance(milliseconds(100));
  EXPECT_EQ(expired, 1);
}

TEST_F(DeadlinesTest, ASoonerLimitIsNotHeldUpByALaterOne) {
  int far = 0;
  int near = 0;
  Deadlines::Limit slow(deadlines_, [&] { ++far; });
  Deadlines::Limit quick(deadlines_, [&] { ++near; });
  slow.Set(seconds(30));
  quick.Set(milliseconds(5));
  Advance(milliseconds(5));
  EXPECT_EQ(near, 1);
  EXPECT_EQ(far, 0);
}

TEST_F(DeadlinesTest, AClearedLimitNeverExpires) {
  int expired = 0;
  Deadlines::Limit limit(deadlines_, [&] { ++expired; });
  limit.Set(milliseconds(10));
  limit.Clear();
  Advance(seconds(60));
  EXPECT_EQ(expired, 0);
  EXPECT_FALSE(limit.has_expired());
}

TEST_F(DeadlinesTest, ADestroyedLimitNeverExpires) {
  int expired = 0;
  auto limit = std::make_unique<Deadlines::Limit>(deadlines_, [&] { ++expired; });
  limit->Set(milliseconds(10));
  limit.reset();
  Advance(seconds(60));
  EXPECT_EQ(expired, 0);
}

TEST_F(DeadlinesTest, SettingAfterwardsForgetsTheExpiry) {
  int expired = 0;
  Deadlines::Limit limit(deadlines_, [&] { ++expired; });
  limit.Set(milliseconds(10));
  Advance(milliseconds(10));
  limit.Set(milliseconds(10));
  EXPECT_FALSE(limit.has_expired());
  Advance(milliseconds(10));
  EXPECT_EQ(expired, 2);
}

// A connection that times out takes the limits of its upstream call with it.
TEST_F(DeadlinesTest, ACallbackMayDestroyOtherLimits) {
  int expired = 0;
  std::unique_ptr<Deadlines::Limit> limits[3];
  const auto drop_others = [&](int keep) {
    ++expired;
    for (int i = 0; i < 3; ++i) {
      if (i != keep) limits[i].reset();
    }
  };
  for (int i = 0; i < 3; ++i) {
    limits[i] = std::make_unique<Deadlines::Limit>(deadlines_, [&, i] { drop_others(i); });
    limits[i]->Set(milliseconds(10));
  }
  Advance(seconds(1));
  EXPECT_EQ(expired, 1);
}

TEST_F(DeadlinesTest, ACallbackMaySetLimitsAgainAndMakeNewOnes) {
  int expired = 0;
  std::unique_ptr<Deadlines::Limit> made;
  Deadlines::Limit* self = nullptr;
  Deadlines::Limit limit(deadlines_, [&] {
    if (++expired > 1) return;
    self->Set(milliseconds(20));
    made = std::make_unique<Deadlines::Limit>(deadlines_, [&] { expired += 10; });
    made->Set(milliseconds(5));
  });
  self = &limit;
  limit.Set(milliseconds(10));
  Advance(milliseconds(15));
  EXPECT_EQ(expired, 11);
  Advance(milliseconds(15));
  EXPECT_EQ(expired, 12);
}

TEST_F(DeadlinesTest, ManyLimitsExpireEachAtItsOwnTime) {
  std::vector<std::unique_ptr<Deadlines::Limit>> limits;
  std::vector<MonotonicTime> fired(200);
  const MonotonicTime start = clock_.Monotonic();
  for (int i = 0; i < 200; ++i) {
    limits.push_back(
        std::make_unique<Deadlines::Limit>(deadlines_, [&, i] { fired[i] = clock_.Monotonic(); }));
    limits.back()->Set(milliseconds(7 * (i + 1)));
  }
  Advance(seconds(10));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(fired[i], start + milliseconds(7 * (i + 1))) << i;
}

}  // namespace
}  // namespace weir::edge
