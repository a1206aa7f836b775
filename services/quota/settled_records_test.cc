#include "services/quota/settled_records.h"

#include <gtest/gtest.h>

#include "services/quota/limits_for_test.h"

namespace weir::quota {
namespace {

constexpr int64_t kKeep = 3600 * kSecondNs;

TEST(SettledRecordsTest, ForgetsAfterItsTime) {
  RecordBudget budget{100};
  SettledRecords records(budget, kKeep);
  records.Add({.id = IdOf(1), .tokens = 10}, 0);
  records.Add({.id = IdOf(2), .tokens = 20}, kSecondNs);
  records.Forget(kKeep - 1);
  ASSERT_NE(records.Find(IdOf(1)), nullptr);
  EXPECT_EQ(records.Find(IdOf(1))->tokens, 10);
  records.Forget(kKeep);
  EXPECT_EQ(records.Find(IdOf(1)), nullptr);
  ASSERT_NE(records.Find(IdOf(2)), nullptr);
  EXPECT_EQ(records.Find(IdOf(2))->tokens, 20);
}

TEST(SettledRecordsTest, AttemptsOfARequestAreApart) {
  RecordBudget budget{100};
  SettledRecords records(budget, kKeep);
  records.Add({.id = IdOf(1, 1), .tokens = 10}, 0);
  records.Add({.id = IdOf(1, 2), .tokens = 20}, 0);
  EXPECT_EQ(records.Find(IdOf(1, 1))->tokens, 10);
  EXPECT_EQ(records.Find(IdOf(1, 2))->tokens, 20);
  EXPECT_EQ(records.Find(IdOf(1, 3)), nullptr);
}

TEST(SettledRecordsTest, TheOldestGoWhereThereAreTooManyOverAllParts) {
  RecordBudget budget{100};
  SettledRecords busy(budget, kKeep), calm(budget, kKeep);
  for (uint32_t i = 0; i < 10; ++i) calm.Add({.id = IdOf(i)}, i);
  for (uint32_t i = 0; i < 10'000; ++i) busy.Add({.id = IdOf(i)}, i);
  EXPECT_EQ(budget.records, 100);
  EXPECT_EQ(busy.size(), 90u);
  EXPECT_EQ(calm.size(), 10u);
  EXPECT_EQ(busy.Find(IdOf(9'909)), nullptr);
  EXPECT_NE(busy.Find(IdOf(9'910)), nullptr);
}

TEST(SettledRecordsTest, WhatIsStillAskedForIsKept) {
  RecordBudget budget{100};
  SettledRecords records(budget, kKeep);
  records.Add({.id = IdOf(1), .tokens = 10}, 0);
  records.Add({.id = IdOf(2), .tokens = 20}, 0);
  for (int i = 0; i < 50; ++i) records.Refresh(IdOf(1), kKeep / 4);
  EXPECT_EQ(budget.records, 2) << "too soon to be kept anew";
  records.Refresh(IdOf(1), kKeep / 2);
  records.Forget(kKeep);
  EXPECT_EQ(records.Find(IdOf(2)), nullptr);
  ASSERT_NE(records.Find(IdOf(1)), nullptr);
  EXPECT_EQ(records.Find(IdOf(1))->tokens, 10);
  records.Forget(kKeep / 2 + kKeep);
  EXPECT_EQ(records.Find(IdOf(1)), nullptr);
  EXPECT_EQ(budget.records, 0);
}

}  // namespace
}  // namespace weir::quota
