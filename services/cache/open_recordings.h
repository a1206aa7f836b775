#pragma once

#include <memory>

#include "common/async/worker_pool.h"
#include "services/cache/config.h"
#include "services/cache/redis_recordings.h"

namespace weir::sql {
class Database;
}
namespace weir::redis {
struct RedisConfig;
}

namespace weir::cache {

// Where a process keeps its answers.
struct OpenedRecordings {
  std::unique_ptr<RecordingStore> store;
  RedisRecordings* redis = nullptr;  // The same, where it is Redis: to be run, and who leads.
};

struct RecordingsDeps {
  sql::Database& database;                 // All must outlive the store.
  const crypto::Sealer* sealer = nullptr;  // Not null but where nothing is kept.
  WorkerPool& workers;
  asio::io_context& loop;
  Timers& timers;
  const Clock& clock;
  Random& random;
  metrics::Registry& metrics;
};

// By `store`, which is settled (CacheConfig::ChooseStore). Blocks. kInvalidArgument: `redis` cannot
// be used; kUnavailable, kDataLoss: the database cannot be.
absl::StatusOr<OpenedRecordings> OpenRecordings(CacheConfig::Store store,
                                                const redis::RedisConfig& redis,
                                                RecordingsDeps deps);

}  // namespace weir::cache
