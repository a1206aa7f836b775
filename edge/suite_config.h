#pragma once

#include <string>

#include "common/api/remote_loop.h"
#include "common/process/program.h"
#include "edge/config.h"

namespace weir::edge {

// The file of weir-edge. Read once at start; does not change while running.
struct SuiteConfig {
  process::Profile profile = process::Profile::kProd;
  process::LogConfig log;
  std::string data_directory;     // Outboxes, the last routing table.
  std::string secrets_directory;  // The key that seals that table; made where it is missing.
  EdgeConfig edge;
  api::RemoteAddresses services;
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadSuiteConfig(const std::string& path,
                                                 const config::Environment& environment,
                                                 SuiteConfig& config);

}  // namespace weir::edge
