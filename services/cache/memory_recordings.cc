#include "services/cache/memory_recordings.h"

#include <utility>
#include <vector>

namespace weir::cache {

void MemoryRecordings::Put(v1::StoredAnswer answer) {
  MutexLock lock(mutex_);
  v1::StoredAnswer& kept = answers_[answer.id()];
  if (kept.version() <= answer.version()) kept = std::move(answer);
}

void MemoryRecordings::Forget(const std::string& organization, const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = answers_.find(id);
  if (found == answers_.end()) return;
  if (found->second.partition().organization() == organization) answers_.erase(found);
}

asio::awaitable<absl::Status> MemoryRecordings::Load(Sink sink) {
  const int64_t now = ToUnixMicros(clock_.Now());
  std::vector<v1::StoredAnswer> alive;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, answer] : answers_) {
      if (answer.expires_us() > now) alive.push_back(answer);
    }
  }
  for (v1::StoredAnswer& each : alive) sink(std::move(each));
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> MemoryRecordings::Flush() { co_return absl::OkStatus(); }

}  // namespace weir::cache
