#include "services/guardrails/process_config.h"

namespace weir::guardrails {

absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config) {
  return process::ReadConfig(path, environment, [&config](config::Reader& root) {
    process::ReadHost(root, 9125, /*asks_identity=*/true, config.host);
    root.Section("database", &config.database, sql::ReadDatabase);
    root.Section("guardrails", &config.guardrails, ReadGuardrails);
    root.Check(config.database.Validate());
    root.Check(config.guardrails.Validate());
  });
}

}  // namespace weir::guardrails
