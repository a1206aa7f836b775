#pragma once

#include <string>
#include <vector>

#include "common/config/reader.h"
#include "common/rpc/admin_server.h"
#include "common/rpc/peer_tls.h"

namespace weir::rpc {

// Reads the `admin` section: where the admin port is.
void ReadAdmin(config::Reader& section, AdminServerOptions& admin);

// Where hot calls are served, and how this process shows who it is.
struct RpcConfig {
  std::string address;  // HOST:PORT or unix:PATH. Empty: nothing is served.
  PeerTls tls;
};
// Reads the `rpc` section. `serves`: an address is required.
void ReadRpc(config::Reader& section, bool serves, RpcConfig& rpc);

// Reads `address` of a service that is called: HOST:PORT or unix:PATH, or several, with commas.
void ReadServiceAddresses(config::Reader& section, std::vector<std::string>& addresses);

// What must hold between them: plaintext stays on this machine. Faults by key.
absl::Status CheckAdmin(const AdminServerOptions& admin);
absl::Status CheckRpc(const RpcConfig& rpc);

}  // namespace weir::rpc
