#pragma once

#include <map>
#include <utility>

#include "common/async/mutex.h"
#include "services/cache/cache_policy_store.h"

namespace weir::cache {

// Keeps everything in this process and loses it with it. For tests and for trying things out.
class MemoryCachePolicyStore final : public CachePolicyStore {
 public:
  absl::StatusOr<StoredPolicies> Load() override;
  absl::StatusOr<int64_t> Sequence() override;
  absl::StatusOr<int64_t> Put(std::span<const StoredPolicy> policies,
                              const PolicyEdit& edit) override;
  absl::StatusOr<int64_t> Delete(const std::string& organization, const std::string& name,
                                 const PolicyEdit& edit) override;

 private:
  absl::Status CheckUnchanged(const PolicyEdit& edit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, StoredPolicy> policies_ ABSL_GUARDED_BY(mutex_);
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::cache
