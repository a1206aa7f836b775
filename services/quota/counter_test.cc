#include "services/quota/counter.h"

#include <gtest/gtest.h>

namespace weir::quota {
namespace {

constexpr int64_t kS = kSecondNs;
constexpr CountingRule kUtc{CountingRule::Kind::kUtcWindow, 100, 60 * kS, 100};
constexpr CountingRule kAnchored{CountingRule::Kind::kAnchoredWindow, 100, 60 * kS, 100};
constexpr CountingRule kBucket{CountingRule::Kind::kTokenBucket, 60, 60 * kS, 100};

// The two clocks are far apart, so that a mix-up shows.
Instant At(int64_t seconds) {
  return {.wall_ns = (1'000'000 + seconds) * kS, .monotonic_ns = seconds * kS};
}

TEST(CounterTest, GoesByTheClockOfItsRule) {
  Counter utc, anchored;
  utc.Settle(kUtc, At(0), 0, 10);
  anchored.Settle(kAnchored, At(0), 0, 10);
  // 1,000,000 s is 40 s into its UTC minute.
  EXPECT_EQ(utc.ResetAfter(kUtc, At(0)), 20 * kS);
  EXPECT_EQ(anchored.ResetAfter(kAnchored, At(0)), 60 * kS);

  // Somebody sets the wall clock a minute on: only the calendar window cares.
  Instant jumped = At(1);
  jumped.wall_ns += 60 * kS;
  EXPECT_EQ(utc.At(kUtc, jumped).used, 0);
  EXPECT_EQ(anchored.At(kAnchored, jumped).used, 10);
}

TEST(CounterTest, AnotherKindOfRuleTakesOverUseAndHolds) {
  for (const CountingRule& to : {kUtc, kAnchored, kBucket}) {
    for (const CountingRule& from : {kUtc, kAnchored, kBucket}) {
      SCOPED_TRACE(::testing::Message() << int(from.kind) << " to " << int(to.kind));
      Counter counter;
      counter.Hold(from, At(0), 30);
      counter.Settle(from, At(1), 10, 25);
      // Looking converts a copy; posting converts for good.
      const int64_t room = counter.At(from, At(1)).room();
      EXPECT_EQ(counter.At(to, At(1)).room(), room);
      counter.Hold(to, At(1), 5);
      EXPECT_EQ(counter.At(to, At(1)).room(), room - 5);
      EXPECT_EQ(counter.At(to, At(1)).held, 25);
    }
  }
}

TEST(CounterTest, WaitsAsTheNewKindOfRuleDoes) {
  Counter counter;
  counter.Settle(kUtc, At(0), 0, 100);
  // One unit a second comes back, wherever the window ends.
  EXPECT_EQ(counter.WaitFor(kBucket, At(0), 10), 10 * kS);
  EXPECT_EQ(counter.WaitFor(kUtc, At(0), 10), 20 * kS);
}

TEST(CounterTest, ALoweredCapacityOnlyBlocksWhatIsNew) {
  Counter counter;
  counter.Settle(kUtc, At(0), 0, 80);
  CountingRule lowered = kUtc;
  lowered.capacity = 50;
  EXPECT_EQ(counter.At(lowered, At(1)).used, 80);
  EXPECT_EQ(counter.At(lowered, At(1)).room(), -30);
  EXPECT_EQ(counter.At(lowered, At(1)).remaining(), 0);
}

TEST(CounterTest, RestoreSetsUseAndLeavesHolds) {
  Counter counter;
  counter.Hold(kAnchored, At(50), 7);
  counter.Restore(kAnchored, At(50), At(20), 40);
  EXPECT_EQ(counter.At(kAnchored, At(50)).used, 40);
  EXPECT_EQ(counter.At(kAnchored, At(50)).held, 7);
  EXPECT_EQ(counter.ResetAfter(kAnchored, At(50)), 30 * kS);
}

}  // namespace
}  // namespace weir::quota
