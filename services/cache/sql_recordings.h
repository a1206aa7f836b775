#pragma once

#include <deque>
#include <memory>
#include <string>
#include <variant>

#include "common/async/mutex.h"
#include "common/async/worker_pool.h"
#include "common/crypto/sealer.h"
#include "common/metrics/registry.h"
#include "common/sql/database.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

// In a table of one process's database: a restart finds its answers again. Written in batches on a
// pool, when there are enough or WriteSoon says so: each costs a sync of the disk.
class SqlRecordings final : public RecordingStore {
 public:
  struct Deps {
    sql::Database& database;  // All must outlive this object, and what the pool still runs.
    const crypto::Sealer& sealer;
    WorkerPool& workers;
    const Clock& clock;
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted.
  };
  // Brings the schema up to date. Blocks.
  static absl::StatusOr<std::unique_ptr<SqlRecordings>> Open(Deps deps);

  void Put(v1::StoredAnswer answer) override;
  void Forget(const std::string& organization, const std::string& id) override;
  asio::awaitable<absl::Status> Load(Sink sink) override;
  void WriteSoon() override;
  asio::awaitable<absl::Status> Flush() override;

 private:
  struct Forgotten {
    std::string organization, id;
  };
  // An answer as bytes: it was made on another thread, and is in as few pieces as can be.
  struct Remembered {
    std::string id, organization;
    int64_t version = 0, expires_us = 0;
    std::string plain;
  };
  using Step = std::variant<Remembered, Forgotten>;
  struct Kept {
    std::string id, organization, sealed;
  };
  explicit SqlRecordings(Deps deps);

  void Add(Step step, size_t bytes);
  void Post();
  // Does all that waits, on a worker. The last error.
  absl::Status Drain();
  std::deque<Step> TakeBatch();
  absl::Status Write(const std::deque<Step>& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(drain_mutex_);
  absl::Status WriteOne(sql::Connection& connection, const Step& step) const;
  absl::StatusOr<std::vector<Kept>> ReadPage(std::string after, int64_t now_us) const;

  const Deps deps_;
  metrics::Counter* dropped_ = nullptr;
  Mutex drain_mutex_;  // One worker at a time: steps are done in their order.
  WallTime swept_ ABSL_GUARDED_BY(drain_mutex_);  // What is over was dropped.
  mutable Mutex mutex_;
  std::deque<Step> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool posted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::cache
