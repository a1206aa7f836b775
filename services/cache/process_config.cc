#include "services/cache/process_config.h"

#include "services/cache/redis_settings.h"

namespace weir::cache {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9126, /*asks_identity=*/true, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("redis", &config.redis, redis::ReadRedis);
    root.Section("cache", &config.cache, ReadCache);
    root.Check(config.cache.ReadSettingsFile());
    ChooseRedis(config.cache.providers, config.redis);
    const bool files = config.database.kind == sql::StoreKind::kSqlite;
    config.cache.ChooseStore(files, config.redis.is_set());
    root.Check(config.database.Validate());
    root.Check(config.redis.Validate());
    root.Check(config.cache.Validate());
    root.Check(config.cache.CheckStore(files, config.redis.is_set()));
  });
}

}  // namespace weir::cache
