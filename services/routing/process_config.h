#pragma once

#include "common/process/host_config.h"
#include "common/process/program.h"
#include "common/redis/config.h"
#include "common/sql/config.h"
#include "services/routing/config.h"

namespace weir::routing {

// The file of weir-routing. Read once at start; does not change while running.
struct ProcessConfig {
  process::HostConfig host;
  sql::DatabaseConfig database;
  RoutingConfig routing;
  // Where replicas share what is out. Not set: each knows what is reported to it alone.
  redis::RedisConfig redis;
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config);

}  // namespace weir::routing
