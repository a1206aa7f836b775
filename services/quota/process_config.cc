#include "services/quota/process_config.h"

#include "services/quota/redis_hot_state.h"

namespace weir::quota {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9122, /*asks_identity=*/true, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("redis", &config.redis, redis::ReadRedis);
    root.Section("quota", &config.quota, ReadQuota);
    config.quota.ChooseStore(config.redis.is_set());
    root.Check(config.database.Validate());
    root.Check(config.redis.Validate());
    root.Check(config.quota.Validate());
    root.Check(CheckStore(config.quota, config.redis));
  });
}

}  // namespace weir::quota
