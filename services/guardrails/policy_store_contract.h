#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "services/guardrails/policy_store.h"

namespace weir::guardrails {

// A store and what it stands on, fresh for each test.
struct StoreUnderTest {
  std::shared_ptr<void> backing;
  std::unique_ptr<PolicyStore> store;
};
using MakeStore = std::function<StoreUnderTest()>;

inline StoredPolicy PolicyNamed(std::string organization, std::string name) {
  return {.id = {.organization = std::move(organization), .name = std::move(name)},
          .document = std::string("doc\0ument", 9)};
}

// What every PolicyStore does. An implementation joins by INSTANTIATE_TEST_SUITE_P with a
// MakeStore.
class PolicyStoreContract : public ::testing::TestWithParam<MakeStore> {
 protected:
  EditContext At(int64_t sequence) const {
    return {.read_at = sequence, .actor = "tok-1", .at = clock_.Now()};
  }

  testing::FakeClock clock_;
  const StoreUnderTest under_test_ = GetParam()();
  PolicyStore& store_ = *under_test_.store;
  const StoredPolicy policy_ = PolicyNamed("acme", "openai");
};

TEST_P(PolicyStoreContract, BeginsEmpty) {
  const absl::StatusOr<StoredPolicies> all = store_.Load();
  ASSERT_THAT(all, testing::IsOk());
  EXPECT_EQ(all->sequence, 0);
  EXPECT_THAT(all->policies, ::testing::IsEmpty());
  EXPECT_EQ(*store_.Sequence(), 0);
}

TEST_P(PolicyStoreContract, KeepsEveryByte) {
  StoredPolicy policy = policy_;
  policy.document = std::string("v1|\x00\xff|seal", 10);
  ASSERT_THAT(store_.Put(policy, At(0)), testing::IsOk());
  EXPECT_THAT(store_.Load()->policies, ::testing::ElementsAre(policy));
}

TEST_P(PolicyStoreContract, ListsByOrganisationAndName) {
  const std::vector<StoredPolicy> in_order = {PolicyNamed("acme", "a"), PolicyNamed("acme", "a-b"),
                                              PolicyNamed("acme", "ab"), PolicyNamed("zeta", "a")};
  int64_t sequence = 0;
  for (auto it = in_order.rbegin(); it != in_order.rend(); ++it) {
    ASSERT_THAT(store_.Put(*it, At(sequence++)), testing::IsOk());
  }
  EXPECT_EQ(store_.Load()->policies, in_order);
}

TEST_P(PolicyStoreContract, PutReplaces) {
  ASSERT_EQ(*store_.Put(policy_, At(0)), 1);
  StoredPolicy next = policy_;
  next.document = "other";
  ASSERT_EQ(*store_.Put(next, At(1)), 2);
  EXPECT_THAT(store_.Load()->policies, ::testing::ElementsAre(next));
  EXPECT_EQ(*store_.Sequence(), 2);
}

TEST_P(PolicyStoreContract, DeletesOnlyWhatIsThere) {
  ASSERT_THAT(store_.Put(policy_, At(0)), testing::IsOk());
  const PolicyName other = {.organization = "zeta", .name = "openai"};
  EXPECT_THAT(store_.Delete(other, At(1)),
              testing::StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("'openai'")));
  EXPECT_EQ(*store_.Sequence(), 1) << "a refused edit is no change";
  EXPECT_EQ(*store_.Delete(policy_.id, At(1)), 2);
  EXPECT_THAT(store_.Load()->policies, ::testing::IsEmpty());
}

TEST_P(PolicyStoreContract, RefusesAnEditOfAnOlderState) {
  ASSERT_THAT(store_.Put(policy_, At(0)), testing::IsOk());
  EXPECT_THAT(store_.Put(policy_, At(0)), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_.Put(policy_, At(2)), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_.Delete(policy_.id, At(0)), testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(*store_.Sequence(), 1);
  EXPECT_THAT(store_.Load()->policies, ::testing::ElementsAre(policy_));
}

TEST_P(PolicyStoreContract, LogsEachChangeOnce) {
  ASSERT_THAT(store_.Put(policy_, At(0)), testing::IsOk());
  clock_.Advance(std::chrono::seconds(5));
  ASSERT_THAT(store_.Delete(policy_.id, At(1)), testing::IsOk());
  const Change made = {.sequence = 1,
                       .id = policy_.id,
                       .removed = false,
                       .actor = "tok-1",
                       .at = clock_.Now() - std::chrono::seconds(5)};
  const Change removed = {
      .sequence = 2, .id = policy_.id, .removed = true, .actor = "tok-1", .at = clock_.Now()};
  EXPECT_THAT(*store_.Changes(0, 10), ::testing::ElementsAre(made, removed));
  EXPECT_THAT(*store_.Changes(1, 10), ::testing::ElementsAre(removed));
  EXPECT_THAT(*store_.Changes(0, 1), ::testing::ElementsAre(made));
  EXPECT_THAT(*store_.Changes(2, 10), ::testing::IsEmpty());
}

TEST_P(PolicyStoreContract, LetsOneOfManyEditorsOfOneStateThrough) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10;
  std::atomic<int> stored = 0;
  const auto edit = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const absl::StatusOr<int64_t> put = store_.Put(policy_, At(round));
      if (put.ok()) ++stored;
      // The next round begins when this one is decided.
      while (*store_.Sequence() <= round) std::this_thread::yield();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(edit);
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(stored, kRounds);
  EXPECT_THAT(*store_.Changes(0, 100), ::testing::SizeIs(kRounds));
}

}  // namespace weir::guardrails
