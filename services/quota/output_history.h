#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/async/mutex.h"
#include "services/quota/hash.h"
#include "services/quota/length_histogram.h"

namespace weir::quota {

// How long the answers of each (organisation, model) are, learned from settlements. The models that
// were longest not heard of are forgotten first. Thread-safe.
class OutputHistory {
 public:
  explicit OutputHistory(int64_t max_models);

  // 95 % of the model's answers are not longer. Nothing where none is known.
  std::optional<int64_t> P95(std::string_view organization, std::string_view model);

  // A whole answer of `tokens`, at least 1.
  void Add(std::string_view organization, std::string_view model, int64_t tokens);

 private:
  struct Name {
    std::string_view organization;
    std::string_view model;
    bool operator==(const Name&) const = default;
  };
  struct NameHasher {
    size_t operator()(const Name& name) const { return HashOf(name.organization, name.model); }
  };
  struct Model {
    std::string organization;
    std::string model;
    LengthHistogram lengths;
    int64_t p95 = 0;
  };
  struct Shard {
    Mutex mutex;
    std::list<Model> by_age ABSL_GUARDED_BY(mutex);  // The last heard of first.
    // Keys are views into the list.
    std::unordered_map<Name, std::list<Model>::iterator, NameHasher> by_name ABSL_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 8;

  Shard& ShardOf(const Name& name) { return shards_[NameHasher{}(name) % kShards]; }
  Model& Open(Shard& shard, const Name& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const size_t max_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace weir::quota
