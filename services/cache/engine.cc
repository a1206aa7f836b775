#include "services/cache/engine.h"

namespace weir::cache {

std::shared_ptr<Partition> Engine::Find(const PartitionKey& key) const {
  MutexLock lock(map_mutex_);
  const auto found = partitions_.find(key);
  return found == partitions_.end() ? nullptr : found->second;
}

std::shared_ptr<Partition> Engine::FindOrMake(const PartitionKey& key) {
  MutexLock lock(map_mutex_);
  std::shared_ptr<Partition>& partition = partitions_[key];
  if (partition == nullptr) partition = std::make_shared<Partition>(options_.dimension);
  return partition;
}

std::vector<AnswerPtr> Engine::Put(AnswerPtr answer) {
  std::vector<AnswerPtr> gone;
  MutexLock lock(write_mutex_);
  const std::shared_ptr<Partition> partition = FindOrMake(answer->partition);
  if (!partition->Put(answer)) return gone;
  order_.Add(answer);
  while (const AnswerPtr least = order_.TooMuch(answer->partition.organization)) {
    if (AnswerPtr removed = RemoveLocked(*least)) gone.push_back(std::move(removed));
  }
  BuildIfWanted(partition);
  return gone;
}

void Engine::BuildIfWanted(const std::shared_ptr<Partition>& partition) {
  if (deps_.workers == nullptr || deps_.builder == nullptr) return;
  if (!partition->WantsGraph(options_.graph_from)) return;
  partition->ExpectGraph(true);
  const bool posted = deps_.workers->TryPost(
      [partition, builder = deps_.builder] { partition->BuildGraph(*builder); });
  // Where the pool is full, the next Put asks again.
  if (!posted) partition->ExpectGraph(false);
}

AnswerPtr Engine::RemoveLocked(const Answer& answer) {
  order_.Remove(answer.id);
  MutexLock lock(map_mutex_);
  const auto found = partitions_.find(answer.partition);
  if (found == partitions_.end()) return nullptr;
  AnswerPtr removed = found->second->Remove(answer.id);
  if (found->second->empty()) partitions_.erase(found);
  return removed;
}

AnswerPtr Engine::Hit(const PartitionKey& key, const std::string& id) {
  const std::shared_ptr<Partition> partition = Find(key);
  if (partition == nullptr) return nullptr;
  AnswerPtr answer = partition->Find(id);
  if (answer == nullptr) return nullptr;
  MutexLock lock(write_mutex_);
  order_.Hit(id);
  return answer;
}

AnswerPtr Engine::Remove(const std::string& id) {
  MutexLock lock(write_mutex_);
  const AnswerPtr answer = order_.Find(id);
  return answer != nullptr ? RemoveLocked(*answer) : nullptr;
}

std::vector<AnswerPtr> Engine::FindIf(const std::string& organization, Which which) const {
  std::vector<AnswerPtr> found;
  for (const auto& [key, partition] : Partitions(organization)) {
    for (AnswerPtr& each : partition->All()) {
      if (which(*each)) found.push_back(std::move(each));
    }
  }
  return found;
}

std::vector<AnswerPtr> Engine::RemoveIf(const std::string& organization, Which which) {
  std::vector<AnswerPtr> removed = FindIf(organization, which);
  MutexLock lock(write_mutex_);
  for (const AnswerPtr& each : removed) RemoveLocked(*each);
  return removed;
}

std::vector<AnswerPtr> Engine::RemoveExpired(WallTime now, size_t most) {
  std::vector<AnswerPtr> removed;
  MutexLock lock(write_mutex_);
  while (removed.size() < most) {
    const AnswerPtr over = order_.Expired(now);
    if (over == nullptr) break;
    if (AnswerPtr answer = RemoveLocked(*over)) removed.push_back(std::move(answer));
  }
  return removed;
}

std::vector<Engine::Entry> Engine::Partitions(const std::string& organization) const {
  MutexLock lock(map_mutex_);
  std::vector<Entry> found;
  auto it = organization.empty() ? partitions_.begin()
                                 : partitions_.lower_bound({.organization = organization});
  for (; it != partitions_.end(); ++it) {
    if (!organization.empty() && it->first.organization != organization) break;
    found.push_back(*it);
  }
  return found;
}

ValueOrder::Totals Engine::totals() const {
  MutexLock lock(write_mutex_);
  return order_.totals();
}

ValueOrder::Totals Engine::TotalsOf(const std::string& organization) const {
  MutexLock lock(write_mutex_);
  return order_.TotalsOf(organization);
}

}  // namespace weir::cache
