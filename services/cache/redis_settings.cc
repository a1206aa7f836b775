#include "services/cache/redis_settings.h"

namespace weir::cache {

void ChooseRedis(const ProviderSettings& settings, redis::RedisConfig& redis) {
  const bool named =
      settings.vector_db == ProviderSettings::VectorDb::kRedis && !settings.host.empty();
  if (!named || redis.is_set()) return;
  redis.address = fmt::format("{}:{}", settings.host, settings.port);
  redis.user = settings.username;
  redis.password = settings.password;
}

}  // namespace weir::cache
