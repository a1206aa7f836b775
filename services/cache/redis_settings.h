#pragma once

#include "common/redis/config.h"
#include "services/cache/provider_settings.h"

namespace weir::cache {

// The Redis that `settings` names, where they name one and `redis` does not.
void ChooseRedis(const ProviderSettings& settings, redis::RedisConfig& redis);

}  // namespace weir::cache
