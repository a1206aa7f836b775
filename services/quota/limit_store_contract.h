#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "services/quota/limit_store.h"
#include "services/quota/limits_for_test.h"

// What every LimitStore does. An implementation joins with
//
//   struct MyHarness { LimitStore& store(); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(My, LimitStoreContract, MyHarness);
//
// where a harness is an empty store.
namespace weir::quota {

using testing::IsOk;
using testing::StatusIs;

template <typename Harness>
class LimitStoreContract : public ::testing::Test {
 protected:
  bool Put(const LimitSpec& spec, int64_t counting_since_us = 0) {
    auto changed = store().Put({LimitOf(spec), counting_since_us});
    EXPECT_THAT(changed, IsOk());
    return *changed;
  }
  std::vector<std::string> Names(const std::string& organization, const std::string& after,
                                 int max) {
    auto limits = store().List(organization, after, max);
    EXPECT_THAT(limits, IsOk());
    std::vector<std::string> names;
    for (const StoredLimit& each : *limits) names.push_back(each.limit.name());
    return names;
  }
  LimitStore& store() { return harness_.store(); }

  Harness harness_;
};
TYPED_TEST_SUITE_P(LimitStoreContract);

TYPED_TEST_P(LimitStoreContract, KeepsALimitAsItIs) {
  LimitSpec spec{.name = "day", .level = v1::LEVEL_USER, .subject = "*", .count = 7};
  spec.kind = CountingRule::Kind::kTokenBucket;
  spec.burst = 9;
  spec.contact = "ann@example.com";
  EXPECT_TRUE(this->Put(spec, 42));
  auto found = this->store().Get("acme", "day");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->limit.SerializeAsString(), LimitOf(spec).SerializeAsString());
  EXPECT_EQ((*found)->counting_since_us, 42);
  EXPECT_FALSE((*this->store().Get("acme", "week")).has_value());
  EXPECT_FALSE((*this->store().Get("other", "day")).has_value());
}

TYPED_TEST_P(LimitStoreContract, EachChangeHasTheNextNumber) {
  EXPECT_EQ(*this->store().Sequence(), 0);
  EXPECT_TRUE(this->Put({.name = "day", .count = 1}));
  EXPECT_EQ(*this->store().Sequence(), 1);
  EXPECT_FALSE(this->Put({.name = "day", .count = 1}));
  EXPECT_EQ(*this->store().Sequence(), 1) << "nothing was changed";
  EXPECT_TRUE(this->Put({.name = "day", .count = 2}));
  EXPECT_TRUE(this->Put({.name = "day", .count = 2}, 5));
  EXPECT_THAT(this->store().Delete("acme", "day"), IsOk());
  EXPECT_EQ(*this->store().Sequence(), 4);
  EXPECT_THAT(this->store().Delete("acme", "day"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*this->store().Sequence(), 4);
}

TYPED_TEST_P(LimitStoreContract, ListsByNameFromAfterOne) {
  for (const char* name : {"c", "a", "b", "d"}) this->Put({.name = name});
  this->Put({.name = "a", .organization = "other"});
  EXPECT_THAT(this->Names("acme", "", 10), ::testing::ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(this->Names("acme", "a", 2), ::testing::ElementsAre("b", "c"));
  EXPECT_THAT(this->Names("acme", "d", 2), ::testing::IsEmpty());
  EXPECT_THAT(this->Names("nobody", "", 2), ::testing::IsEmpty());
}

TYPED_TEST_P(LimitStoreContract, AllIsOneState) {
  this->Put({.name = "b"});
  this->Put({.name = "a"});
  this->Put({.name = "c", .organization = "other"});
  auto all = this->store().All();
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->limits.size(), 3u);
  EXPECT_EQ(all->sequence, 3);
}

REGISTER_TYPED_TEST_SUITE_P(LimitStoreContract, KeepsALimitAsItIs, EachChangeHasTheNextNumber,
                            ListsByNameFromAfterOne, AllIsOneState);

}  // namespace weir::quota
