#pragma once

#include <string>
#include <vector>

#include "common/config/reader.h"
#include "common/http/ops_server.h"
#include "common/process/profile.h"
#include "common/rpc/config.h"

namespace weir::process {

// What the files of all services have in common. Read once at start.
struct HostConfig {
  Profile profile = Profile::kProd;
  LogConfig log;
  // SQLite files. Empty where a database server keeps what lasts.
  std::string data_directory;
  // Master key and pepper; in profile dev made where they are missing.
  std::string secrets_directory;
  rpc::RpcConfig rpc;
  rpc::AdminServerOptions admin;
  http::OpsServer::Options ops;
  // Where identity is, which knows admin tokens. Empty: it is this process.
  std::vector<std::string> identity;
  // How long calls that are under way may take at the end: 0 to 10m.
  Duration drain = std::chrono::seconds(10);
};

// `ops_port`: the default. `asks_identity`: services.identity is required.
void ReadHost(config::Reader& root, uint16_t ops_port, bool asks_identity, HostConfig& config);

}  // namespace weir::process
