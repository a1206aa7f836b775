#include "services/quota/output_history.h"

#include <algorithm>

namespace weir::quota {

OutputHistory::OutputHistory(int64_t max_models)
    : max_per_shard_(std::max<size_t>(1, static_cast<size_t>(max_models) / kShards)) {}

std::optional<int64_t> OutputHistory::P95(std::string_view organization, std::string_view model) {
  const Name name{organization, model};
  Shard& shard = ShardOf(name);
  MutexLock lock(shard.mutex);
  const auto found = shard.by_name.find(name);
  if (found == shard.by_name.end()) return std::nullopt;
  return found->second->p95;
}

OutputHistory::Model& OutputHistory::Open(Shard& shard, const Name& name) {
  const auto found = shard.by_name.find(name);
  if (found != shard.by_name.end()) {
    shard.by_age.splice(shard.by_age.begin(), shard.by_age, found->second);
    return *found->second;
  }
  if (shard.by_age.size() >= max_per_shard_) {
    const Model& oldest = shard.by_age.back();
    shard.by_name.erase({oldest.organization, oldest.model});
    shard.by_age.pop_back();
  }
  shard.by_age.push_front(
      {.organization = std::string(name.organization), .model = std::string(name.model)});
  Model& made = shard.by_age.front();
  shard.by_name.emplace(Name{made.organization, made.model}, shard.by_age.begin());
  return made;
}

void OutputHistory::Add(std::string_view organization, std::string_view model, int64_t tokens) {
  const Name name{organization, model};
  Shard& shard = ShardOf(name);
  MutexLock lock(shard.mutex);
  Model& known = Open(shard, name);
  known.lengths.Add(tokens);
  known.p95 = known.lengths.P95();
}

}  // namespace weir::quota
