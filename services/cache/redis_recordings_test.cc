#include "services/cache/redis_recordings.h"

#include <list>

#include "common/redis/client_for_test.h"
#include "common/testing/redis_server.h"
#include "services/cache/cache_for_test.h"
#include "services/cache/recording_store_contract.h"

namespace weir::cache {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsOk;
using testing::RunUntilDone;

class RedisUnderTest final : public RecordingsUnderTest {
 public:
  RedisUnderTest() { Reopen(); }
  ~RedisUnderTest() override { loop_.stop(); }
  RecordingStore& store() override { return *stores_.back(); }
  void Reopen() override {
    stores_.push_back(std::make_unique<RedisRecordings>(RedisRecordings::Options(),
                                                        RedisRecordings::Deps{.loop = loop_,
                                                                              .timers = timers_,
                                                                              .random = random_,
                                                                              .sealer = *sealer_,
                                                                              .clock = clock_,
                                                                              .route = route_}));
  }
  asio::io_context& loop() override { return loop_; }
  const Clock& clock() override { return clock_; }

 private:
  testing::RedisServer server_;
  SystemClock clock_;
  SecureRandom random_;
  asio::io_context loop_{1};
  AsioTimers timers_{loop_, clock_};
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  std::shared_ptr<const redis::Route> route_ = *redis::MakeRoute(server_.config());
  std::list<std::unique_ptr<RedisRecordings>> stores_;
};

INSTANTIATE_TEST_SUITE_P(Redis, RecordingStoreContract, ::testing::Values(MakeRecordings([] {
                           return std::make_unique<RedisUnderTest>();
                         })));

// Replicas with one store of policies and one Redis, on one loop and real time.
class ReplicasTest : public ::testing::Test {
 protected:
  struct Replica {
    Replica(ReplicasTest& test, RedisRecordings::Options options)
        : recordings(options, {.loop = test.loop_,
                               .timers = test.timers_,
                               .random = test.random_,
                               .sealer = *test.sealer_,
                               .clock = test.clock_,
                               .route = test.route_,
                               .metrics = &metrics}) {
      auto made = AssembledCache::Open({}, {.policies = test.policies_,
                                            .recordings = recordings,
                                            .leases = &recordings,
                                            .workers = test.workers_,
                                            .clock = test.clock_,
                                            .random = test.random_,
                                            .metrics = metrics});
      EXPECT_THAT(made, IsOk());
      cache = *std::move(made);
      recordings.Listen(&cache->listener());
      RunUntilDone(test.loop_, cache->service().Load()).IgnoreError();
      asio::co_spawn(test.loop_, recordings.Run(), asio::detached);
      asio::co_spawn(test.loop_, cache->service().Run(test.timers_, milliseconds(500)),
                     asio::detached);
    }
    metrics::Registry metrics;
    RedisRecordings recordings;
    std::unique_ptr<AssembledCache> cache;
  };
  // One who asked to lead.
  struct Caller {
    bool done = false;
    v1::LeadResponse response;
  };

  ReplicasTest() {
    const StoredPolicy policy{.policy = TestPolicy("shared"), .epoch = 1};
    EXPECT_THAT(policies_.Put({&policy, 1}, {}), IsOk());
  }
  ~ReplicasTest() override { loop_.stop(); }

  Replica& Add(RedisRecordings::Options options = {}) {
    return replicas_.emplace_back(*this, options);
  }
  void Record(Replica& replica, v1::RecordRequest request) {
    EXPECT_THAT(RunUntilDone(loop_, replica.cache->service().Record({}, std::move(request))),
                IsOk());
  }
  bool Has(Replica& replica, std::string_view text, std::string_view reader = kAlice) {
    return RunUntilDone(loop_, replica.cache->service().Lookup({}, TestLookup(text, reader)))
        ->hit();
  }
  template <typename Done>
  ::testing::AssertionResult Until(Done done) {
    return testing::PumpUntil(loop_, done);
  }
  void Follows(Replica& replica) {
    // What one puts now, the other sees: so it follows.
    Replica& writer = &replica == &replicas_.front() ? replicas_.back() : replicas_.front();
    Record(writer, TestRecord("Are you there?", "Yes."));
    EXPECT_TRUE(Until([&] { return Has(replica, "Are you there?"); }));
  }
  asio::awaitable<void> Leading(Replica* replica, std::shared_ptr<Caller> caller) {
    auto response = co_await replica->cache->service().Lead({}, TestLead(kQuestion));
    if (response.ok()) caller->response = *response;
    caller->done = true;
  }
  std::shared_ptr<Caller> Lead(Replica& replica) {
    auto caller = std::make_shared<Caller>();
    asio::co_spawn(loop_, Leading(&replica, caller), asio::detached);
    return caller;
  }

  testing::RedisServer server_{{"--appendonly", "no"}};
  SystemClock clock_;
  SecureRandom random_;
  asio::io_context loop_{1};
  AsioTimers timers_{loop_, clock_};
  WorkerPool workers_{"test", 1, 100};
  MemoryCachePolicyStore policies_;
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  std::shared_ptr<const redis::Route> route_ = *redis::MakeRoute(server_.config());
  std::list<Replica> replicas_;
};

TEST_F(ReplicasTest, WhatOneKeepsTheOthersHaveWithin100Ms) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  std::vector<double> took;
  for (int i = 0; i < 50; ++i) {
    const std::string question = fmt::format("What is the meaning of word {}?", i);
    const MonotonicTime began = clock_.Monotonic();
    Record(one, TestRecord(question, "It."));
    ASSERT_TRUE(Until([&] { return Has(other, question); }));
    took.push_back(std::chrono::duration<double, std::milli>(clock_.Monotonic() - began).count());
  }
  std::ranges::sort(took);
  RecordProperty("p98_ms", std::to_string(took[48]));
  EXPECT_LT(took[48], 100);
  EXPECT_TRUE(Has(other, "what is the meaning of word 7")) << "also by meaning";
}

TEST_F(ReplicasTest, TwoUsersOnTwoReplicasPromote) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  Record(one, TestRecord(kQuestion, "Click there.", kAlice));
  ASSERT_TRUE(Until([&] { return Has(other, kQuestion, kAlice); }));
  EXPECT_FALSE(Has(other, kQuestion, "user:carol"));
  Record(other, TestRecord(kQuestion, "Click there.", kBob));
  EXPECT_TRUE(Has(other, kQuestion, "user:carol"));
  EXPECT_TRUE(Until([&] { return Has(one, kQuestion, "user:carol"); }));
}

TEST_F(ReplicasTest, WhatOneForgetsIsGoneEverywhere) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  Record(one, TestRecord(kQuestion, "Click there."));
  ASSERT_TRUE(Until([&] { return Has(other, kQuestion); }));
  v1::InvalidateCacheRequest request;
  request.set_organization(std::string(kAcme));
  request.set_author(std::string(kAlice));
  EXPECT_GE(other.cache->admin().InvalidateCache({}, request)->entries(), 1);
  EXPECT_FALSE(Has(other, kQuestion));
  EXPECT_TRUE(Until([&] { return !Has(one, kQuestion); }));
}

TEST_F(ReplicasTest, ALaterReplicaBeginsWithAll) {
  Replica& one = Add();
  for (int i = 0; i < 300; ++i) {
    Record(one, TestRecord(fmt::format("What is word {}?", i), "It."));
  }
  ASSERT_THAT(RunUntilDone(loop_, one.recordings.Flush()), IsOk());
  Replica& other = Add();
  EXPECT_TRUE(Has(other, "What is word 299?"));
  EXPECT_EQ(other.cache->service().engine().totals().entries, 300);
}

TEST_F(ReplicasTest, NothingInRedisCanBeRead) {
  Replica& one = Add();
  Record(one, TestRecord(kQuestion, "canary answer"));
  ASSERT_THAT(RunUntilDone(loop_, one.recordings.Flush()), IsOk());
  const redis::Reply keys = server_.Ask({"KEYS", "*"});
  EXPECT_GE(keys.items.size(), 2u);
  for (const redis::Reply& key : keys.items) {
    const redis::Reply dump = server_.Ask({"DUMP", key.text});
    EXPECT_EQ(dump.text.find("canary"), std::string::npos) << key.text;
    EXPECT_EQ(dump.text.find("alice"), std::string::npos) << key.text;
  }
}

TEST_F(ReplicasTest, ServesWhileRedisIsAwayAndTellsLater) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  server_.Pause();
  Record(one, TestRecord(kQuestion, "Click there."));
  EXPECT_TRUE(Has(one, kQuestion));
  EXPECT_FALSE(Has(other, kQuestion));
  server_.Resume();
  EXPECT_TRUE(Until([&] { return Has(other, kQuestion); }));
}

TEST_F(ReplicasTest, WhoMissedEventsReadsAllAnew) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  Record(one, TestRecord(kQuestion, "Click there."));
  ASSERT_TRUE(Until([&] { return Has(other, kQuestion); }));
  // Redis forgets everything: what was forgotten meanwhile must not answer.
  server_.Kill();
  server_.Start();
  EXPECT_TRUE(Until([&] { return !Has(other, kQuestion) && !Has(one, kQuestion); }));
  Record(one, TestRecord(kQuestion, "Click there."));
  EXPECT_TRUE(Until([&] { return Has(other, kQuestion); }));
}

TEST_F(ReplicasTest, OneLeadsOnTwoReplicas) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  const auto leader = Lead(one);
  ASSERT_TRUE(Until([&] { return leader->done; }));
  ASSERT_NE(leader->response.lease_id(), "");
  const auto follower = Lead(other);
  const auto second = Lead(other);
  loop_.restart();
  loop_.run_for(milliseconds(700));
  EXPECT_FALSE(follower->done);
  v1::RecordRequest record = TestRecord(kQuestion, "Click there.");
  record.set_lease_id(leader->response.lease_id());
  Record(one, record);
  ASSERT_TRUE(Until([&] { return follower->done && second->done; }));
  EXPECT_EQ(follower->response.recording().body(), TestRecording("Click there.").body());
  EXPECT_EQ(second->response.recording().body(), TestRecording("Click there.").body());
}

TEST_F(ReplicasTest, WhereTheLeaderGivesUpTheOtherReplicasNextLeads) {
  Replica& one = Add();
  Replica& other = Add();
  Follows(other);
  const auto leader = Lead(one);
  ASSERT_TRUE(Until([&] { return leader->done; }));
  const auto follower = Lead(other);
  loop_.restart();
  loop_.run_for(milliseconds(50));
  EXPECT_FALSE(follower->done);
  v1::ReleaseRequest release;
  release.set_organization(std::string(kAcme));
  release.set_lease_id(leader->response.lease_id());
  EXPECT_THAT(RunUntilDone(loop_, one.cache->service().Release({}, release)), IsOk());
  ASSERT_TRUE(Until([&] { return follower->done; }));
  EXPECT_NE(follower->response.lease_id(), "");
  v1::RenewRequest renew;
  renew.set_organization(std::string(kAcme));
  renew.set_lease_id(follower->response.lease_id());
  EXPECT_TRUE(RunUntilDone(loop_, other.cache->service().Renew({}, renew))->held());
}

}  // namespace
}  // namespace weir::cache
