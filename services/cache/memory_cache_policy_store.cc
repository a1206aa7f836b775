#include "services/cache/memory_cache_policy_store.h"

namespace weir::cache {

absl::StatusOr<StoredPolicies> MemoryCachePolicyStore::Load() {
  MutexLock lock(mutex_);
  StoredPolicies all{.sequence = sequence_, .policies = {}};
  for (const auto& [name, policy] : policies_) all.policies.push_back(policy);
  return all;
}

absl::StatusOr<int64_t> MemoryCachePolicyStore::Sequence() {
  MutexLock lock(mutex_);
  return sequence_;
}

absl::StatusOr<int64_t> MemoryCachePolicyStore::Put(std::span<const StoredPolicy> policies,
                                                    const PolicyEdit& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  for (const StoredPolicy& each : policies) {
    policies_.insert_or_assign({each.policy.organization(), each.policy.name()}, each);
  }
  return ++sequence_;
}

absl::StatusOr<int64_t> MemoryCachePolicyStore::Delete(const std::string& organization,
                                                       const std::string& name,
                                                       const PolicyEdit& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  if (policies_.erase({organization, name}) == 0) {
    return status::NotFound("cache policy '{}' of organisation '{}' does not exist", name,
                            organization);
  }
  return ++sequence_;
}

absl::Status MemoryCachePolicyStore::CheckUnchanged(const PolicyEdit& edit) const {
  if (edit.read_at == sequence_) return absl::OkStatus();
  return status::Aborted("the cache policies are at change {}, the edit was made on change {}",
                         sequence_, edit.read_at);
}

}  // namespace weir::cache
