#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>

#include "common/api/guardrails.h"
#include "common/async/mutex.h"
#include "common/async/timers.h"
#include "common/async/worker_pool.h"
#include "common/metrics/registry.h"
#include "services/guardrails/compiled_policies.h"
#include "services/guardrails/config.h"
#include "services/guardrails/guardrails_metrics.h"
#include "services/guardrails/hash_keys.h"
#include "services/guardrails/policy_store.h"

namespace weir::guardrails {

// Says what may leave and come back, by the policies of a store. Thread-safe; owns no thread.
//
// Texts up to kInlineBytes are judged where the call comes in, longer ones on `workers`. Load and
// Refresh read the store and block: call them on a WorkerPool.
class GuardrailsService final : public api::Guardrails {
 public:
  // Longest text that is judged on the calling loop.
  static constexpr size_t kInlineBytes = 16 * 1024;

  struct Deps {
    PolicyStore& store;  // All must outlive this object.
    WorkerPool& workers;
    const Clock& clock;
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted.
    // What hashes of values are made under (HashKeys::kFile).
    std::string_view hash_secret;
  };
  GuardrailsService(GuardrailsConfig config, Deps deps);
  ~GuardrailsService() override { Close(); }

  // Ends all streams of Watch, as its end does; their loops must still be there.
  void Close() { watchers_.Close(); }

  // The first Refresh. Until then calls answer kUnavailable and Watch shows nothing.
  absl::Status Load();

  // The policies as they are now: where somebody (another replica, too) has changed them since,
  // reads and compiles them, and publishes the new table before it returns. Cheap where nothing has
  // changed: what a replica does once a second, and an editor after an edit.
  //
  // kUnavailable, kDataLoss: as ReadPolicies; what was read last stays.
  absl::StatusOr<std::shared_ptr<const PolicyCatalog>> Refresh();

  // Tells watchers each `period` which table is theirs, as long as `timers`'s loop runs. For
  // watchers in other processes.
  asio::awaitable<void> RunHeartbeats(Timers& timers, Duration period);

  // The policies that Refresh has read last; null before the first.
  std::shared_ptr<const CompiledPolicies> Policies() const;
  // The key of `organization`'s hashes.
  std::shared_ptr<const crypto::Hmac> KeyOf(const std::string& organization) {
    return keys_.Of(organization);
  }

  // kUnavailable before Load, and where too many long texts wait; kDeadlineExceeded past the call's
  // deadline; kFailedPrecondition: a policy is not known, or unusable.
  asio::awaitable<absl::StatusOr<v1::InspectResponse>> Inspect(api::CallContext call,
                                                               v1::InspectRequest request) override;
  asio::awaitable<absl::StatusOr<v1::InspectDeltaResponse>> InspectDelta(
      api::CallContext call, v1::InspectDeltaRequest request) override;
  // Heartbeats are RunHeartbeats's.
  std::shared_ptr<api::GuardrailsEvents> Watch(v1::WatchRequest request,
                                               asio::any_io_executor executor) override;

 private:
  // What a call is judged by.
  struct Basis {
    std::shared_ptr<PolicyUnion> policies;
    std::shared_ptr<const crypto::Hmac> key;
    uint64_t version = 0;
  };
  template <typename Req>
  absl::StatusOr<Basis> BasisOf(const api::CallContext& call, const Req& request);
  // Refresh, on `workers`. Bounded: kUnavailable where kMostCatchingUp calls wait for it already.
  asio::awaitable<absl::Status> CatchUp();
  void Publish(const PolicyCatalog& catalog);
  void Beat();
  void Count(v1::Direction direction, v1::Verdict verdict, size_t bytes, const FindingTally& tally);

  static constexpr int kMostCatchingUp = 64;

  PolicyStore& store_;
  WorkerPool& workers_;
  const Clock& clock_;
  std::optional<GuardrailsMetrics> metrics_;
  HashKeys keys_;
  PolicyUnions unions_;

  std::atomic<int> catching_up_{0};
  // One reader of the store at a time: who waited finds its work done.
  Mutex refresh_mutex_;
  PatternPool patterns_ ABSL_GUARDED_BY(refresh_mutex_);
  std::shared_ptr<const PolicyCatalog> catalog_ ABSL_GUARDED_BY(refresh_mutex_);

  mutable Mutex policies_mutex_;
  std::shared_ptr<const CompiledPolicies> policies_ ABSL_GUARDED_BY(policies_mutex_);

  Broadcaster<api::GuardrailsEvent> watchers_;
  // Makes "the newest table, then each new one" one step for a watcher.
  Mutex publish_mutex_;
  api::GuardrailsEvent table_event_ ABSL_GUARDED_BY(publish_mutex_);
};

}  // namespace weir::guardrails
