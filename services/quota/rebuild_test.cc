#include "services/quota/rebuild.h"

#include <gmock/gmock.h>

#include "services/quota/quota_for_test.h"

namespace weir::quota {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 2025-11-21 10:00:00 UTC.
constexpr int64_t kNowUs = 1'763'719'200'000'000;
constexpr int64_t kSecondUs = 1'000'000;

class RebuildTest : public ::testing::Test {
 protected:
  void Spend(const std::string& user, int64_t tokens, int64_t seconds_ago) {
    LedgerRow row;
    row.id = IdOf(++number_);
    row.organization = "acme";
    row.user = user;
    row.usage[UsageParts::kInputUncached] = tokens;
    row.requests = 1;
    row.settled_at_us = kNowUs - seconds_ago * kSecondUs;
    ASSERT_THAT(ledger_.Append(std::vector{row}), IsOk());
  }
  // "limit/subject: used, began SECONDS ago" of each counter.
  std::vector<std::string> Sum(const LimitTable& table) {
    auto counters = SumCounters(table, ledger_, FromUnixMicros(kNowUs));
    EXPECT_THAT(counters, IsOk());
    std::vector<std::string> texts;
    for (const RestoredCounter& each : *counters) {
      texts.push_back(fmt::format("{}/{}: {}, began {} ago", each.limit->name, each.subject,
                                  each.used, (kNowUs - each.window_start_us) / kSecondUs));
    }
    return texts;
  }
  std::vector<std::string> Sum(const std::vector<LimitSpec>& specs) { return Sum(*TableOf(specs)); }

  uint32_t number_ = 0;
  MemoryLedger ledger_;
};

TEST_F(RebuildTest, AUtcWindowCountsWhatWasSettledSinceItBegan) {
  Spend("ann", 5, 36'000);  // At midnight.
  Spend("ann", 7, 10);
  Spend("ann", 1000, 36'001);
  EXPECT_THAT(Sum({{.name = "day", .period_s = 86'400},
                   {.name = "day-requests", .unit = kRequests, .period_s = 86'400}}),
              ElementsAre("day/: 12, began 36000 ago", "day-requests/: 2, began 36000 ago"));
}

TEST_F(RebuildTest, AnAnchoredWindowCountsAWholePeriodFromItsEarliestUse) {
  Spend("ann", 1000, 60);
  Spend("ann", 5, 59);
  Spend("ann", 7, 10);
  EXPECT_THAT(Sum({{.name = "minute", .kind = CountingRule::Kind::kAnchoredWindow}}),
              ElementsAre("minute/: 12, began 59 ago"));
}

TEST_F(RebuildTest, WithoutUseThereIsNothingToRestore) {
  Spend("ann", 5, 61);
  EXPECT_THAT(Sum({{.name = "minute", .kind = CountingRule::Kind::kAnchoredWindow},
                   {.name = "bucket", .kind = CountingRule::Kind::kTokenBucket}}),
              IsEmpty());
}

TEST_F(RebuildTest, EachSubjectOfADefaultHasItsOwn) {
  Spend("ann", 5, 10);
  Spend("bob", 7, 10);
  Spend("", 9, 10);
  EXPECT_THAT(
      Sum({{.name = "each", .level = v1::LEVEL_USER, .subject = "*", .period_s = 86'400},
           {.name = "bobs", .level = v1::LEVEL_USER, .subject = "bob", .period_s = 86'400}}),
      ElementsAre("bobs/bob: 7, began 36000 ago", "each/ann: 5, began 36000 ago"));
}

TEST_F(RebuildTest, ALimitCountsNothingFromBeforeItWasMade) {
  Spend("ann", 5, 100);
  Spend("ann", 7, 10);
  const auto table = LimitTable::Build(
      std::vector<StoredLimit>{{.limit = LimitOf({.name = "day", .period_s = 86'400}),
                                .counting_since_us = kNowUs - 50 * kSecondUs}});
  EXPECT_THAT(Sum(*table), ElementsAre("day/: 7, began 36000 ago"));
}

TEST_F(RebuildTest, LimitsThatWereMadeOneAfterTheOtherCountEachFromItsOwnBeginning) {
  Spend("ann", 1, 40);
  Spend("bob", 10, 30);
  Spend("ann", 100, 20);
  Spend("bob", 1000, 10);
  std::vector<StoredLimit> limits;
  for (int64_t ago : {5, 15, 25, 35, 45}) {
    const auto add = [&](LimitSpec spec) {
      spec.level = v1::LEVEL_USER;
      spec.period_s = 86'400;
      limits.push_back({.limit = LimitOf(spec), .counting_since_us = kNowUs - ago * kSecondUs});
    };
    add({.name = fmt::format("ann-{:02}", ago), .subject = "ann"});
    add({.name = fmt::format("each-{:02}", ago), .subject = "*", .unit = kRequests});
  }
  EXPECT_THAT(Sum(*LimitTable::Build(limits)),
              ElementsAre("ann-25/ann: 100, began 36000 ago", "ann-35/ann: 100, began 36000 ago",
                          "ann-45/ann: 101, began 36000 ago", "each-15/bob: 1, began 36000 ago",
                          "each-25/ann: 1, began 36000 ago", "each-25/bob: 1, began 36000 ago",
                          "each-35/ann: 1, began 36000 ago", "each-35/bob: 2, began 36000 ago",
                          "each-45/ann: 2, began 36000 ago", "each-45/bob: 2, began 36000 ago"));
}

TEST(QuotaRebuildTest, CountersAreAsTheyWereAfterARestart) {
  QuotaForTest quota({{.name = "day", .count = 1000, .period_s = 86'400},
                      {.name = "requests", .unit = kRequests, .count = 10, .period_s = 86'400},
                      {.name = "anchored",
                       .count = 1000,
                       .period_s = 3'600,
                       .kind = CountingRule::Kind::kAnchoredWindow}});
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_THAT(quota.Reserve(quota.Ask(i, 10, 10, 20)), IsOk());
    ASSERT_THAT(quota.Settle(quota.Spent(i, 10, 20)), IsOk());
    quota.clock.Advance(std::chrono::minutes(10));
  }
  const auto before = quota.States();
  quota.Restart();
  EXPECT_EQ(quota.Remaining("day"), 1000);
  ASSERT_THAT(quota.Run(quota.service().Rebuild()), IsOk());
  const auto after = quota.States();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].SerializeAsString(), before[i].SerializeAsString()) << after[i].limit_name();
  }
  quota.clock.Advance(std::chrono::minutes(30));
  EXPECT_EQ(quota.Remaining("anchored"), 1000);
  EXPECT_EQ(quota.Remaining("day"), 910);
}

}  // namespace
}  // namespace weir::quota
