#include "services/cache/cache_admin.h"

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class CacheAdminTest : public ::testing::Test {
 protected:
  CacheAdmin& admin() { return cache_.cache->admin(); }
  uint64_t EpochOf(std::string_view name) {
    const auto stored = *cache_.policy_store.Load();
    for (const StoredPolicy& each : stored.policies) {
      if (each.policy.name() == name) return each.epoch;
    }
    return 0;
  }
  int64_t Invalidate(void (*what)(v1::InvalidateCacheRequest&), bool dry_run = false) {
    v1::InvalidateCacheRequest request;
    request.set_organization(std::string(kAcme));
    what(request);
    request.set_dry_run(dry_run);
    const auto answer = admin().InvalidateCache(cache_.editor, request);
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? answer->entries() : -1;
  }
  void RecordThree() {
    cache_.Record(TestRecord("What is a quokka?", "An animal.", kAlice));
    cache_.Record(TestRecord("Who wrote Faust?", "Goethe.", kAlice));
    cache_.Record(TestRecord("Who wrote Hamlet?", "Shakespeare.", kBob));
  }

  CacheForTest cache_;
};

TEST_F(CacheAdminTest, PutSaysWhetherItChangedAnything) {
  v1::PutCachePolicyRequest request;
  *request.mutable_policy() = TestPolicy("faq");
  request.set_validate_only(true);
  EXPECT_TRUE(admin().PutCachePolicy(cache_.editor, request)->changed());
  EXPECT_EQ(EpochOf("faq"), 0u);
  request.set_validate_only(false);
  EXPECT_TRUE(admin().PutCachePolicy(cache_.editor, request)->changed());
  EXPECT_FALSE(admin().PutCachePolicy(cache_.editor, request)->changed());
  request.mutable_policy()->set_threshold(7);
  request.mutable_policy()->clear_name();
  EXPECT_THAT(admin().PutCachePolicy(cache_.editor, request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("policy.name"), HasSubstr("policy.threshold"))));
}

TEST_F(CacheAdminTest, ListsByPages) {
  v1::ListCachePoliciesRequest request;
  request.set_organization(std::string(kAcme));
  request.set_page_size(1);
  auto page = admin().ListCachePolicies(cache_.editor, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->policies(0).name(), "own");
  request.set_page_token(page->next_page_token());
  page = admin().ListCachePolicies(cache_.editor, request);
  EXPECT_EQ(page->policies(0).name(), "shared");
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(CacheAdminTest, WhatIsMadeAnewHasNoOldAnswers) {
  RecordThree();
  const uint64_t before = EpochOf("shared");
  v1::DeleteCachePolicyRequest request;
  request.set_organization(std::string(kAcme));
  request.set_name("shared");
  ASSERT_THAT(admin().DeleteCachePolicy(cache_.editor, request), IsOk());
  EXPECT_EQ(cache_.Stats().entries(), 0);
  EXPECT_THAT(admin().DeleteCachePolicy(cache_.editor, request),
              StatusIs(absl::StatusCode::kNotFound));
  cache_.Put(TestPolicy("shared"));
  EXPECT_GT(EpochOf("shared"), before);
  EXPECT_FALSE(cache_.Lookup(TestLookup("What is a quokka?")).hit());
}

TEST_F(CacheAdminTest, AnEditThatKeepsTheQuestionsKeepsTheAnswers) {
  RecordThree();
  v1::CachePolicy policy = TestPolicy("shared");
  policy.set_threshold(0.95);
  cache_.Put(policy);
  EXPECT_TRUE(cache_.Lookup(TestLookup("What is a quokka?")).hit());
  policy.set_question_path("$.input");
  cache_.Put(policy);
  EXPECT_FALSE(cache_.Lookup(TestLookup("What is a quokka?")).hit());
}

TEST_F(CacheAdminTest, ForgetsWhatItIsTold) {
  RecordThree();
  const auto by_policy = [](v1::InvalidateCacheRequest& r) { r.set_policy("shared"); };
  const auto by_author = [](v1::InvalidateCacheRequest& r) { r.set_author("user:alice"); };
  const auto all = [](v1::InvalidateCacheRequest& r) { r.set_everything(true); };
  EXPECT_EQ(Invalidate(by_policy, true), 3);
  EXPECT_EQ(Invalidate(all, true), 3);
  EXPECT_EQ(Invalidate(by_author, true), 2);
  EXPECT_EQ(cache_.Stats().entries(), 3);
  EXPECT_EQ(Invalidate(by_author), 2);
  EXPECT_FALSE(cache_.Lookup(TestLookup("What is a quokka?", kAlice)).hit());
  EXPECT_TRUE(cache_.Lookup(TestLookup("Who wrote Hamlet?", kBob)).hit());
  const uint64_t before = EpochOf("shared");
  EXPECT_EQ(Invalidate(by_policy), 1);
  EXPECT_GT(EpochOf("shared"), before);
  EXPECT_FALSE(cache_.Lookup(TestLookup("Who wrote Hamlet?", kBob)).hit());
  RecordThree();
  EXPECT_EQ(Invalidate(all), 3);
  EXPECT_EQ(cache_.Stats().entries(), 0);
}

TEST_F(CacheAdminTest, ForgetsOneAnswerByTheIdOfItsHit) {
  RecordThree();
  const std::string id = cache_.Lookup(TestLookup("what is a quokka")).entry_id();
  ASSERT_THAT(id, Not(::testing::IsEmpty()));
  v1::InvalidateCacheRequest request;
  request.set_organization("zeta");
  request.set_entry_id(id);
  EXPECT_EQ(admin().InvalidateCache(cache_.editor, request)->entries(), 0);
  request.set_organization(std::string(kAcme));
  EXPECT_EQ(admin().InvalidateCache(cache_.editor, request)->entries(), 1);
  EXPECT_FALSE(cache_.Lookup(TestLookup("What is a quokka?")).hit());
}

TEST_F(CacheAdminTest, RefusesToForgetNothingInParticular) {
  v1::InvalidateCacheRequest request;
  request.set_organization(std::string(kAcme));
  EXPECT_THAT(admin().InvalidateCache(cache_.editor, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("what")));
  request.set_author("alice");
  EXPECT_THAT(admin().InvalidateCache(cache_.editor, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("author")));
  request.set_policy("nowhere");
  EXPECT_THAT(admin().InvalidateCache(cache_.editor, request),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CacheAdminTest, ExplainsWithoutATrace) {
  v1::CachePolicy open = TestPolicy("shared");
  open.set_no_promotion(true);
  open.set_threshold(0.6);
  cache_.Put(open);
  cache_.Record(TestRecord("List the top 5 customers by revenue", "A"));
  cache_.Record(TestRecord("Who wrote Faust?", "Goethe."));
  const std::string before = cache_.Stats().SerializeAsString();
  v1::ExplainCacheRequest request;
  request.set_organization(std::string(kAcme));
  request.set_policy("shared");
  request.set_text("List the top 7 customers by revenue");
  const auto explained = admin().ExplainCache(cache_.editor, request);
  ASSERT_THAT(explained, IsOk());
  ASSERT_EQ(explained->candidates_size(), 2);
  EXPECT_EQ(explained->threshold(), 0.6);
  const v1::Candidate& nearest = explained->candidates(0);
  EXPECT_EQ(nearest.veto(), "veto_number");
  EXPECT_EQ(nearest.reason(), "veto_number");
  EXPECT_FALSE(nearest.serves());
  EXPECT_EQ(nearest.scope(), "team:search");
  EXPECT_EQ(nearest.fingerprint(), "6666666666666666");
  EXPECT_EQ(explained->candidates(1).reason(), "below_cut");
  EXPECT_THAT(explained->ShortDebugString(), Not(HasSubstr("customers")));
  EXPECT_EQ(cache_.Stats().SerializeAsString(), before);
  request.set_scope("team:other");
  EXPECT_EQ(admin().ExplainCache(cache_.editor, request)->candidates_size(), 0);
  request.set_text("");
  EXPECT_THAT(admin().ExplainCache(cache_.editor, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("text")));
}

TEST_F(CacheAdminTest, ReplicasFollow) {
  auto other = AssembledCache::Open({}, {.policies = cache_.policy_store,
                                         .recordings = cache_.no_recordings,
                                         .workers = cache_.workers,
                                         .clock = cache_.clock,
                                         .random = cache_.random,
                                         .metrics = cache_.metrics});
  ASSERT_THAT(other, IsOk());
  const auto events = (*other)->service().Watch({}, cache_.loop.get_executor());
  const auto next = [&] { return *testing::RunUntilDone(cache_.loop, events->Next()); };
  EXPECT_EQ(next()->table().policies_size(), 2);
  cache_.Put(TestPolicy("faq"));
  ASSERT_THAT((*other)->Follow(), IsOk());
  const api::CacheEvent event = next();
  ASSERT_EQ(event->table().policies_size(), 3);
  EXPECT_EQ(event->table().policies(0).name(), "faq");
  EXPECT_EQ(event->table().policies(0).scope(), v1::SCOPE_TEAM);
  EXPECT_EQ(event->table().policies(0).max_temperature(), 0.7);
  EXPECT_TRUE(event->table().policies(0).semantic());
  EXPECT_TRUE(event->table().policies(0).single_flight());
  EXPECT_EQ(event->table().embedder_fingerprint().size(), 64u);
  EXPECT_FALSE(event->table().remote_embedder());
}

}  // namespace
}  // namespace weir::cache
