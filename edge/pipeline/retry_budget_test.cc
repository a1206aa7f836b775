#include "edge/pipeline/retry_budget.h"

#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"

namespace weir::edge {
namespace {

using ::weir::testing::FakeClock;

// So many of `tries` in a row.
int Granted(RetryBudget& budget, int tries) {
  int granted = 0;
  for (int i = 0; i < tries; ++i) granted += budget.Retry() ? 1 : 0;
  return granted;
}

TEST(RetryBudgetTest, AQuietGatewayFailsOver) {
  FakeClock clock;
  RetryBudget budget({.per_second = 10}, clock);
  EXPECT_EQ(Granted(budget, 100), 20);
  clock.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(Granted(budget, 100), 5);
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(Granted(budget, 100), 20) << "two seconds' worth is saved up";
}

TEST(RetryBudgetTest, APartOfTheRequestsIsRetried) {
  const FakeClock clock;
  RetryBudget budget({.part = 0.2, .per_second = 0}, clock);
  int granted = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.Request();
    granted += Granted(budget, 1);
  }
  EXPECT_EQ(granted, 200);
}

TEST(RetryBudgetTest, WhatIsSavedUpIsBounded) {
  const FakeClock clock;
  RetryBudget budget({.part = 0.2, .most = 7, .per_second = 0}, clock);
  for (int i = 0; i < 1000; ++i) budget.Request();
  EXPECT_EQ(Granted(budget, 100), 7);
}

}  // namespace
}  // namespace weir::edge
