#include "services/quota/memory_limit_store.h"

#include <google/protobuf/util/message_differencer.h>

namespace weir::quota {

using google::protobuf::util::MessageDifferencer;

absl::StatusOr<bool> MemoryLimitStore::Put(const StoredLimit& limit) {
  MutexLock lock(mutex_);
  StoredLimit& stored = limits_[{limit.limit.organization(), limit.limit.name()}];
  const bool same = stored.counting_since_us == limit.counting_since_us &&
                    MessageDifferencer::Equals(stored.limit, limit.limit);
  if (same) return false;
  stored = limit;
  ++sequence_;
  return true;
}

absl::Status MemoryLimitStore::Delete(std::string_view organization, std::string_view name) {
  MutexLock lock(mutex_);
  if (limits_.erase({std::string(organization), std::string(name)}) == 0) {
    return status::NotFound("organization {} has no limit '{}'", organization, name);
  }
  ++sequence_;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StoredLimit>> MemoryLimitStore::Get(std::string_view organization,
                                                                 std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = limits_.find({std::string(organization), std::string(name)});
  if (found == limits_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::vector<StoredLimit>> MemoryLimitStore::List(std::string_view organization,
                                                                std::string_view after_name,
                                                                int max) {
  std::vector<StoredLimit> page;
  MutexLock lock(mutex_);
  auto each = limits_.upper_bound({std::string(organization), std::string(after_name)});
  for (; each != limits_.end() && each->first.first == organization; ++each) {
    if (std::cmp_greater_equal(page.size(), max)) break;
    page.push_back(each->second);
  }
  return page;
}

absl::StatusOr<LimitStore::Snapshot> MemoryLimitStore::All() {
  Snapshot snapshot;
  MutexLock lock(mutex_);
  for (const auto& [key, limit] : limits_) snapshot.limits.push_back(limit);
  snapshot.sequence = sequence_;
  return snapshot;
}

absl::StatusOr<int64_t> MemoryLimitStore::Sequence() {
  MutexLock lock(mutex_);
  return sequence_;
}

}  // namespace weir::quota
