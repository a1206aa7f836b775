#include "services/quota/fixed_window.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir::quota {
namespace {

constexpr int64_t kS = kSecondNs;
constexpr int64_t kMinute = 60 * kS;
constexpr CountingRule kUtc{CountingRule::Kind::kUtcWindow, 100, kMinute, 100};
constexpr CountingRule kAnchored{CountingRule::Kind::kAnchoredWindow, 100, kMinute, 100};

struct WindowCase {
  std::string_view name;
  CountingRule rule;
  std::function<void(FixedWindow&, const CountingRule&)> steps;
  int64_t at;
  int64_t want_used, want_held, want_reset_after;
};
class FixedWindowTest : public ::testing::TestWithParam<WindowCase> {};

TEST_P(FixedWindowTest, Counts) {
  const WindowCase& c = GetParam();
  FixedWindow window;
  c.steps(window, c.rule);
  const Standing standing = window.At(c.rule, c.at);
  EXPECT_EQ(standing.used, c.want_used);
  EXPECT_EQ(standing.held, c.want_held);
  EXPECT_EQ(standing.room(), 100 - c.want_used - c.want_held);
  EXPECT_EQ(window.ResetAfter(c.rule, c.at), c.want_reset_after);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, FixedWindowTest,
    ::testing::ValuesIn<WindowCase>({
        {"NewIsUnused", kUtc, [](auto&, auto&) {}, 90 * kS, 0, 0, 0},
        {"HoldIsNotUse", kUtc, [](auto& w, auto& r) { w.Hold(r, 70 * kS, 30); }, 90 * kS, 0, 30,
         30 * kS},
        {"SettlingLessFreesTheRest", kUtc,
         [](auto& w, auto& r) {
           w.Hold(r, 70 * kS, 30);
           w.Settle(r, 80 * kS, 30, 12);
         },
         90 * kS, 12, 0, 30 * kS},
        {"SettlingMoreIsCounted", kUtc,
         [](auto& w, auto& r) {
           w.Hold(r, 70 * kS, 30);
           w.Settle(r, 80 * kS, 30, 130);
         },
         90 * kS, 130, 0, 30 * kS},
        {"UtcWindowBeginsAtMultiplesOfThePeriod", kUtc,
         [](auto& w, auto& r) { w.Settle(r, 119 * kS, 0, 50); }, 120 * kS, 0, 0, 0},
        {"HoldsOutliveTheWindow", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 110 * kS, 0, 50);
           w.Hold(r, 119 * kS, 30);
         },
         130 * kS, 0, 30, 50 * kS},
        {"AStreamLongerThanTheWindowCountsInBoth", kUtc,
         [](auto& w, auto& r) {
           w.Hold(r, 119 * kS, 30);
           w.Settle(r, 189 * kS, 30, 30);
         },
         190 * kS, 30, 0, 50 * kS},
        {"VoidingAHoldOfALastWindowGivesNothingToThis", kUtc,
         [](auto& w, auto& r) {
           w.Hold(r, 119 * kS, 30);
           w.Settle(r, 121 * kS, 0, 10);
           w.Settle(r, 125 * kS, 30, 0);
         },
         130 * kS, 10, 0, 50 * kS},
        {"AClockStepBackReopensNothing", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 90);
           w.Settle(r, 130 * kS, 0, 20);
           w.Settle(r, 75 * kS, 0, 5);
         },
         75 * kS, 25, 0, 105 * kS},
        {"AnchoredWindowBeginsAtTheFirstHold", kAnchored,
         [](auto& w, auto& r) { w.Hold(r, 70 * kS, 30); }, 129 * kS, 0, 30, 1 * kS},
        {"AnchoredWindowLastsOnePeriod", kAnchored,
         [](auto& w, auto& r) { w.Settle(r, 70 * kS, 0, 30); }, 130 * kS, 0, 0, 0},
        {"TheNextAnchoredWindowBeginsAtItsOwnFirstHold", kAnchored,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 30);
           w.Hold(r, 200 * kS, 5);
         },
         210 * kS, 0, 5, 50 * kS},
        {"ASettlementAfterTheAnchoredWindowBeginsTheNext", kAnchored,
         [](auto& w, auto& r) {
           w.Hold(r, 70 * kS, 30);
           w.Settle(r, 140 * kS, 30, 30);
         },
         150 * kS, 30, 0, 50 * kS},
        {"AnOpenHoldWithoutAWindowResetsWithinAPeriod", kAnchored,
         [](auto& w, auto& r) { w.Hold(r, 70 * kS, 30); }, 140 * kS, 0, 30, 60 * kS},
        {"VoidingBeginsNoWindow", kAnchored,
         [](auto& w, auto& r) {
           w.Hold(r, 70 * kS, 30);
           w.Settle(r, 140 * kS, 30, 0);
         },
         140 * kS, 0, 0, 0},
        {"CorrectionDownwardsInTheSameWindow", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 30);
           w.Correct(r, 80 * kS, 70 * kS, 30, 20);
         },
         90 * kS, 20, 0, 30 * kS},
        {"CorrectionUpwards", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 30);
           w.Correct(r, 80 * kS, 70 * kS, 30, 45);
         },
         90 * kS, 45, 0, 30 * kS},
        {"NoRefundIntoAWindowThatIsOver", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 30);
           w.Settle(r, 125 * kS, 0, 50);
           w.Correct(r, 130 * kS, 70 * kS, 30, 0);
         },
         130 * kS, 50, 0, 50 * kS},
        {"LateTruthIsChargedToTheCurrentWindow", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 30);
           w.Correct(r, 130 * kS, 70 * kS, 30, 40);
         },
         130 * kS, 10, 0, 50 * kS},
        {"NeverNegative", kUtc,
         [](auto& w, auto& r) {
           w.Settle(r, 70 * kS, 0, 10);
           w.Correct(r, 75 * kS, 70 * kS, 30, 0);
         },
         80 * kS, 0, 0, 0},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(FixedWindowTest, IsIdleOnceNothingIsOpenAndItsWindowIsOver) {
  FixedWindow window;
  EXPECT_TRUE(window.IsIdle(kUtc, 70 * kS));
  window.Hold(kUtc, 70 * kS, 5);
  window.Settle(kUtc, 71 * kS, 5, 0);
  EXPECT_FALSE(window.IsIdle(kUtc, 80 * kS));
  EXPECT_TRUE(window.IsIdle(kUtc, 120 * kS));
  window.Hold(kUtc, 121 * kS, 5);
  EXPECT_FALSE(window.IsIdle(kUtc, 300 * kS));
}

TEST(FixedWindowTest, UtcWindowsBeginBeforeTheEpochToo) {
  EXPECT_EQ(UtcWindowStart(kMinute, 0), 0);
  EXPECT_EQ(UtcWindowStart(kMinute, -1), -kMinute);
  EXPECT_EQ(UtcWindowStart(kMinute, 119 * kS), kMinute);
}

}  // namespace
}  // namespace weir::quota
