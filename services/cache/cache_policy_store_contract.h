#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "services/cache/cache_policy_store.h"

namespace weir::cache {

// A store and what it stands on, fresh for each test.
struct PolicyStoreUnderTest {
  std::shared_ptr<void> backing;
  std::unique_ptr<CachePolicyStore> store;
};
using MakePolicyStore = std::function<PolicyStoreUnderTest()>;

inline StoredPolicy PolicyNamed(std::string organization, std::string name, uint64_t epoch = 1) {
  StoredPolicy stored{.policy = {}, .epoch = epoch};
  stored.policy.set_organization(std::move(organization));
  stored.policy.set_name(std::move(name));
  stored.policy.set_threshold(0.9);
  return stored;
}

// What every CachePolicyStore does. An implementation joins by INSTANTIATE_TEST_SUITE_P with a
// MakePolicyStore.
class CachePolicyStoreContract : public ::testing::TestWithParam<MakePolicyStore> {
 protected:
  PolicyEdit At(int64_t sequence) const {
    return {.read_at = sequence, .actor = "tok-1", .at = clock_.Now()};
  }
  absl::StatusOr<int64_t> Put(std::vector<StoredPolicy> policies, int64_t read_at) {
    return store_.Put(policies, At(read_at));
  }
  // "acme/faq@3" for each policy.
  std::vector<std::string> All() {
    std::vector<std::string> names;
    const StoredPolicies all = *store_.Load();
    for (const StoredPolicy& each : all.policies) {
      names.push_back(
          fmt::format("{}/{}@{}", each.policy.organization(), each.policy.name(), each.epoch));
    }
    return names;
  }

  testing::FakeClock clock_;
  const PolicyStoreUnderTest under_test_ = GetParam()();
  CachePolicyStore& store_ = *under_test_.store;
};

TEST_P(CachePolicyStoreContract, BeginsEmpty) {
  EXPECT_EQ(store_.Load()->sequence, 0);
  EXPECT_EQ(*store_.Sequence(), 0);
  EXPECT_THAT(All(), ::testing::IsEmpty());
}

TEST_P(CachePolicyStoreContract, KeepsWhatIsPutByOrganisationAndName) {
  EXPECT_EQ(*Put({PolicyNamed("zeta", "a")}, 0), 1);
  EXPECT_EQ(*Put({PolicyNamed("acme", "b", 2), PolicyNamed("acme", "a", 2)}, 1), 2);
  EXPECT_THAT(All(), ::testing::ElementsAre("acme/a@2", "acme/b@2", "zeta/a@1"));
  const StoredPolicies all = *store_.Load();
  EXPECT_EQ(all.sequence, 2);
  EXPECT_EQ(all.policies[0].policy.SerializeAsString(),
            PolicyNamed("acme", "a").policy.SerializeAsString());
}

TEST_P(CachePolicyStoreContract, PutReplaces) {
  ASSERT_THAT(Put({PolicyNamed("acme", "a")}, 0), testing::IsOk());
  StoredPolicy next = PolicyNamed("acme", "a", 2);
  next.policy.set_exact_only(true);
  ASSERT_THAT(Put({next}, 1), testing::IsOk());
  EXPECT_THAT(All(), ::testing::ElementsAre("acme/a@2"));
  EXPECT_TRUE(store_.Load()->policies[0].policy.exact_only());
}

TEST_P(CachePolicyStoreContract, DeletesOnlyWhatIsThere) {
  ASSERT_THAT(Put({PolicyNamed("acme", "a")}, 0), testing::IsOk());
  EXPECT_THAT(store_.Delete("acme", "b", At(1)),
              testing::StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("'b'")));
  EXPECT_THAT(store_.Delete("zeta", "a", At(1)), testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*store_.Sequence(), 1) << "a refused edit is no change";
  EXPECT_EQ(*store_.Delete("acme", "a", At(1)), 2);
  EXPECT_THAT(All(), ::testing::IsEmpty());
  EXPECT_EQ(*store_.Sequence(), 2);
}

TEST_P(CachePolicyStoreContract, RefusesAnEditOfAnotherState) {
  ASSERT_THAT(Put({PolicyNamed("acme", "a")}, 0), testing::IsOk());
  EXPECT_THAT(Put({PolicyNamed("acme", "b")}, 0), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Put({PolicyNamed("acme", "b")}, 2), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_.Delete("acme", "a", At(0)), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(All(), ::testing::ElementsAre("acme/a@1"));
}

TEST_P(CachePolicyStoreContract, LetsOneOfManyEditorsOfOneStateThrough) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10;
  std::atomic<int> stored = 0;
  const auto edit = [&] {
    for (int round = 0; round < kRounds; ++round) {
      if (Put({PolicyNamed("acme", "a")}, round).ok()) ++stored;
      // The next round begins when this one is decided.
      while (*store_.Sequence() <= round) std::this_thread::yield();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(edit);
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(stored, kRounds);
}

}  // namespace weir::cache
