#pragma once

#include <memory>
#include <string>

#include "common/api/admin_call.h"
#include "common/async/mutex.h"
#include "common/time/clock.h"
#include "services/cache/cache_policy_store.h"
#include "services/cache/cache_service.h"
#include "services/cache/live_policies.h"
#include "weir/cache/v1/cache_admin.pb.h"

namespace weir::cache {

// Edits policies, explains and forgets answers. One method per RPC of
// weir.cache.v1.CacheAdminService, whose comments are the contract; that the caller may is checked
// before. Thread-safe; every method blocks: run it on a WorkerPool.
//
// When an edit returns OK, it is durable and CacheService goes by it. Every method:
// kInvalidArgument with a BadFields detail that lists all that is wrong; kUnavailable where the
// store cannot be asked. No answer and no message has a question or an answer of the cache in it.
class CacheAdmin {
 public:
  struct Deps {
    CachePolicyStore& store;  // All must outlive this object. The one that `policies` reads.
    LivePolicies& policies;
    CacheService& cache;
    const Clock& clock;
  };
  explicit CacheAdmin(Deps deps) : deps_(deps) {}

  absl::StatusOr<v1::PutCachePolicyResponse> PutCachePolicy(
      const api::AdminCall& call, const v1::PutCachePolicyRequest& request);
  absl::StatusOr<v1::ListCachePoliciesResponse> ListCachePolicies(
      const api::AdminCall& call, const v1::ListCachePoliciesRequest& request);
  // kNotFound: there is none.
  absl::StatusOr<v1::DeleteCachePolicyResponse> DeleteCachePolicy(
      const api::AdminCall& call, const v1::DeleteCachePolicyRequest& request);
  // Counts what this process has in memory. kNotFound: there is no such policy.
  absl::StatusOr<v1::InvalidateCacheResponse> InvalidateCache(
      const api::AdminCall& call, const v1::InvalidateCacheRequest& request);
  // kNotFound: there is no such policy.
  absl::StatusOr<v1::ExplainCacheResponse> ExplainCache(const api::AdminCall& call,
                                                        const v1::ExplainCacheRequest& request);
  absl::StatusOr<v1::GetCacheStatsResponse> GetCacheStats(const api::AdminCall& call,
                                                          const v1::GetCacheStatsRequest& request);

 private:
  absl::StatusOr<v1::PutCachePolicyResponse> TryPut(const api::AdminCall& call,
                                                    const v1::PutCachePolicyRequest& request);
  absl::Status TryDelete(const api::AdminCall& call, const v1::DeleteCachePolicyRequest& request);
  // Makes the answers of `policy` useless; empty: of all of the organisation.
  absl::Status TryRaiseEpochs(const api::AdminCall& call, const std::string& organization,
                              const std::string& policy);
  absl::StatusOr<int64_t> InvalidatePolicies(const api::AdminCall& call,
                                             const v1::InvalidateCacheRequest& request);
  PolicyEdit Edit(const api::AdminCall& call, const PolicySet& read) const;
  // After an edit: CacheService goes by it. The edit is durable; where it cannot be read back now,
  // the next refresh does.
  void TakeUp();

  const Deps deps_;
  // One edit at a time in this process; other processes' edits show as kAborted, and the edit is
  // made anew.
  Mutex edit_mutex_;
};

}  // namespace weir::cache
