#pragma once

#include "services/cache/cache_service.h"
#include "weir/cache/v1/cache_admin.pb.h"

namespace weir::cache {

// What `cache` would find for the question of `request` under `policy`, and why not: for a reader
// who has recorded nothing. Counts nothing. Blocks.
v1::ExplainCacheResponse Explain(CacheService& cache, const Policy& policy,
                                 const v1::ExplainCacheRequest& request);

}  // namespace weir::cache
