#include "services/identity/process_config.h"

namespace weir::identity {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9121, /*asks_identity=*/false, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("identity", &config.identity, ReadIdentity);
    config.identity.short_keys = config.host.profile == process::Profile::kDev;
    root.Check(config.database.Validate());
    root.Check(config.identity.Validate());
  });
}

}  // namespace weir::identity
