#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"
#include "weir/cache/v1/cache_admin.pb.h"

namespace weir::cache {

// A policy, and since when its answers may be used.
struct StoredPolicy {
  v1::CachePolicy policy;
  // The change that made all answers of before useless: its creation, an invalidation. Rises; never
  // the same again after a removal.
  uint64_t epoch = 0;
};

// All policies as of one change.
struct StoredPolicies {
  int64_t sequence = 0;                // 0: there was no change yet.
  std::vector<StoredPolicy> policies;  // By organisation and name.
};

// Who changes what, and what they had read when they decided it.
struct PolicyEdit {
  // The sequence of the state that the edit was checked against: it goes through only while nothing
  // else has changed.
  int64_t read_at = 0;
  // Id of the admin token.
  std::string actor;
  WallTime at;
};

// Cache policies, for good, and the number of their last change, which replicas follow.
// Thread-safe. Blocks: call it on a WorkerPool, never on an event loop.
//
// Every method: kUnavailable where the store cannot be asked.
class CachePolicyStore {
 public:
  // Changes whose author is remembered.
  static constexpr int64_t kChangesKept = 10'000;

  virtual ~CachePolicyStore() = default;

  virtual absl::StatusOr<StoredPolicies> Load() = 0;

  // The last change. Cheap: what a replica polls.
  virtual absl::StatusOr<int64_t> Sequence() = 0;

  // Creates or replaces each of `policies`, of one organisation, at least one, in one step; durable
  // when this returns. Returns the change's sequence, `read_at` + 1. kAborted: something has
  // changed since: read and check again.
  virtual absl::StatusOr<int64_t> Put(std::span<const StoredPolicy> policies,
                                      const PolicyEdit& edit) = 0;

  // As Put. kNotFound: there is no such policy.
  virtual absl::StatusOr<int64_t> Delete(const std::string& organization, const std::string& name,
                                         const PolicyEdit& edit) = 0;
};

}  // namespace weir::cache
