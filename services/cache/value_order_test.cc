#include "services/cache/value_order.h"

#include <gmock/gmock.h>

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using std::chrono::hours;

AnswerPtr AnswerOf(std::string id, int64_t tokens, size_t bytes, WallTime created = {},
                   std::string organization = "acme") {
  Answer answer{.id = std::move(id)};
  answer.partition.organization = std::move(organization);
  auto recording = std::make_shared<v1::Recording>();
  recording->set_body(std::string(bytes, 'x'));
  recording->mutable_usage()->set_output_visible_tokens(tokens);
  answer.recording = std::move(recording);
  answer.created = created;
  answer.expires = created + hours(1);
  return std::make_shared<const Answer>(std::move(answer));
}

std::string First(const ValueOrder& order, const std::string& organization = "acme") {
  const auto place = order.TooMuch(organization);
  return place ? place->id : "";
}

TEST(ValueOrderTest, NothingGoesWithinTheBudget) {
  ValueOrder order({.entries = 2, .organization_entries = 2});
  order.Add(AnswerOf("a", 1, 100));
  order.Add(AnswerOf("b", 1, 100));
  order.Add(AnswerOf("b", 1, 100));
  EXPECT_EQ(First(order), "");
  EXPECT_EQ(order.totals().entries, 2);
}

TEST(ValueOrderTest, WhatSavesLeastForItsSizeGoesFirst) {
  ValueOrder order({.organization_entries = 1});
  order.Add(AnswerOf("dear", 1000, 1000));
  order.Add(AnswerOf("cheap", 10, 1000));
  order.Add(AnswerOf("long", 1000, 900'000));
  EXPECT_EQ(First(order), "long");
  order.Remove("long");
  EXPECT_EQ(First(order), "cheap");
  for (int i = 0; i < 200; ++i) order.Hit("cheap");
  EXPECT_EQ(First(order), "dear");
}

TEST(ValueOrderTest, WorthGoesWithAge) {
  const WallTime now(hours(500'000));
  ValueOrder order({.organization_entries = 1});
  order.Add(AnswerOf("old", 100, 1000, now - 2 * ValueOrder::kHalfLife));
  order.Add(AnswerOf("new", 30, 1000, now));
  EXPECT_EQ(First(order), "old");
  // Four hits make it worth more than a quarter of itself.
  for (int i = 0; i < 4; ++i) order.Hit("old");
  EXPECT_EQ(First(order), "new");
}

TEST(ValueOrderTest, AnOrganisationThatIsOverPaysItself) {
  ValueOrder order({.bytes = 1'000'000, .organization_bytes = 10'000});
  order.Add(AnswerOf("a", 1, 100, {}, "zeta"));
  order.Add(AnswerOf("b", 1000, 9'000));
  order.Add(AnswerOf("c", 1000, 9'000));
  EXPECT_THAT(First(order), ::testing::AnyOf("b", "c"));
  EXPECT_EQ(First(order, "zeta"), "");
  order.Remove("b");
  EXPECT_EQ(First(order), "");
  EXPECT_EQ(order.TotalsOf("acme").entries, 1);
}

TEST(ValueOrderTest, AllTogetherPayWithTheWorst) {
  ValueOrder order({.entries = 2});
  order.Add(AnswerOf("a", 1, 100, {}, "zeta"));
  order.Add(AnswerOf("b", 1000, 100));
  order.Add(AnswerOf("c", 1000, 100));
  EXPECT_EQ(First(order), "a");
}

TEST(ValueOrderTest, KnowsWhatIsOver) {
  ValueOrder order({});
  order.Add(AnswerOf("a", 1, 100, WallTime(hours(1))));
  EXPECT_FALSE(order.Expired(WallTime(hours(2)) - Duration(1)));
  EXPECT_EQ(order.Expired(WallTime(hours(2)))->id, "a");
}

TEST(EngineTest, StaysWithinItsBudget) {
  CacheConfig config;
  config.budget.organization_entries = 10;
  CacheForTest cache(config);
  for (int i = 0; i < 30; ++i) {
    cache.Record(TestRecord(fmt::format("What is the {} of them?", i), "It."));
    cache.clock.Advance(std::chrono::minutes(1));
  }
  EXPECT_EQ(cache.Stats().entries(), 10);
  EXPECT_TRUE(cache.Lookup(TestLookup("What is the 29 of them?")).hit());
  cache.Run();
  cache.Advance(hours(2));
  EXPECT_EQ(cache.Stats().entries(), 0);
  EXPECT_EQ(cache.Stats().partitions(), 0);
}

}  // namespace
}  // namespace weir::cache
