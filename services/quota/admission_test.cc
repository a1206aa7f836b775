#include "services/quota/admission.h"

#include <gtest/gtest.h>

#include "services/quota/limits_for_test.h"

namespace weir::quota {
namespace {

constexpr int64_t kS = kSecondNs;
constexpr Instant kNow{.wall_ns = 1'000'000 * kS, .monotonic_ns = 500 * kS};

// A limit with its counter.
struct Weight {
  Weight(const LimitSpec& spec, int64_t used, int64_t held) : limit(Compile(LimitOf(spec), 0)) {
    if (held > 0) counter.Hold(limit->rule, kNow, held);
    counter.Settle(limit->rule, kNow, 0, used);
  }
  LimitPtr limit;
  Counter counter;
};

Admission Ask(const std::vector<Weight>& weights, const Demand& demand) {
  std::vector<Weighed> weighed;
  for (const Weight& each : weights) weighed.push_back({each.limit.get(), &each.counter});
  return Decide(weighed, demand, kNow);
}

LimitSpec Strict(int64_t count) {
  return {.name = "strict", .count = count, .enforcement = v1::ENFORCEMENT_STRICT};
}
LimitSpec Adaptive(int64_t count) {
  return {.name = "adaptive", .count = count, .enforcement = v1::ENFORCEMENT_ADAPTIVE};
}
LimitSpec Observe(int64_t count) {
  return {.name = "observe", .count = count, .enforcement = v1::ENFORCEMENT_OBSERVE};
}
LimitSpec Requests(int64_t count) {
  return {.name = "requests", .unit = kRequests, .count = count};
}
LimitSpec Bucket(int64_t count, int64_t burst) {
  return {.name = "bucket",
          .unit = kRequests,
          .count = count,
          .period_s = 1,
          .kind = CountingRule::Kind::kTokenBucket,
          .burst = burst};
}

const Demand kChat{.input_bound = 40, .input_likely = 10};

TEST(DecideTest, WithoutLimitsNothingIsHeldAndNothingIsCapped) {
  const Admission admission = Ask({}, kChat);
  EXPECT_FALSE(admission.refusal);
  EXPECT_EQ(admission.held_tokens, 0);
  EXPECT_FALSE(admission.output_cap);
}

TEST(DecideTest, TheSmallestCapOverStrictLimitsIsHeldOnAll) {
  const Admission admission = Ask({{Strict(1000), 800, 0}, {Strict(100'000), 0, 0}}, kChat);
  ASSERT_FALSE(admission.refusal);
  EXPECT_EQ(admission.output_cap, 160);
  EXPECT_TRUE(admission.reduced);
  EXPECT_EQ(admission.portions[0].amount(), 200);
  EXPECT_EQ(admission.portions[1].amount(), 200);
  EXPECT_EQ(admission.held_tokens, 200);
}

TEST(DecideTest, ACapIsNamedOnlyWhereItIsSmallerThanDeclared) {
  Demand declared = kChat;
  declared.output_declared = 100;
  const Admission whole = Ask({{Strict(1000), 0, 0}}, declared);
  EXPECT_FALSE(whole.output_cap);
  EXPECT_FALSE(whole.reduced);
  EXPECT_EQ(whole.held_tokens, 140);
  const Admission clamped = Ask({{Strict(1000), 900, 0}}, declared);
  EXPECT_EQ(clamped.output_cap, 60);
  EXPECT_TRUE(clamped.reduced);
}

TEST(DecideTest, WithoutADeclaredCapTheHoldIsWrittenUpstream) {
  const Admission admission = Ask({{Strict(100'000), 0, 0}}, kChat);
  EXPECT_EQ(admission.output_cap, 256);
  EXPECT_FALSE(admission.reduced) << "all of the estimate is held";
}

TEST(DecideTest, AdaptiveAndObservedLimitsNeverCap) {
  const Admission admission = Ask({{Adaptive(100), 99, 0}, {Observe(100), 500, 0}}, kChat);
  ASSERT_FALSE(admission.refusal);
  EXPECT_FALSE(admission.output_cap);
  EXPECT_EQ(admission.portions[0].amount(), 266);
  EXPECT_EQ(admission.portions[1].amount(), 266);
}

TEST(DecideTest, StrictLimitsBoundWhatOthersHold) {
  // The order of the limits does not matter.
  const Admission admission = Ask({{Adaptive(10'000), 0, 0}, {Strict(100), 0, 0}}, kChat);
  ASSERT_FALSE(admission.refusal);
  EXPECT_EQ(admission.output_cap, 60);
  EXPECT_EQ(admission.portions[0].amount(), 70);
}

TEST(DecideTest, EmbeddingsGetNoCap) {
  Demand embedding = kChat;
  embedding.output_max = 0;
  const Admission admission = Ask({{Strict(1000), 0, 0}}, embedding);
  EXPECT_FALSE(admission.output_cap);
  EXPECT_EQ(admission.held_tokens, 40);
}

TEST(DecideTest, OneRefusalRefusesAll) {
  const Admission admission = Ask({{Strict(1000), 0, 0}, {Requests(5), 5, 0}}, kChat);
  ASSERT_TRUE(admission.refusal);
  EXPECT_EQ(admission.refusal->limit, 1u);
  EXPECT_TRUE(admission.portions.empty());
}

struct RefusalCase {
  std::string_view name;
  std::vector<Weight> weights;
  size_t want_limit;
  bool want_hard;
  int64_t want_retry_after;
};
class RefusalTest : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(RefusalTest, NamesTheTightest) {
  const Admission admission = Ask(GetParam().weights, kChat);
  ASSERT_TRUE(admission.refusal);
  EXPECT_EQ(admission.refusal->limit, GetParam().want_limit);
  EXPECT_EQ(admission.refusal->hard, GetParam().want_hard);
  EXPECT_EQ(admission.refusal->retry_after_ns, GetParam().want_retry_after);
}

// The minute of kNow has 20 s to go, its day 36,800.
LimitSpec Day(LimitSpec spec) {
  spec.period_s = 86'400;
  return spec;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RefusalTest,
    ::testing::ValuesIn<RefusalCase>({
        {"SettledIsHardUntilTheReset", {{Strict(100), 100, 0}}, 0, true, 20 * kS},
        {"HeldIsSoonAgain", {{Strict(100), 0, 100}}, 0, false, kS},
        {"AdaptiveSettled", {{Adaptive(100), 100, 0}}, 0, true, 20 * kS},
        {"AdaptiveHeld", {{Adaptive(100), 50, 50}}, 0, false, kS},
        {"RequestsSettled", {{Requests(5), 5, 0}}, 0, true, 20 * kS},
        {"RequestsHeld", {{Requests(5), 1, 4}}, 0, false, kS},
        {"HardBeforeSoft", {{Strict(100), 0, 100}, {Strict(100), 100, 0}}, 1, true, 20 * kS},
        {"TheLongestWait",
         {{Strict(100), 100, 0}, {Day(Strict(100)), 100, 0}},
         1,
         true,
         36'800 * kS},
        {"ACountOfZeroNeverOpens",
         {{Strict(100), 100, 0}, {Requests(0), 0, 0}},
         1,
         true,
         kForeverNs},
        {"AnEmptyBucketRefills", {{Bucket(5, 10), 10, 0}}, 0, false, kS / 5},
        {"AnOverdrawnBucketRefills", {{Bucket(5, 10), 20, 0}}, 0, false, 11 * kS / 5},
        {"ABucketOfHoldsIsSoonAgain", {{Bucket(1, 10), 0, 30}}, 0, false, kS},
        {"APromptLargerThanTheLimit", {{Strict(10), 0, 0}}, 0, true, kForeverNs},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DecideTest, ALimitOfZeroRefusesEveryCallButNotAFurtherAttempt) {
  EXPECT_TRUE(Ask({{Requests(0), 0, 0}}, kChat).refusal);
  EXPECT_TRUE(Ask({{Strict(0), 0, 0}}, kChat).refusal);
  EXPECT_TRUE(Ask({{Adaptive(0), 0, 0}}, kChat).refusal);
  EXPECT_TRUE(Ask({{Bucket(0, 7), 0, 0}}, kChat).refusal);
  EXPECT_FALSE(Ask({{Observe(0), 0, 0}}, kChat).refusal);
  Demand further = kChat;
  further.requests = 0;
  EXPECT_FALSE(Ask({{Requests(0), 0, 0}}, further).refusal);
}

}  // namespace
}  // namespace weir::quota
