#pragma once

#include <string>

#include "common/config/environment.h"
#include "common/config/settings.h"
#include "common/http/ops_server.h"
#include "common/process/profile.h"
#include "common/rpc/peer_tls.h"
#include "edge/admin/door_config.h"

namespace weir::admin {

// The whole file of `weir-admin --config FILE`. Read once at start.
struct AdminConfig {
  process::Profile profile = process::Profile::kProd;
  process::LogConfig log;
  edge::DoorConfig door;
  // Admin ports: "identity:9111".
  std::string identity;
  std::string quota;
  std::string routing;
  // Towards them. The CA alone is enough; a certificate of one's own is shown where it is there.
  rpc::PeerTls tls;
  http::OpsServer::Options ops = {.port = 9124};
  config::Settings settings;  // Every key with where its value came from.
};

// kNotFound: no such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<AdminConfig> LoadAdminConfig(const std::string& path,
                                            const config::Environment& environment);
// The same for a file that is read already.
absl::StatusOr<AdminConfig> ParseAdminConfig(std::string file, std::string text,
                                             const config::Environment& environment);

}  // namespace weir::admin
