#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "services/quota/ledger.h"
#include "services/quota/limits_for_test.h"

// What every Ledger does. An implementation joins with
//
//   struct MyHarness { Ledger& ledger(); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(My, LedgerContract, MyHarness);
//
// where a harness is an empty ledger.
namespace weir::quota {

using testing::IsOk;

template <typename Harness>
class LedgerContract : public ::testing::Test {
 protected:
  static LedgerRow Row(uint32_t number, int64_t input, int64_t output, int64_t at_us = 100) {
    LedgerRow row;
    row.id = IdOf(number);
    row.organization = "acme";
    row.team = "red";
    row.user = "ann";
    row.key_name = "laptop";
    row.key_public_id = "3fA9";
    row.provider = "openai";
    row.model = "gpt";
    row.kind = "chat";
    row.usage[UsageParts::kInputUncached] = input;
    row.usage[UsageParts::kOutputVisible] = output;
    row.requests = 1;
    row.outcome = 1;
    row.dispatched_at_us = 90;
    row.settled_at_us = at_us;
    return row;
  }
  std::vector<bool> Append(const std::vector<LedgerRow>& rows) {
    auto added = ledger().Append(rows);
    EXPECT_THAT(added, IsOk());
    return *added;
  }
  static UsageQuery Query(std::vector<UsageField> group_by = {}) {
    UsageQuery query{.organization = "acme", .from_us = 0, .to_us = 1'000'000, .max_rows = 100};
    for (UsageField each : group_by) query.group_by[static_cast<size_t>(each)] = true;
    return query;
  }
  static void Filter(UsageQuery& query, UsageField field, const std::string& value) {
    query.filter[static_cast<size_t>(field)] = value;
  }
  // "group,group: tokens/requests" of each row; empty groups are left out.
  std::vector<std::string> Sums(const UsageQuery& query) {
    auto sums = ledger().QueryUsage(query);
    EXPECT_THAT(sums, IsOk());
    std::vector<std::string> texts;
    for (const UsageSum& each : *sums) {
      std::string group;
      for (const std::string& name : each.group) {
        if (!name.empty()) group += (group.empty() ? "" : ",") + name;
      }
      texts.push_back(fmt::format("{}: {}/{}", group, each.total_tokens, each.requests));
    }
    return texts;
  }
  // "subject: tokens/requests from first" of each subject.
  std::vector<std::string> Since(v1::Level level, int64_t since_us) {
    auto sums =
        ledger().SumSubjects({.organization = "acme", .level = level, .since_us = since_us});
    EXPECT_THAT(sums, IsOk());
    std::vector<std::string> texts;
    for (const SubjectSum& each : *sums) {
      texts.push_back(fmt::format("{}: {}/{} from {}", each.subject, each.total_tokens,
                                  each.requests, each.first_settled_at_us));
    }
    return texts;
  }
  Ledger& ledger() { return harness_.ledger(); }

  Harness harness_;
};
TYPED_TEST_SUITE_P(LedgerContract);

TYPED_TEST_P(LedgerContract, KeepsEveryFieldOfARow) {
  LedgerRow row = this->Row(1, 10, 20, 123'456);
  row.id.attempt = 3;
  row.id.request[15] = '\xff';
  row.seq = 2;
  row.proxy = "/openai";
  for (size_t i = 0; i < row.usage.parts.size(); ++i) row.usage.parts[i] = 100 + int64_t(i);
  row.usage.inconsistent = true;
  row.estimated = true;
  row.cost_usd_nanos = 1'500'000'000;
  this->Append({row});
  auto found = this->ledger().Find(row.id);
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ(**found, row);
}

TYPED_TEST_P(LedgerContract, AnUnsetCostStaysUnsetAndNamesAreKeptAsTheyAre) {
  LedgerRow row = this->Row(1, 10, 20);
  row.model = "'; DROP TABLE quota_ledger; --";
  row.user = "\xd0\x96\xe4\xb8\xad";
  this->Append({row});
  EXPECT_EQ(**this->ledger().Find(row.id), row);
  UsageQuery query = this->Query({UsageField::kModel});
  this->Filter(query, UsageField::kModel, row.model);
  EXPECT_THAT(this->Sums(query), ::testing::ElementsAre(row.model + ": 30/1"));
}

TYPED_TEST_P(LedgerContract, ARowIsAddedOnceAndADuplicateIsReported) {
  EXPECT_THAT(this->Append({this->Row(1, 10, 20), this->Row(2, 1, 2)}),
              ::testing::ElementsAre(false, false));
  EXPECT_THAT(this->Append({this->Row(3, 1, 2), this->Row(1, 99, 99), this->Row(3, 5, 5)}),
              ::testing::ElementsAre(false, true, true));
  EXPECT_THAT(this->Sums(this->Query()), ::testing::ElementsAre(": 36/3"));
}

TYPED_TEST_P(LedgerContract, AttemptsAndCorrectionsAreRowsOfTheirOwn) {
  LedgerRow second_attempt = this->Row(1, 10, 0);
  second_attempt.id.attempt = 2;
  second_attempt.requests = 0;
  LedgerRow corrected = this->Row(1, 10, 50);
  corrected.seq = 2;
  EXPECT_THAT(this->Append({this->Row(1, 10, 20), second_attempt, corrected}),
              ::testing::ElementsAre(false, false, false));
  // A correction takes the place of what it corrects.
  EXPECT_THAT(this->Sums(this->Query()), ::testing::ElementsAre(": 70/1"));
  EXPECT_EQ((*this->ledger().QueryUsage(this->Query()))[0].attempts, 2);
  EXPECT_EQ((*this->ledger().Find(IdOf(1)))->seq, 2u);
  EXPECT_EQ((*this->ledger().Find(IdOf(1)))->usage.total_tokens(), 60);
}

TYPED_TEST_P(LedgerContract, FindsNothingOfAnUnknownAttempt) {
  this->Append({this->Row(1, 10, 20)});
  auto found = this->ledger().Find(IdOf(1, 2));
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
}

TYPED_TEST_P(LedgerContract, SumsPartsAndCounts) {
  LedgerRow cached = this->Row(1, 10, 20);
  cached.usage[UsageParts::kCacheRead] = 5;
  cached.usage[UsageParts::kReasoning] = 7;
  cached.usage[UsageParts::kImageUnits] = 2;
  LedgerRow estimated = this->Row(2, 1, 2);
  estimated.estimated = true;
  estimated.usage.inconsistent = true;
  this->Append({cached, estimated});
  auto sums = this->ledger().QueryUsage(this->Query());
  ASSERT_THAT(sums, IsOk());
  ASSERT_EQ(sums->size(), 1u);
  const UsageSum& sum = sums->front();
  EXPECT_EQ(sum.attempts, 2);
  EXPECT_EQ(sum.estimated_attempts, 1);
  EXPECT_EQ(sum.total_tokens, 45);
  EXPECT_EQ(sum.usage[UsageParts::kInputUncached], 11);
  EXPECT_EQ(sum.usage[UsageParts::kCacheRead], 5);
  EXPECT_EQ(sum.usage[UsageParts::kOutputVisible], 22);
  EXPECT_EQ(sum.usage[UsageParts::kReasoning], 7);
  EXPECT_EQ(sum.usage[UsageParts::kImageUnits], 2);
  EXPECT_TRUE(sum.usage.inconsistent);
}

TYPED_TEST_P(LedgerContract, GroupsTheLargestFirst) {
  LedgerRow bob = this->Row(2, 100, 0);
  bob.user = "bob";
  LedgerRow mini = this->Row(3, 50, 0);
  mini.model = "mini";
  this->Append({this->Row(1, 10, 20), bob, mini});
  EXPECT_THAT(this->Sums(this->Query({UsageField::kUser})),
              ::testing::ElementsAre("bob: 100/1", "ann: 80/2"));
  EXPECT_THAT(this->Sums(this->Query({UsageField::kUser, UsageField::kModel})),
              ::testing::ElementsAre("bob,gpt: 100/1", "ann,mini: 50/1", "ann,gpt: 30/1"));
  EXPECT_THAT(this->Sums(this->Query()), ::testing::ElementsAre(": 180/3"));
  UsageQuery one = this->Query({UsageField::kUser});
  one.max_rows = 1;
  EXPECT_THAT(this->Sums(one), ::testing::ElementsAre("bob: 100/1"));
}

TYPED_TEST_P(LedgerContract, EveryFieldGroupsAndFilters) {
  LedgerRow other = this->Row(2, 100, 0);
  other.team = other.user = other.key_name = other.proxy = other.provider = other.model = "other";
  this->Append({this->Row(1, 10, 20), other});
  for (size_t i = 0; i < kUsageFields; ++i) {
    SCOPED_TRACE(kUsageFieldNames[i]);
    const auto field = static_cast<UsageField>(i);
    EXPECT_EQ(this->Sums(this->Query({field})).size(), 2u);
    UsageQuery filtered = this->Query({field});
    this->Filter(filtered, field, "other");
    EXPECT_THAT(this->Sums(filtered), ::testing::ElementsAre("other: 100/1"));
  }
  // A filter for the empty name is a filter.
  UsageQuery root = this->Query();
  this->Filter(root, UsageField::kProxy, "");
  EXPECT_THAT(this->Sums(root), ::testing::ElementsAre(": 30/1"));
}

TYPED_TEST_P(LedgerContract, TimesAreFromInclusiveToExclusive) {
  this->Append({this->Row(1, 1, 0, 100), this->Row(2, 10, 0, 200), this->Row(3, 100, 0, 300)});
  UsageQuery query = this->Query();
  query.from_us = 100;
  query.to_us = 300;
  EXPECT_THAT(this->Sums(query), ::testing::ElementsAre(": 11/2"));
  query.from_us = 101;
  EXPECT_THAT(this->Sums(query), ::testing::ElementsAre(": 10/1"));
  query.to_us = 200;
  EXPECT_THAT(this->Sums(query), ::testing::IsEmpty());
}

TYPED_TEST_P(LedgerContract, OrganisationsAreApart) {
  LedgerRow theirs = this->Row(2, 100, 0);
  theirs.organization = "other";
  this->Append({this->Row(1, 10, 20), theirs});
  EXPECT_THAT(this->Sums(this->Query()), ::testing::ElementsAre(": 30/1"));
  EXPECT_THAT(this->Since(v1::LEVEL_ORGANIZATION, 0), ::testing::ElementsAre(": 30/1 from 100"));
}

TYPED_TEST_P(LedgerContract, SumsWhatTheSubjectsOfALevelSpentSince) {
  LedgerRow bob = this->Row(2, 100, 0, 200);
  bob.user = "bob";
  LedgerRow nobody = this->Row(3, 7, 0, 200);
  nobody.user = "";
  LedgerRow early = this->Row(4, 1000, 0, 99);
  LedgerRow corrected = this->Row(1, 1, 2, 150);
  corrected.seq = 2;
  this->Append({this->Row(1, 10, 20, 100), bob, nobody, early, corrected});
  EXPECT_THAT(this->Since(v1::LEVEL_USER, 100),
              ::testing::ElementsAre("ann: 3/1 from 150", "bob: 100/1 from 200"));
  EXPECT_THAT(this->Since(v1::LEVEL_ORGANIZATION, 100), ::testing::ElementsAre(": 110/3 from 150"));
  EXPECT_THAT(this->Since(v1::LEVEL_MODEL, 0), ::testing::ElementsAre("gpt: 1110/4 from 99"));
  EXPECT_THAT(this->Since(v1::LEVEL_TEAM, 0), ::testing::ElementsAre("red: 1110/4 from 99"));
  EXPECT_THAT(this->Since(v1::LEVEL_KEY, 0), ::testing::ElementsAre("laptop: 1110/4 from 99"));
  EXPECT_THAT(this->Since(v1::LEVEL_PROVIDER, 0), ::testing::ElementsAre("openai: 1110/4 from 99"));
  EXPECT_THAT(this->Since(v1::LEVEL_PROXY, 0), ::testing::IsEmpty());
  EXPECT_THAT(this->Since(v1::LEVEL_USER, 201), ::testing::IsEmpty());
  const auto early_sums = this->ledger().SumSubjects(
      {.organization = "acme", .level = v1::LEVEL_USER, .since_us = 99, .until_us = 150});
  ASSERT_THAT(early_sums, IsOk());
  ASSERT_EQ(early_sums->size(), 1u);
  EXPECT_EQ(early_sums->front().total_tokens, 1000);
}

REGISTER_TYPED_TEST_SUITE_P(LedgerContract, KeepsEveryFieldOfARow,
                            AnUnsetCostStaysUnsetAndNamesAreKeptAsTheyAre,
                            ARowIsAddedOnceAndADuplicateIsReported,
                            AttemptsAndCorrectionsAreRowsOfTheirOwn, FindsNothingOfAnUnknownAttempt,
                            SumsPartsAndCounts, GroupsTheLargestFirst, EveryFieldGroupsAndFilters,
                            TimesAreFromInclusiveToExclusive, OrganisationsAreApart,
                            SumsWhatTheSubjectsOfALevelSpentSince);

}  // namespace weir::quota
