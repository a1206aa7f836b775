#pragma once

#include <memory>
#include <optional>

#include "common/async/worker_pool.h"
#include "services/cache/cache_admin.h"
#include "services/cache/cache_service.h"
#include "services/cache/config.h"
#include "services/cache/faiss_graph.h"
#include "services/cache/hashed_embedder.h"

namespace weir::cache {

// The cache of one process, put together: what its main.cc and apps/standalone have in common.
class AssembledCache {
 public:
  struct Deps {
    CachePolicyStore& policies;  // All must outlive this object, and what the pool still runs.
    RecordingStore& recordings;
    Leases* leases = nullptr;  // Null: there are no replicas.
    WorkerPool& workers;       // Builds graphs.
    const Clock& clock;
    Random& random;
    metrics::Registry& metrics;
  };
  // Reads the policies. Blocks. kUnavailable, kDataLoss: they cannot be read.
  static absl::StatusOr<std::unique_ptr<AssembledCache>> Open(const CacheConfig& config, Deps deps);

  // Takes up what other processes changed. Blocks: on a WorkerPool or a Follower.
  absl::Status Follow();

  CacheService& service() { return *service_; }
  CacheAdmin& admin() { return *admin_; }
  // The one whom the store of recordings tells of what other replicas do.
  RecordingListener& listener() { return *service_; }

 private:
  AssembledCache(std::unique_ptr<BuiltInModel> model, std::unique_ptr<HashedEmbedder> hashed,
                 std::unique_ptr<Directions> directions, const CacheConfig& config, Deps deps);

  const std::unique_ptr<BuiltInModel> model_;
  const std::unique_ptr<HashedEmbedder> hashed_;
  const std::unique_ptr<Directions> directions_;
  const Judge judge_;
  const FaissGraphBuilder graphs_;
  LivePolicies policies_;
  Engine engine_;
  std::optional<CacheService> service_;
  std::optional<CacheAdmin> admin_;
};

}  // namespace weir::cache
