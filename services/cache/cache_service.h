#pragma once

#include <memory>
#include <string>

#include "common/api/cache.h"
#include "common/async/mutex.h"
#include "common/async/timers.h"
#include "common/ids/buffered_random.h"
#include "common/metrics/registry.h"
#include "services/cache/cache_stats.h"
#include "services/cache/directions.h"
#include "services/cache/engine.h"
#include "services/cache/finder.h"
#include "services/cache/flights.h"
#include "services/cache/live_policies.h"
#include "services/cache/near_memory.h"
#include "services/cache/near_miss_budget.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

// Says what has been answered before, and keeps answers. Thread-safe; owns no thread; never blocks:
// it runs inside apps/standalone or behind gRPC, unchanged.
class CacheService final : public api::Cache, public RecordingListener {
 public:
  // The largest question and answer that are kept.
  static constexpr size_t kMaxTextBytes = 256 << 10;
  static constexpr size_t kMaxBodyBytes = 1 << 20;

  struct Deps {
    LivePolicies& policies;  // All must outlive this object.
    Engine& engine;          // Of the directions' dimension.
    Directions& directions;
    const Judge& judge;
    RecordingStore& store;
    Leases* leases = nullptr;  // Null: there are no replicas.
    const Clock& clock;
    Random& random;
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted for metrics.
  };
  explicit CacheService(Deps deps);

  // Takes over what the store has. Once, after the policies were read. Where the store cannot be
  // asked, the cache begins empty.
  asio::awaitable<absl::Status> Load();
  // Ends waits, leases and answers whose time is over, and tells watchers each `heartbeat` that the
  // table is theirs, as long as `timers`'s loop runs.
  asio::awaitable<void> Run(Timers& timers, Duration heartbeat);
  // Answers all calls of Lead that wait: before the process takes no calls any more.
  void EndWaits() { flights_.EndWaits(); }
  // Ends all streams of Watch; their loops must still be there.
  void Close() { deps_.policies.Close(); }

  // Removes answers of policies that are gone, or that were invalidated. After each
  // LivePolicies::Refresh. Returns how many.
  int64_t DropUseless();
  // Forgets the answers of `organization` that `which` names, here and in the store. Returns how
  // many.
  int64_t Forget(const std::string& organization, Engine::Which which);

  // kFailedPrecondition: the policy is not known here. kInvalidArgument: no organisation, policy,
  // fingerprint or reader.
  asio::awaitable<absl::StatusOr<v1::LookupResponse>> Lookup(api::CallContext call,
                                                             v1::LookupRequest request) override;
  asio::awaitable<absl::StatusOr<v1::ConfirmResponse>> Confirm(api::CallContext call,
                                                               v1::ConfirmRequest request) override;
  asio::awaitable<absl::StatusOr<v1::LeadResponse>> Lead(api::CallContext call,
                                                         v1::LeadRequest request) override;
  asio::awaitable<absl::StatusOr<v1::RenewResponse>> Renew(api::CallContext call,
                                                           v1::RenewRequest request) override;
  asio::awaitable<absl::StatusOr<v1::ReleaseResponse>> Release(api::CallContext call,
                                                               v1::ReleaseRequest request) override;
  asio::awaitable<absl::StatusOr<v1::RecordResponse>> Record(api::CallContext call,
                                                             v1::RecordRequest request) override;
  // Heartbeats are Run's.
  std::shared_ptr<api::CacheEvents> Watch(v1::WatchRequest request,
                                          asio::any_io_executor executor) override;

  void OnPut(v1::StoredAnswer stored) override;
  void OnForget(const std::string& organization, const std::string& id) override;
  void OnGap(const std::function<bool(const std::string& id)>& is_kept) override;

  const CacheStats& stats() const { return stats_; }
  const Finder& finder() const { return finder_; }
  Engine& engine() { return deps_.engine; }
  Directions& directions() { return deps_.directions; }
  const Clock& clock() const { return deps_.clock; }

 private:
  struct Place {
    std::shared_ptr<const PolicySet> policies;  // Keeps `policy` alive.
    const Policy* policy = nullptr;
    PartitionKey key;
  };
  absl::StatusOr<Place> PlaceOf(const v1::Partition& partition) const;
  asio::awaitable<Direction> DirectionOf(std::string text, MonotonicTime deadline);
  std::string FlightOf(const PartitionKey& key, const std::string& text,
                       const std::string& principal) const;

  // Why `request` is not kept; empty: it may be.
  std::string WhyNotKept(const Place& place, const v1::RecordRequest& request) const;
  // Who asked the same and got an equal answer agrees with the other.
  void Agree(const Place& place, const Partition& partition, Answer& fresh);
  void DropLease(std::string flight, std::string lease_id);
  // Removes what `author` recorded for this question before.
  void Supersede(const Partition& partition, const Answer& fresh);
  void Keep(AnswerPtr answer);
  // What the fresh answer says of those that were near: why they were refused, and whether the gate
  // is right. `known`: what its look-up said of them.
  void Learn(const Place& place, Partition& partition, const Answer& fresh,
             std::optional<NearThings>& known);
  std::vector<NearVerdict> Near(const Place& place, const Partition& partition, const Answer& fresh,
                                std::optional<NearThings>& known);
  std::string NewId(WallTime now);
  Answer MakeAnswer(const Place& place, v1::RecordRequest request, std::string flight);
  void Discard(const std::vector<AnswerPtr>& gone);
  void SetGauges();

  const Deps deps_;
  const Finder finder_;
  CacheStats stats_;
  Mutex ids_mutex_;
  BufferedRandom ids_ ABSL_GUARDED_BY(ids_mutex_);
  Flights flights_;
  NearMissBudget near_misses_;
  NearMemory near_memory_;
  metrics::Gauge* entries_ = nullptr;
  metrics::Gauge* bytes_ = nullptr;
};

// An id as lookups tell it: whether its hit was exact comes back with Confirm.
std::string TellId(const std::string& id, bool exact);
struct ToldId {
  std::string id;
  bool exact = true;
};
ToldId ReadId(std::string_view told);

}  // namespace weir::cache
