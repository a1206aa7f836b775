#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/metrics/registry.h"
#include "common/testing/fake_clock.h"
#include "common/testing/seeded_random.h"
#include "services/cache/assembled_cache.h"
#include "services/cache/memory_cache_policy_store.h"
#include "services/cache/memory_recordings.h"
#include "tests/quality/stream_play.h"

namespace weir::cache {
namespace {

constexpr std::string_view kOrganization = "acme";
constexpr std::string_view kPolicy = "default";
constexpr std::string_view kReader = "user:alice";

// The service, and what it stands on.
class PlayedCache {
 public:
  absl::Status Open(double threshold) {
    WEIR_ASSIGN_OR_RETURN(cache_, AssembledCache::Open({}, {.policies = policies_,
                                                            .recordings = recordings_,
                                                            .workers = workers_,
                                                            .clock = clock_,
                                                            .random = random_,
                                                            .metrics = metrics_}));
    v1::PutCachePolicyRequest request;
    request.mutable_policy()->set_organization(std::string(kOrganization));
    request.mutable_policy()->set_name(std::string(kPolicy));
    request.mutable_policy()->set_threshold(threshold);
    return cache_->admin()
        .PutCachePolicy({.actor = "quality",
                         .role = common::v1::ROLE_EDITOR,
                         .organization = std::string(kOrganization)},
                        request)
        .status();
  }

  absl::StatusOr<v1::LookupResponse> Lookup(const StreamRequest& asked) {
    v1::LookupRequest request;
    *request.mutable_partition() = PartitionFor(asked);
    request.set_text(asked.prompt);
    request.set_reader(std::string(kReader));
    return Run(cache_->service().Lookup({}, std::move(request)));
  }

  // The answer is the name of its class: equal where one answer serves both.
  absl::Status Record(const StreamRequest& asked) {
    v1::RecordRequest request;
    *request.mutable_partition() = PartitionFor(asked);
    request.set_text(asked.prompt);
    request.set_author(std::string(kReader));
    request.mutable_recording()->set_kind("chat");
    request.mutable_recording()->set_body(asked.set_id);
    WEIR_ASSIGN_OR_RETURN(const v1::RecordResponse kept,
                          Run(cache_->service().Record({}, std::move(request))));
    if (kept.stored()) return absl::OkStatus();
    return status::Internal("keeping an answer: {}", kept.reason());
  }

  void CountGates(ServicePlay& play) {
    for (const auto& [key, partition] : cache_->service().engine().Partitions("")) {
      ++play.partitions;
      if (partition->gate().Decides()) ++play.gates_deciding;
    }
  }

 private:
  static v1::Partition PartitionFor(const StreamRequest& asked) {
    v1::Partition partition;
    partition.set_organization(std::string(kOrganization));
    partition.set_policy(std::string(kPolicy));
    partition.set_fingerprint(asked.partition);
    return partition;
  }

  // Nothing here waits for anything, so that the loop runs dry only when the work is done.
  template <typename T>
  absl::StatusOr<T> Run(asio::awaitable<absl::StatusOr<T>> work) {
    absl::StatusOr<T> result = status::Internal("the call did not end");
    asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr thrown, absl::StatusOr<T> value) {
      if (!thrown) result = std::move(value);
    });
    loop_.restart();
    loop_.run();
    return result;
  }

  testing::FakeClock clock_;
  testing::SeededRandom random_{1};
  metrics::Registry metrics_;
  WorkerPool workers_{"quality", 1, 100};
  MemoryCachePolicyStore policies_;
  NoRecordings recordings_;
  std::unique_ptr<AssembledCache> cache_;
  asio::io_context loop_;
};

}  // namespace

absl::StatusOr<ServicePlay> PlayThroughService(std::span<const StreamRequest> requests,
                                               double threshold) {
  PlayedCache cache;
  WEIR_RETURN_IF_ERROR(cache.Open(threshold));
  ServicePlay play;
  for (const StreamRequest& each : requests) {
    Played& of = play.played[each.source];
    ++of.requests;
    WEIR_ASSIGN_OR_RETURN(const v1::LookupResponse answer, cache.Lookup(each));
    if (!answer.hit()) {
      WEIR_RETURN_IF_ERROR(cache.Record(each));
      continue;
    }
    const bool right = answer.recording().body() == each.set_id;
    ++(answer.kind() == "exact" ? (right ? of.exact_right : of.exact_wrong)
                                : (right ? of.right : of.wrong));
  }
  cache.CountGates(play);
  return play;
}

}  // namespace weir::cache
