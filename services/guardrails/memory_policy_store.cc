#include "services/guardrails/memory_policy_store.h"

namespace weir::guardrails {

absl::StatusOr<StoredPolicies> MemoryPolicyStore::Load() {
  MutexLock lock(mutex_);
  StoredPolicies all{.sequence = sequence_, .policies = {}};
  all.policies.reserve(policies_.size());
  for (const auto& [id, policy] : policies_) all.policies.push_back(policy);
  return all;
}

absl::StatusOr<int64_t> MemoryPolicyStore::Sequence() {
  MutexLock lock(mutex_);
  return sequence_;
}

absl::StatusOr<int64_t> MemoryPolicyStore::Put(const StoredPolicy& policy,
                                               const EditContext& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  policies_.insert_or_assign(policy.id, policy);
  return Log(policy.id, false, edit);
}

absl::StatusOr<int64_t> MemoryPolicyStore::Delete(const PolicyName& id, const EditContext& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  if (policies_.erase(id) == 0) {
    return status::NotFound("guardrail policy '{}' of organisation '{}' does not exist", id.name,
                            id.organization);
  }
  return Log(id, true, edit);
}

absl::StatusOr<std::vector<Change>> MemoryPolicyStore::Changes(int64_t after, size_t limit) {
  MutexLock lock(mutex_);
  std::vector<Change> found;
  for (const Change& each : changes_) {
    if (found.size() >= limit) break;
    if (each.sequence > after) found.push_back(each);
  }
  return found;
}

absl::Status MemoryPolicyStore::CheckUnchanged(const EditContext& edit) const {
  if (edit.read_at == sequence_) return absl::OkStatus();
  return status::Aborted("the policies are at change {}, the edit was made on change {}", sequence_,
                         edit.read_at);
}

int64_t MemoryPolicyStore::Log(const PolicyName& id, bool removed, const EditContext& edit) {
  changes_.push_back(
      {.sequence = ++sequence_, .id = id, .removed = removed, .actor = edit.actor, .at = edit.at});
  if (changes_.size() > static_cast<size_t>(kChangesKept)) changes_.pop_front();
  return sequence_;
}

}  // namespace weir::guardrails
