#pragma once

#include <absl/functional/function_ref.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/async/mutex.h"
#include "common/async/worker_pool.h"
#include "services/cache/partition.h"
#include "services/cache/policy.h"
#include "services/cache/value_order.h"

namespace weir::cache {

// All answers of this process, by partition, within a budget. Thread-safe; owns no thread: graphs
// are built on a pool.
class Engine {
 public:
  struct Options {
    size_t dimension = 256;
    Budget budget;
    // Live rows of one partition from which on it gets a graph.
    size_t graph_from = 32'768;
  };
  struct Deps {
    WorkerPool* workers = nullptr;  // Null: no graphs. All outlive this object, and what the
    const GraphBuilder* builder = nullptr;  // pool still runs.
  };
  Engine(Options options, Deps deps) : options_(options), deps_(deps), order_(options.budget) {}

  // Null: nothing is there.
  std::shared_ptr<Partition> Find(const PartitionKey& key) const;

  // Keeps it, unless a higher version of it is kept. Returns what had to go for it, which may be
  // itself.
  std::vector<AnswerPtr> Put(AnswerPtr answer);
  // It answered once more. Null: it is not kept.
  AnswerPtr Hit(const PartitionKey& key, const std::string& id);
  // Null: it is not kept.
  AnswerPtr Remove(const std::string& id);
  // Removes all of `organization` (empty: of all) that `which` names, and returns them.
  using Which = absl::FunctionRef<bool(const Answer&)>;
  std::vector<AnswerPtr> RemoveIf(const std::string& organization, Which which);
  // The same, removing nothing.
  std::vector<AnswerPtr> FindIf(const std::string& organization, Which which) const;
  // At most `most` of those that are over at `now`.
  std::vector<AnswerPtr> RemoveExpired(WallTime now, size_t most);

  using Entry = std::pair<PartitionKey, std::shared_ptr<Partition>>;
  // Those of `organization`; empty: all.
  std::vector<Entry> Partitions(const std::string& organization) const;

  ValueOrder::Totals totals() const;
  ValueOrder::Totals TotalsOf(const std::string& organization) const;

 private:
  std::shared_ptr<Partition> FindOrMake(const PartitionKey& key);
  AnswerPtr RemoveLocked(const Answer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  void BuildIfWanted(const std::shared_ptr<Partition>& partition);

  const Options options_;
  const Deps deps_;
  // One writer at a time: what the order has and what the partitions have is the same.
  mutable Mutex write_mutex_;
  ValueOrder order_ ABSL_GUARDED_BY(write_mutex_);
  // Taken after the other, for a look-up: readers do not wait for writers.
  mutable Mutex map_mutex_;
  std::map<PartitionKey, std::shared_ptr<Partition>> partitions_ ABSL_GUARDED_BY(map_mutex_);
};

}  // namespace weir::cache
