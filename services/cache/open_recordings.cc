#include "services/cache/open_recordings.h"

#include "services/cache/memory_recordings.h"
#include "services/cache/sql_recordings.h"

namespace weir::cache {

absl::StatusOr<OpenedRecordings> OpenRecordings(CacheConfig::Store store,
                                                const redis::RedisConfig& redis,
                                                RecordingsDeps deps) {
  OpenedRecordings opened;
  if (store == CacheConfig::Store::kMemory) {
    opened.store = std::make_unique<NoRecordings>();
    return opened;
  }
  if (store == CacheConfig::Store::kFile) {
    WEIR_ASSIGN_OR_RETURN(opened.store, SqlRecordings::Open({.database = deps.database,
                                                             .sealer = *deps.sealer,
                                                             .workers = deps.workers,
                                                             .clock = deps.clock,
                                                             .metrics = &deps.metrics}));
    return opened;
  }
  WEIR_ASSIGN_OR_RETURN(std::shared_ptr<const redis::Route> route, redis::MakeRoute(redis));
  auto shared = std::make_unique<RedisRecordings>(RedisRecordings::Options(),
                                                  RedisRecordings::Deps{.loop = deps.loop,
                                                                        .timers = deps.timers,
                                                                        .random = deps.random,
                                                                        .sealer = *deps.sealer,
                                                                        .clock = deps.clock,
                                                                        .route = std::move(route),
                                                                        .metrics = &deps.metrics});
  opened.redis = shared.get();
  opened.store = std::move(shared);
  return opened;
}

}  // namespace weir::cache
