#include "common/process/host_config.h"

#include "common/config/endpoint.h"

namespace weir::process {
namespace {

void ReadOps(config::Reader& section, http::OpsServer::Options& ops) {
  config::ReadEndpoint(section, /*required=*/false, &ops.host, &ops.port);
}

void ReadServices(config::Reader& section, HostConfig& config) {
  section.Section("identity", &config.identity, rpc::ReadServiceAddresses);
}

}  // namespace

void ReadHost(config::Reader& root, uint16_t ops_port, bool asks_identity, HostConfig& config) {
  ReadProfile(root, &config.profile);
  root.Section("log", &config.log, ReadLog);
  root.String("data", &config.data_directory);
  root.String("secrets", &config.secrets_directory, {.required = true, .want = "a directory"});
  root.Duration("drain", &config.drain, {.max = std::chrono::minutes(10)});
  root.Section("rpc", &config.rpc, [](config::Reader& section, rpc::RpcConfig& rpc) {
    rpc::ReadRpc(section, /*serves=*/true, rpc);
  });
  root.Section("admin", &config.admin, rpc::ReadAdmin);
  config.ops.port = ops_port;
  root.Section("ops", &config.ops, ReadOps);
  if (asks_identity) root.Section("services", &config, ReadServices);
  root.Check(rpc::CheckRpc(config.rpc));
  root.Check(rpc::CheckAdmin(config.admin));
}

}  // namespace weir::process
