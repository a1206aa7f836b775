#pragma once

#include "common/process/host_config.h"
#include "common/process/program.h"
#include "common/redis/config.h"
#include "common/sql/config.h"
#include "services/cache/config.h"

namespace weir::cache {

// The file of weir-cache. Read once at start; does not change while running.
struct ProcessConfig {
  process::HostConfig host;
  sql::DatabaseConfig database;
  CacheConfig cache;
  // Where replicas share answers. Not set: each knows its own alone.
  redis::RedisConfig redis;
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadProcessConfig(const std::string& path,
                                                   const config::Environment& environment,
                                                   ProcessConfig& config);

}  // namespace weir::cache
