#include "edge/suite_config.h"

#include "common/rpc/config.h"
#include "edge/config_sections.h"

namespace weir::edge {
namespace {

using config::Reader;

// Of a service that need not be there.
void ReadOptionalService(Reader& section, std::string_view name,
                         std::vector<std::string>& addresses) {
  std::optional<std::vector<std::string>> read;
  if (section.Optional(name, &read, rpc::ReadServiceAddresses)) addresses = *std::move(read);
}

void ReadServices(Reader& section, api::RemoteAddresses& services) {
  section.Section("identity", &services.identity, rpc::ReadServiceAddresses);
  section.Section("quota", &services.quota, rpc::ReadServiceAddresses);
  section.Section("routing", &services.routing, rpc::ReadServiceAddresses);
  ReadOptionalService(section, "guardrails", services.guardrails);
  ReadOptionalService(section, "cache", services.cache);
}

void Read(Reader& root, const config::Environment& environment, SuiteConfig& config) {
  process::ReadProfile(root, &config.profile);
  root.String("data", &config.data_directory, {.required = true, .want = "a directory"});
  root.String("secrets", &config.secrets_directory, {.required = true, .want = "a directory"});
  root.Section("log", &config.log, process::ReadLog);
  ReadEdge(root, environment, config.edge);
  root.Section("services", &config.services, ReadServices);
  root.Bool("quota_leases", &config.services.leases);
  rpc::RpcConfig rpc;
  root.Section("rpc", &rpc, [](Reader& section, rpc::RpcConfig& read) {
    rpc::ReadRpc(section, /*serves=*/false, read);
  });
  config.services.tls = rpc.tls;
  config.edge.outbox_directory = config.data_directory + "/outbox";
  root.Check(CheckProfile(config.profile == process::Profile::kDev, config.edge));
  root.Check(config.edge.Validate());
}

}  // namespace

absl::StatusOr<config::Settings> ReadSuiteConfig(const std::string& path,
                                                 const config::Environment& environment,
                                                 SuiteConfig& config) {
  WEIR_ASSIGN_OR_RETURN(config::Settings settings,
                        process::ReadConfig(path, environment, [&](Reader& root) {
                          Read(root, environment, config);
                        }));
  ShowProxy(config.edge, settings);
  return settings;
}

}  // namespace weir::edge
