#pragma once

#include "common/process/host_config.h"
#include "common/process/program.h"
#include "common/sql/config.h"
#include "services/guardrails/config.h"

namespace weir::guardrails {

// The file of weir-guardrails. Read once at start; does not change while running.
struct ProcessConfig {
  process::HostConfig host;
  sql::DatabaseConfig database;
  GuardrailsConfig guardrails;
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config);

}  // namespace weir::guardrails
