#pragma once

#include <deque>
#include <map>

#include "common/async/mutex.h"
#include "services/guardrails/policy_store.h"

namespace weir::guardrails {

// Keeps everything in this process and loses it with it. For tests and for trying things out.
class MemoryPolicyStore final : public PolicyStore {
 public:
  absl::StatusOr<StoredPolicies> Load() override;
  absl::StatusOr<int64_t> Sequence() override;
  absl::StatusOr<int64_t> Put(const StoredPolicy& policy, const EditContext& edit) override;
  absl::StatusOr<int64_t> Delete(const PolicyName& id, const EditContext& edit) override;
  absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) override;

 private:
  absl::Status CheckUnchanged(const EditContext& edit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t Log(const PolicyName& id, bool removed, const EditContext& edit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::map<PolicyName, StoredPolicy> policies_ ABSL_GUARDED_BY(mutex_);
  std::deque<Change> changes_ ABSL_GUARDED_BY(mutex_);
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::guardrails
