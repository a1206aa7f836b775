#include "services/quota/process_config.h"

namespace weir::quota {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9122, /*asks_identity=*/true, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("quota", &config.quota, ReadQuota);
    root.Check(config.database.Validate());
    root.Check(config.quota.Validate());
  });
}

}  // namespace weir::quota
