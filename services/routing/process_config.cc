#include "services/routing/process_config.h"

namespace weir::routing {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9123, /*asks_identity=*/true, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("redis", &config.redis, redis::ReadRedis);
    root.Section("routing", &config.routing, ReadRouting);
    root.Check(config.database.Validate());
    root.Check(config.redis.Validate());
    root.Check(config.routing.Validate());
  });
}

}  // namespace weir::routing
