#include "services/cache/live_policies.h"

#include <utility>
#include <vector>

namespace weir::cache {

LivePolicies::LivePolicies(CachePolicyStore& store, std::string embedder, bool remote,
                           Duration default_ttl)
    : store_(store), embedder_(std::move(embedder)), remote_(remote), default_ttl_(default_ttl) {}

std::shared_ptr<const PolicySet> LivePolicies::Current() const {
  MutexLock lock(mutex_);
  return policies_;
}

absl::StatusOr<std::shared_ptr<const PolicySet>> LivePolicies::Refresh() {
  MutexLock lock(refresh_mutex_);
  if (std::shared_ptr<const PolicySet> known = Current()) {
    WEIR_ASSIGN_OR_RETURN(const int64_t sequence, store_.Sequence());
    if (sequence == known->sequence()) return known;
  }
  WEIR_ASSIGN_OR_RETURN(const StoredPolicies stored, store_.Load());
  auto policies = std::make_shared<const PolicySet>(stored, default_ttl_);
  Publish(policies);
  return policies;
}

void LivePolicies::Publish(std::shared_ptr<const PolicySet> policies) {
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_table() = MakePolicyTable(*policies, embedder_, remote_);
  {
    MutexLock lock(mutex_);
    policies_ = std::move(policies);
  }
  MutexLock lock(publish_mutex_);
  table_ = std::move(event);
  watchers_.Publish(table_);
}

std::shared_ptr<api::CacheEvents> LivePolicies::Watch(asio::any_io_executor executor) {
  MutexLock lock(publish_mutex_);
  std::vector<api::CacheEvent> first;
  if (table_ != nullptr) first.push_back(table_);
  return watchers_.Subscribe(std::move(executor), std::move(first));
}

void LivePolicies::Beat() {
  MutexLock lock(publish_mutex_);
  if (table_ == nullptr) return;
  auto event = std::make_shared<v1::WatchEvent>();
  event->set_heartbeat(table_->table().version());
  watchers_.Publish(std::move(event));
}

}  // namespace weir::cache
