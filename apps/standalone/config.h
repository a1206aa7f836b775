#pragma once

#include <string>

#include "common/config/load.h"
#include "common/log/log.h"
#include "common/process/profile.h"
#include "common/redis/config.h"
#include "common/rpc/admin_server.h"
#include "common/sql/config.h"
#include "common/status/status.h"
#include "edge/config.h"
#include "services/cache/config.h"
#include "services/guardrails/config.h"
#include "services/identity/config.h"
#include "services/quota/config.h"
#include "services/routing/config.h"

namespace weir::standalone {

using process::Profile;

// The whole file of `weir --config FILE`. Read once at start; does not change while running.
struct StandaloneConfig {
  Profile profile = Profile::kProd;
  // SQLite files, outboxes, the admin token's file. Made where missing (0700). With PostgreSQL the
  // latter two.
  std::string data_directory;
  // Master key and pepper. Made where missing (0700); neither the data directory nor inside it.
  std::string secrets_directory;
  std::string bootstrap;  // A file or folder of documents, applied at start; empty: none.
  process::LogConfig log;
  sql::DatabaseConfig database;
  redis::RedisConfig redis;
  edge::EdgeConfig edge;
  identity::IdentityConfig identity;
  quota::QuotaConfig quota;
  routing::RoutingConfig routing;
  guardrails::GuardrailsConfig guardrails;
  cache::CacheConfig cache;
  rpc::AdminServerOptions admin;
  config::Settings settings;  // Every key with where its value came from.
};

// Reads the file at `path`. `environment` has the WEIR_* overrides, what the file refers to by
// fromEnv, and HTTPS_PROXY and NO_PROXY, which hold where the file has no egress.https_proxy and
// egress.no_proxy. Relative paths start at the working directory.
//
// kNotFound: no such file. kInvalidArgument: every fault, a line each ("weir.yaml:7: quota.hold_ttl
// is 2h, want 30s to 10m").
absl::StatusOr<StandaloneConfig> LoadStandaloneConfig(const std::string& path,
                                                      const config::Environment& environment);

// The same for a file that is read already.
absl::StatusOr<StandaloneConfig> ParseStandaloneConfig(const config::Input& input);

// A line a key: "log.level = debug  # WEIR_LOG_LEVEL". Secrets are "***".
std::string DescribeConfig(const StandaloneConfig& config);

}  // namespace weir::standalone
