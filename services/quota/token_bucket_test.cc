#include "services/quota/token_bucket.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir::quota {
namespace {

constexpr int64_t kS = kSecondNs;
// 5 a second, burst 10.
constexpr CountingRule kFast{CountingRule::Kind::kTokenBucket, 5, kS, 10};
// 7 in 3 s: a unit is no whole number of nanoseconds.
constexpr CountingRule kOdd{CountingRule::Kind::kTokenBucket, 7, 3 * kS, 7};

struct BucketCase {
  std::string_view name;
  CountingRule rule;
  std::function<void(TokenBucket&, const CountingRule&)> steps;
  int64_t at;
  int64_t want_room, want_held, want_full_after;
};
class TokenBucketTest : public ::testing::TestWithParam<BucketCase> {};

TEST_P(TokenBucketTest, Counts) {
  const BucketCase& c = GetParam();
  TokenBucket bucket;
  c.steps(bucket, c.rule);
  const Standing standing = bucket.At(c.rule, c.at);
  EXPECT_EQ(standing.room(), c.want_room);
  EXPECT_EQ(standing.held, c.want_held);
  EXPECT_EQ(bucket.ResetAfter(c.rule, c.at), c.want_full_after);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, TokenBucketTest,
    ::testing::ValuesIn<BucketCase>({
        {"NewIsFull", kFast, [](auto&, auto&) {}, kS, 10, 0, 0},
        {"HoldTakesOut", kFast, [](auto& b, auto& r) { b.Hold(r, kS, 10); }, kS, 0, 10, 2 * kS},
        {"RefillsByTheRate", kFast, [](auto& b, auto& r) { b.Hold(r, kS, 10); }, kS + kS / 5, 1, 10,
         2 * kS - kS / 5},
        {"RefillsNoFurtherThanFull", kFast, [](auto& b, auto& r) { b.Hold(r, kS, 10); }, 100 * kS,
         10, 10, 0},
        {"SettlingLessPutsBack", kFast,
         [](auto& b, auto& r) {
           b.Hold(r, kS, 10);
           b.Settle(r, kS, 10, 4);
         },
         kS, 6, 0, 4 * kS / 5},
        {"PutBackBeyondFullIsLost", kFast,
         [](auto& b, auto& r) {
           b.Hold(r, kS, 10);
           b.Settle(r, 100 * kS, 10, 0);
         },
         100 * kS, 10, 0, 0},
        {"OverdraftGoesBelowZero", kFast,
         [](auto& b, auto& r) {
           b.Hold(r, kS, 10);
           b.Settle(r, kS, 10, 25);
         },
         kS, -15, 0, 5 * kS},
        {"OverdraftIsPaidOff", kFast,
         [](auto& b, auto& r) {
           b.Hold(r, kS, 10);
           b.Settle(r, kS, 10, 25);
         },
         5 * kS, 5, 0, kS},
        {"CorrectionBothWays", kFast,
         [](auto& b, auto& r) {
           b.Settle(r, kS, 0, 6);
           b.Correct(r, kS, 6, 8);
           b.Correct(r, kS, 8, 3);
         },
         kS, 7, 0, 3 * kS / 5},
        {"AClockStepBackRefillsNothing", kFast,
         [](auto& b, auto& r) {
           b.Hold(r, 10 * kS, 10);
           b.Hold(r, 5 * kS, 0);
         },
         6 * kS, 0, 10, 2 * kS},
        {"FractionsAreKept", kOdd, [](auto& b, auto& r) { b.Hold(r, 0, 7); }, kS, 2, 7, 2 * kS},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TokenBucketTest, HowOftenItIsAskedChangesNothing) {
  TokenBucket rarely, often;
  rarely.Hold(kOdd, 0, 7);
  often.Hold(kOdd, 0, 7);
  // A step that divides neither the period nor a unit.
  for (int64_t now = 0; now <= 3 * kS; now += 7'654'321) often.Hold(kOdd, now, 0);
  EXPECT_EQ(often.At(kOdd, 3 * kS - 1).room(), rarely.At(kOdd, 3 * kS - 1).room());
  EXPECT_EQ(often.At(kOdd, 3 * kS - 1).room(), 6);
  EXPECT_EQ(often.At(kOdd, 3 * kS).room(), 7);
}

TEST(TokenBucketTest, WaitForIsExactToTheNanosecond) {
  TokenBucket bucket;
  bucket.Hold(kOdd, 0, 7);
  const int64_t wait = bucket.WaitFor(kOdd, 0, 1);
  EXPECT_EQ(bucket.At(kOdd, wait - 1).room(), 0);
  EXPECT_EQ(bucket.At(kOdd, wait).room(), 1);
  EXPECT_EQ(bucket.WaitFor(kOdd, 0, 100), 3 * kS) << "no further than full";
  EXPECT_EQ(bucket.WaitFor(kOdd, 3 * kS, 7), 0);
}

TEST(TokenBucketTest, ARateOfZeroNeverRefills) {
  CountingRule closed = kFast;
  closed.count = 0;
  TokenBucket bucket;
  bucket.Hold(closed, kS, 3);
  EXPECT_EQ(bucket.At(closed, 1000 * kS).room(), 7);
  EXPECT_EQ(bucket.ResetAfter(closed, 1000 * kS), kForeverNs);
}

TEST(TokenBucketTest, LargeAmountsDoNotOverflow) {
  const CountingRule huge{CountingRule::Kind::kTokenBucket, kMaxAmount, 366 * kDayNs, kMaxAmount};
  TokenBucket bucket;
  bucket.Hold(huge, 0, kMaxAmount);
  EXPECT_EQ(bucket.At(huge, 183 * kDayNs).room(), kMaxAmount / 2);
  EXPECT_EQ(bucket.ResetAfter(huge, 183 * kDayNs), 183 * kDayNs);
}

TEST(TokenBucketTest, ARaisedBurstCountsAtOnce) {
  TokenBucket bucket;
  bucket.Hold(kFast, kS, 10);
  CountingRule raised = kFast;
  raised.capacity = 30;
  EXPECT_EQ(bucket.At(raised, kS).room(), 20);
}

}  // namespace
}  // namespace weir::quota
