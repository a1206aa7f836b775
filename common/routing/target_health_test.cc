#include "common/routing/target_health.h"

#include <gtest/gtest.h>

#include <string>

#include "common/routing/state_registry.h"
#include "common/testing/fake_clock.h"

namespace weir::routing {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using v1::ReportRequest;

constexpr Duration kSuspend = seconds(30);

struct OutcomeCase {
  std::string_view name;
  ReportRequest::Outcome outcome;
  int http_status;
  bool want_out;
  std::string_view want_failure;
};
class OutcomeTest : public ::testing::TestWithParam<OutcomeCase> {};

TEST_P(OutcomeTest, LeavesOutAfterAFailureAlone) {
  testing::FakeClock clock;
  TargetHealth health;
  health.Record(GetParam().outcome, GetParam().http_status, clock.Monotonic());
  EXPECT_EQ(health.IsOut(clock.Monotonic(), kSuspend), GetParam().want_out);
  EXPECT_EQ(health.Now().last_failure, GetParam().want_failure);
  EXPECT_EQ(health.Now().consecutive_failures, GetParam().want_out ? 1 : 0);
}
INSTANTIATE_TEST_SUITE_P(
    Outcomes, OutcomeTest,
    ::testing::ValuesIn<OutcomeCase>({
        {"Ok", ReportRequest::OUTCOME_OK, 200, false, ""},
        {"BadRequestOfAClient", ReportRequest::OUTCOME_OK, 400, false, ""},
        {"RateLimited", ReportRequest::OUTCOME_RATE_LIMITED, 429, true, "429"},
        {"RateLimitedWithoutStatus", ReportRequest::OUTCOME_RATE_LIMITED, 0, true, "429"},
        {"ServerError", ReportRequest::OUTCOME_SERVER_ERROR, 503, true, "503"},
        {"ServerErrorWithoutStatus", ReportRequest::OUTCOME_SERVER_ERROR, 0, true, "5xx"},
        {"Timeout", ReportRequest::OUTCOME_TIMEOUT, 0, true, "timeout"},
        {"Unreachable", ReportRequest::OUTCOME_UNREACHABLE, 0, true, "unreachable"},
        {"Unspecified", ReportRequest::OUTCOME_UNSPECIFIED, 500, false, ""},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TargetHealthTest, IsOutForExactlyTheTime) {
  testing::FakeClock clock;
  TargetHealth health;
  health.Record(ReportRequest::OUTCOME_SERVER_ERROR, 500, clock.Monotonic());
  EXPECT_EQ(health.ReturnsAt(kSuspend), clock.Monotonic() + kSuspend);
  clock.Advance(kSuspend - nanoseconds(1));
  EXPECT_TRUE(health.IsOut(clock.Monotonic(), kSuspend));
  clock.Advance(nanoseconds(1));
  EXPECT_FALSE(health.IsOut(clock.Monotonic(), kSuspend));
}

TEST(TargetHealthTest, ASecondFailureCountsFromItself) {
  testing::FakeClock clock;
  TargetHealth health;
  health.Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock.Monotonic());
  clock.Advance(seconds(10));
  health.Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock.Monotonic());
  EXPECT_EQ(health.ReturnsAt(kSuspend), clock.Monotonic() + kSuspend);
  EXPECT_EQ(health.Now().consecutive_failures, 2);
}

TEST(TargetHealthTest, ALateReportOfAnEarlierFailureDoesNotBringItBackSooner) {
  testing::FakeClock clock;
  TargetHealth health;
  const MonotonicTime earlier = clock.Monotonic();
  clock.Advance(seconds(10));
  health.Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock.Monotonic());
  health.Record(ReportRequest::OUTCOME_TIMEOUT, 0, earlier);
  EXPECT_EQ(health.ReturnsAt(kSuspend), clock.Monotonic() + kSuspend);
}

TEST(TargetHealthTest, AnAnswerUnderWayDoesNotEndTheSuspension) {
  testing::FakeClock clock;
  TargetHealth health;
  health.Record(ReportRequest::OUTCOME_RATE_LIMITED, 429, clock.Monotonic());
  health.Record(ReportRequest::OUTCOME_OK, 200, clock.Monotonic());
  EXPECT_TRUE(health.IsOut(clock.Monotonic(), kSuspend));
  EXPECT_EQ(health.Now().consecutive_failures, 0);
}

TEST(TargetHealthTest, ZeroNeverLeavesOut) {
  testing::FakeClock clock;
  TargetHealth health;
  health.Record(ReportRequest::OUTCOME_SERVER_ERROR, 500, clock.Monotonic());
  EXPECT_FALSE(health.IsOut(clock.Monotonic(), Duration::zero()));
  EXPECT_TRUE(health.IsOut(clock.Monotonic(), kSuspend)) << "a changed setting holds at once";
}

TEST(StateRegistryTest, GivesOneObjectAName) {
  StateRegistry<TargetHealth> registry;
  const auto first = registry.Of({"acme", "fast"});
  EXPECT_EQ(registry.Of({"acme", "fast"}), first);
  EXPECT_NE(registry.Of({"acmef", "ast"}), first);
}

TEST(StateRegistryTest, ForgetsWhatNobodyHolds) {
  StateRegistry<TargetHealth> registry;
  const auto held = registry.Of({"held"});
  registry.Of({"dropped"});
  registry.Prune();
  EXPECT_EQ(registry.size(), 1u);
  EXPECT_EQ(registry.Of({"held"}), held);
}

}  // namespace
}  // namespace weir::routing
