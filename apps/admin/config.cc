#include "apps/admin/config.h"

#include "common/config/config_errors.h"
#include "common/config/endpoint.h"
#include "common/rpc/address.h"
#include "common/text/excerpt.h"
#include "edge/config_sections.h"

namespace weir::admin {
namespace {

using config::Reader;

bool IsAddress(std::string_view text) { return rpc::CheckAddress(text, /*tls=*/true).ok(); }

void ReadService(Reader& section, std::string& address) {
  section.String("admin", &address,
                 {.required = true, .want = "HOST:PORT or unix:PATH", .accept = IsAddress});
}

void ReadOptionalService(Reader& section, std::string& address) {
  section.String("admin", &address, {.want = "HOST:PORT or unix:PATH", .accept = IsAddress});
}

void ReadServices(Reader& section, AdminConfig& config) {
  section.Section("identity", &config.identity, ReadService);
  section.Section("quota", &config.quota, ReadService);
  section.Section("routing", &config.routing, ReadService);
  section.Section("guardrails", &config.guardrails, ReadOptionalService);
  section.Section("cache", &config.cache, ReadOptionalService);
}

void ReadTls(Reader& section, rpc::PeerTls& tls) {
  section.String("ca", &tls.ca_file, {.required = true, .want = "the path of a PEM file"});
  section.String("certificate", &tls.certificate_file, {.want = "the path of a PEM file"});
  section.String("key", &tls.key_file, {.want = "the path of a PEM file"});
}

void ReadRpc(Reader& section, rpc::PeerTls& tls) {
  std::optional<rpc::PeerTls> given;
  if (section.Optional("tls", &given, ReadTls)) tls = *std::move(given);
}

void ReadOps(Reader& section, http::OpsServer::Options& ops) {
  config::ReadEndpoint(section, /*required=*/false, &ops.host, &ops.port);
}

absl::Status CheckServices(const AdminConfig& config) {
  config::ConfigErrors errors("");
  const auto check = [&](std::string_view key, const std::string& address) {
    if (address.empty() || !config.tls.ca_file.empty()) return;  // Said already, or safe.
    if (rpc::CheckAddress(address, /*tls=*/false).ok()) return;
    errors.Add(key, fmt::format("is '{}' without rpc.tls, want a loopback address, a Unix socket, "
                                "or TLS: tokens would cross the network in the clear",
                                text::Excerpt(address)));
  };
  check("services.identity.admin", config.identity);
  check("services.quota.admin", config.quota);
  check("services.routing.admin", config.routing);
  check("services.guardrails.admin", config.guardrails);
  check("services.cache.admin", config.cache);
  if (config.tls.certificate_file.empty() != config.tls.key_file.empty()) {
    errors.Add("rpc.tls", "has a certificate or a key alone, want both or neither");
  }
  return errors.ToStatus();
}

absl::Status CheckProfile(const AdminConfig& config) {
  config::ConfigErrors errors("");
  const auto check = [&errors](std::string_view key, const std::string& host) {
    if (edge::IsLoopback(host)) return;
    errors.Add(key, fmt::format("is {}, want a loopback address in profile dev", host));
  };
  if (config.profile == process::Profile::kDev) {
    check("door.address", config.door.listener.host);
    check("ops.address", config.ops.host);
  }
  return errors.ToStatus();
}

}  // namespace

void ReadAdminConfig(Reader& root, AdminConfig& config) {
  process::ReadProfile(root, &config.profile);
  root.Section("log", &config.log, process::ReadLog);
  root.Section("door", &config.door, edge::ReadDoor);
  root.Section("services", &config, ReadServices);
  root.Section("rpc", &config.tls, ReadRpc);
  root.Section("ops", &config.ops, ReadOps);
  root.Check(config.door.Validate());
  root.Check(CheckServices(config));
  root.Check(CheckProfile(config));
}

}  // namespace weir::admin
