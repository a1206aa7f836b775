#pragma once

#include "common/process/host_config.h"
#include "common/process/program.h"
#include "common/redis/config.h"
#include "common/sql/config.h"
#include "services/quota/config.h"

namespace weir::quota {

// The file of weir-quota. Read once at start; does not change while running.
struct ProcessConfig {
  process::HostConfig host;
  sql::DatabaseConfig database;
  redis::RedisConfig redis;
  QuotaConfig quota;
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config);

}  // namespace weir::quota
