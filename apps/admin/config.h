#pragma once

#include <string>

#include "common/config/reader.h"
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
  // May be empty: a suite without that service.
  std::string guardrails;
  std::string cache;
  // Towards them. The CA alone is enough; a certificate of one's own is shown where it is there.
  rpc::PeerTls tls;
  http::OpsServer::Options ops = {.port = 9124};
};

// Reads the file's keys and checks what they mean together.
void ReadAdminConfig(config::Reader& root, AdminConfig& config);

}  // namespace weir::admin
