#pragma once

#include <map>

#include "common/async/mutex.h"
#include "services/quota/limit_store.h"

namespace weir::quota {

// Limits that last as long as the process: for tests, and for gateways whose limits are applied
// from files at each start.
class MemoryLimitStore final : public LimitStore {
 public:
  absl::StatusOr<bool> Put(const StoredLimit& limit) override;
  absl::Status Delete(std::string_view organization, std::string_view name) override;
  absl::StatusOr<std::optional<StoredLimit>> Get(std::string_view organization,
                                                 std::string_view name) override;
  absl::StatusOr<std::vector<StoredLimit>> List(std::string_view organization,
                                                std::string_view after_name, int max) override;
  absl::StatusOr<Snapshot> All() override;
  absl::StatusOr<int64_t> Sequence() override;

 private:
  using Key = std::pair<std::string, std::string>;  // Organisation, name.

  Mutex mutex_;
  std::map<Key, StoredLimit> limits_ ABSL_GUARDED_BY(mutex_);
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::quota
