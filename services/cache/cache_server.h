#pragma once

#include "common/api/cache.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"
#include "services/cache/cache_admin.h"

namespace weir::cache {

// Serves weir.cache.v1.CacheAdminService: every method of it. `admin` must outlive the registry.
void RegisterCacheAdmin(rpc::AdminRegistry& registry, CacheAdmin& admin);

inline constexpr std::string_view kCacheService = "weir.cache.v1.CacheService";

// Adds every method of weir.cache.v1.CacheService. Both must outlive what serves the registry.
void RegisterCache(rpc::ServiceRegistry& registry, api::Cache& cache);

}  // namespace weir::cache
