#pragma once

#include <memory>
#include <string>

#include "common/api/cache.h"
#include "common/async/mutex.h"
#include "services/cache/cache_policy_store.h"
#include "services/cache/policy.h"

namespace weir::cache {

// The policies as they are now, and those who watch them. Thread-safe; owns no thread.
class LivePolicies {
 public:
  // `store` must outlive it. `embedder`, `remote`: as MakePolicyTable; `default_ttl`: as PolicySet.
  LivePolicies(CachePolicyStore& store, std::string embedder, bool remote, Duration default_ttl);
  // Ends all streams of Watch.
  ~LivePolicies() { Close(); }

  // The policies of the store: where somebody (another replica, too) has changed them since, reads
  // them, and tells watchers before it returns. Cheap where nothing has changed. Blocks.
  //
  // kUnavailable, kDataLoss: the last good ones stay.
  absl::StatusOr<std::shared_ptr<const PolicySet>> Refresh();

  // A snapshot: hold it for one operation. Null before the first Refresh.
  std::shared_ptr<const PolicySet> Current() const;

  // The table, or the first as soon as there is one, then each new one and heartbeats.
  std::shared_ptr<api::CacheEvents> Watch(asio::any_io_executor executor);
  // Tells watchers that the table is theirs; nothing before the first.
  void Beat();
  // Ends all streams of Watch; their loops must still be there.
  void Close() { watchers_.Close(); }

 private:
  void Publish(std::shared_ptr<const PolicySet> policies);

  CachePolicyStore& store_;
  const std::string embedder_;
  const bool remote_;
  const Duration default_ttl_;
  // One reader of the store at a time: who waited finds its work done.
  Mutex refresh_mutex_;
  mutable Mutex mutex_;
  std::shared_ptr<const PolicySet> policies_ ABSL_GUARDED_BY(mutex_);
  // Makes "the table, then each new one" one step for a watcher.
  Mutex publish_mutex_;
  api::CacheEvent table_ ABSL_GUARDED_BY(publish_mutex_);
  Broadcaster<api::CacheEvent> watchers_{16};
};

}  // namespace weir::cache
