#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/metrics/registry.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "common/time/proto_time.h"
#include "services/cache/assembled_cache.h"
#include "services/cache/memory_cache_policy_store.h"
#include "services/cache/memory_recordings.h"

// Requests of the organisation "acme", for tests. Each is valid; a test changes what it is about.
namespace weir::cache {

inline constexpr std::string_view kAcme = "acme";
inline constexpr std::string_view kAlice = "user:alice";
inline constexpr std::string_view kBob = "user:bob";
// Must turn up in no message, log or metric.
inline constexpr std::string_view kQuestion = "How do I reset my canary-7391 password?";
inline constexpr std::string_view kParaphrase = "how can I reset my canary-7391 password";

inline v1::CachePolicy TestPolicy(std::string_view name) {
  v1::CachePolicy policy;
  policy.set_organization(std::string(kAcme));
  policy.set_name(std::string(name));
  policy.add_attachments()->set_level(common::v1::Attachment::LEVEL_ORGANIZATION);
  return policy;
}

inline v1::Partition TestPartition(std::string_view policy = "shared") {
  v1::Partition partition;
  partition.set_organization(std::string(kAcme));
  partition.set_scope("team:search");
  partition.set_policy(std::string(policy));
  partition.set_fingerprint(std::string(32, 'f'));
  return partition;
}

inline v1::Recording TestRecording(std::string_view answer, std::string_view id = "chatcmpl-1") {
  v1::Recording recording;
  recording.set_kind("chat");
  recording.set_body(fmt::format(
      R"({{"id":"{}","created":1,"choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}}}}]}})",
      id, answer));
  recording.mutable_usage()->set_input_uncached_tokens(10);
  recording.mutable_usage()->set_output_visible_tokens(20);
  return recording;
}

inline v1::LookupRequest TestLookup(std::string_view text, std::string_view reader = kAlice) {
  v1::LookupRequest request;
  *request.mutable_partition() = TestPartition();
  request.set_text(std::string(text));
  request.set_reader(std::string(reader));
  return request;
}

inline v1::RecordRequest TestRecord(std::string_view text, std::string_view answer,
                                    std::string_view author = kAlice) {
  v1::RecordRequest request;
  *request.mutable_partition() = TestPartition();
  request.set_text(std::string(text));
  *request.mutable_recording() = TestRecording(answer);
  request.set_author(std::string(author));
  return request;
}

inline v1::LeadRequest TestLead(std::string_view text, std::string_view principal = "key:1") {
  v1::LeadRequest request;
  *request.mutable_partition() = TestPartition();
  request.set_text(std::string(text));
  request.set_principal(std::string(principal));
  return request;
}

// A cache in memory on virtual time, with the policies "shared" (team) and "own" (user).
class CacheForTest {
 public:
  explicit CacheForTest(CacheConfig config = {}, RecordingStore* recordings = nullptr) {
    auto made = AssembledCache::Open(
        config, {.policies = policy_store,
                 .recordings = recordings == nullptr ? no_recordings : *recordings,
                 .workers = workers,
                 .clock = clock,
                 .random = random,
                 .metrics = metrics});
    EXPECT_THAT(made, testing::IsOk());
    cache = *std::move(made);
    Put(TestPolicy("shared"));
    v1::CachePolicy own = TestPolicy("own");
    own.set_scope(v1::SCOPE_USER);
    Put(own);
  }
  ~CacheForTest() { loop.stop(); }

  void Put(const v1::CachePolicy& policy) {
    v1::PutCachePolicyRequest request;
    *request.mutable_policy() = policy;
    EXPECT_THAT(cache->admin().PutCachePolicy(editor, request), testing::IsOk());
  }
  // Time goes on, and what waits for it is done.
  void Advance(Duration step) { timers.Advance(step, loop); }
  void Run() {
    asio::co_spawn(loop, cache->service().Run(timers, std::chrono::milliseconds(500)),
                   asio::detached);
    Advance({});
  }

  v1::LookupResponse Lookup(v1::LookupRequest request) {
    auto answer = testing::RunUntilDone(loop, cache->service().Lookup({}, std::move(request)));
    EXPECT_THAT(answer, testing::IsOk());
    return answer.value_or(v1::LookupResponse());
  }
  v1::RecordResponse Record(v1::RecordRequest request) {
    auto answer = testing::RunUntilDone(loop, cache->service().Record({}, std::move(request)));
    EXPECT_THAT(answer, testing::IsOk());
    return answer.value_or(v1::RecordResponse());
  }
  v1::GetCacheStatsResponse Stats() {
    v1::GetCacheStatsRequest request;
    request.set_organization(std::string(kAcme));
    return *cache->admin().GetCacheStats(editor, request);
  }

  const api::AdminCall editor = {
      .actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = std::string(kAcme)};
  testing::FakeClock clock;
  testing::FakeTimers timers{clock};
  asio::io_context loop;
  testing::SeededRandom random{1};
  metrics::Registry metrics;
  WorkerPool workers{"test", 1, 100};
  MemoryCachePolicyStore policy_store;
  NoRecordings no_recordings;
  std::unique_ptr<AssembledCache> cache;
};

}  // namespace weir::cache
