#include "apps/standalone/config_sections.h"

#include <boost/asio/ip/address.hpp>

#include "common/rpc/admin_address.h"
#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::standalone {
namespace {

using config::Reader;

struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

// "127.0.0.1:8080", "[::]:8443", "localhost:8080".
std::optional<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> port = text::ParseUint64(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != bracketed || !port || *port > 65535) return std::nullopt;
  return Endpoint{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

bool IsEndpoint(std::string_view text) { return ParseEndpoint(text).has_value(); }

void ReadEndpoint(Reader& reader, bool required, std::string* host, uint16_t* port) {
  std::string text = required ? "" : fmt::format("{}:{}", *host, *port);
  const bool given = reader.String("address", &text,
                                   {.required = required,
                                    .want = "IP:PORT, such as 127.0.0.1:8080 or [::]:8080",
                                    .accept = IsEndpoint});
  if (!given) return;
  Endpoint endpoint = *ParseEndpoint(text);
  *host = std::move(endpoint.host);
  *port = endpoint.port;
}

void ReadListenerTls(Reader& reader, edge::ListenerTls& tls) {
  reader.String("certificate", &tls.certificate_file, {.want = "the path of a PEM file"});
  reader.String("key", &tls.key_file, {.want = "the path of a PEM file"});
  reader.Bool("self_signed", &tls.self_signed);
}

void ReadListener(Reader& reader, edge::ListenerConfig& listener) {
  reader.String("name", &listener.name);
  ReadEndpoint(reader, /*required=*/true, &listener.host, &listener.port);
  std::optional<edge::ListenerTls> tls;
  if (!reader.Optional("tls", &tls, ReadListenerTls)) return;
  listener.tls = *std::move(tls);
  listener.tls.enabled = true;
}

void ReadOps(Reader& reader, edge::EdgeConfig& config) {
  ReadEndpoint(reader, /*required=*/false, &config.ops_host, &config.ops_port);
}

void ReadAuth(Reader& reader, edge::EdgeConfig& config) {
  reader.Enum("mode", &config.open_auth, {{"required", false}, {"open", true}});
}

void ReadAddressLimit(Reader& reader, edge::EdgeConfig& config) {
  reader.Double("requests_per_second", &config.address_requests_per_second);
  reader.Int("burst", &config.address_burst);
}

void ReadTimeouts(Reader& reader, edge::HttpLimits& http) {
  reader.Duration("handshake", &http.handshake);
  reader.Duration("head", &http.head);
  reader.Duration("body", &http.body);
  reader.Duration("body_total", &http.body_total);
  reader.Duration("keep_alive", &http.keep_alive);
  reader.Duration("write", &http.write);
}

void ReadEdgeSection(Reader& reader, edge::EdgeConfig& config) {
  reader.Int("loops", &config.loops);
  reader.Bytes("max_body", &config.max_body_bytes);
  reader.Bytes("max_answer_buffer", &config.max_answer_buffer_bytes);
  reader.Int("max_concurrent_requests", &config.max_concurrent_requests);
  reader.Section("address_limit", &config, ReadAddressLimit);
  reader.Int("identity_cache", &config.identity_cache_entries);
  reader.Duration("identity_grace", &config.identity_grace);
  reader.Duration("drain", &config.drain);
  reader.Strings("trusted_proxies", &config.trusted_proxies);
  reader.Strings("forward_headers", &config.forward_headers);
  reader.Section("timeouts", &config.http, ReadTimeouts);
}

// A variable that other programs read too, in capitals or not; empty where it is not set.
std::string Find(const config::Environment& environment, std::string_view name) {
  auto found = environment.find(name);
  if (found == environment.end()) found = environment.find(text::ToLower(name));
  return found == environment.end() ? "" : found->second;
}

void TakeProxy(Reader& reader, const config::Environment& environment, edge::EdgeConfig& config) {
  const std::string proxy = Find(environment, "HTTPS_PROXY");
  if (proxy.empty()) return;
  if (!edge::IsProxyUrl(proxy)) {
    // Not its value: there may be a password in it.
    reader.Fault("https_proxy",
                 fmt::format("is taken from HTTPS_PROXY, which is not {}", edge::kProxyUrlForm));
    return;
  }
  config.egress_https_proxy = proxy;
}

void TakeNoProxy(const config::Environment& environment, edge::EdgeConfig& config) {
  const std::string names = Find(environment, "NO_PROXY");
  for (std::string_view each : text::Split(names, ',')) {
    if (const std::string_view name = text::Trim(each); !name.empty()) {
      config.egress_no_proxy.emplace_back(name);
    }
  }
}

void ReadEgress(Reader& reader, const config::Environment& environment, edge::EdgeConfig& config) {
  reader.Strings("allow", &config.egress_allow);
  reader.Bool("allow_plaintext", &config.egress_allow_plaintext);
  // Also an empty one is the file's word.
  if (!reader.String("https_proxy", &config.egress_https_proxy)) {
    TakeProxy(reader, environment, config);
  }
  if (!reader.Strings("no_proxy", &config.egress_no_proxy)) TakeNoProxy(environment, config);
  reader.String("ca_file", &config.egress_ca_file, {.want = "the path of a PEM file"});
}

struct AdminTls {
  std::string certificate;
  std::string key;
};

void ReadAdminTls(Reader& reader, AdminTls& tls) {
  reader.String("certificate", &tls.certificate,
                {.required = true, .want = "the path of a PEM file"});
  reader.String("key", &tls.key, {.required = true, .want = "the path of a PEM file"});
}

bool IsAdminAddress(std::string_view text) {
  return rpc::CheckAdminAddress(text, /*tls=*/true).ok();
}

}  // namespace

void ReadEdge(Reader& root, const config::Environment& environment, edge::EdgeConfig& config) {
  config.listeners = {{.name = "public"}};
  root.List("listeners", &config.listeners, ReadListener);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    std::string& name = config.listeners[i].name;
    if (name.empty()) name = fmt::format("listeners[{}]", i);
  }
  root.Section("ops", &config, ReadOps);
  root.Section("auth", &config, ReadAuth);
  root.Section("edge", &config, ReadEdgeSection);
  root.Section("egress", &config, [&](Reader& egress, edge::EdgeConfig& read) {
    ReadEgress(egress, environment, read);
  });
}

void ReadIdentity(Reader& section, identity::IdentityConfig& config) {
  section.Int("max_keys_per_organization", &config.max_keys_per_organization);
  section.Int("max_admin_tokens", &config.max_admin_tokens);
  section.String("default_organization", &config.default_organization);
  section.Duration("heartbeat", &config.heartbeat);
}

void ReadQuota(Reader& section, quota::QuotaConfig& config) {
  section.Duration("hold_ttl", &config.hold_ttl);
  section.Duration("replay_retention", &config.replay_retention);
  section.Int("replay_records", &config.replay_records);
  section.Int("ledger_queue", &config.ledger_queue);
  section.Int("ledger_batch", &config.ledger_batch);
  section.Duration("ledger_linger", &config.ledger_linger);
  section.Int("learned_models", &config.learned_models);
}

void ReadRouting(Reader& section, routing::RoutingConfig& config) {
  section.Duration("default_suspend", &config.default_suspend);
  section.Int("max_attempts", &config.max_attempts);
  section.Duration("health_memory", &config.health_memory);
  section.Int("tables_kept", &config.tables_kept);
}

void ReadAdmin(Reader& section, rpc::AdminServerOptions& admin) {
  section.String("address", &admin.address,
                 {.want = "HOST:PORT or unix:PATH", .accept = IsAdminAddress});
  std::optional<AdminTls> tls;
  if (!section.Optional("tls", &tls, ReadAdminTls)) return;
  admin.tls_certificate_file = tls->certificate;
  admin.tls_key_file = tls->key;
}

}  // namespace weir::standalone
