#include "edge/config_sections.h"

#include <fmt/ranges.h>

#include <boost/asio/ip/address.hpp>

#include "common/config/config_errors.h"
#include "common/config/endpoint.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::edge {
namespace {

using config::ReadEndpoint;
using config::Reader;

void ReadTls(Reader& reader, ListenerTls& tls) {
  reader.String("certificate", &tls.certificate_file, {.want = "the path of a PEM file"});
  reader.String("key", &tls.key_file, {.want = "the path of a PEM file"});
  reader.Bool("self_signed", &tls.self_signed);
}

void ReadListener(Reader& reader, ListenerConfig& listener) {
  reader.String("name", &listener.name);
  ReadEndpoint(reader, /*required=*/true, &listener.host, &listener.port);
  ReadListenerTls(reader, listener);
}

void ReadOps(Reader& reader, EdgeConfig& config) {
  ReadEndpoint(reader, /*required=*/false, &config.ops_host, &config.ops_port);
}

void ReadAuth(Reader& reader, EdgeConfig& config) {
  reader.Enum("mode", &config.open_auth, {{"required", false}, {"open", true}});
}

void ReadAddressLimit(Reader& reader, EdgeConfig& config) {
  reader.Double("requests_per_second", &config.address_requests_per_second);
  reader.Int("burst", &config.address_burst);
}

void ReadTimeouts(Reader& reader, HttpLimits& http) {
  reader.Duration("handshake", &http.handshake);
  reader.Duration("head", &http.head);
  reader.Duration("body", &http.body);
  reader.Duration("body_total", &http.body_total);
  reader.Duration("keep_alive", &http.keep_alive);
  reader.Duration("write", &http.write);
}

void ReadEdgeSection(Reader& reader, EdgeConfig& config) {
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

void TakeProxy(Reader& reader, const config::Environment& environment, EdgeConfig& config) {
  const std::string proxy = Find(environment, "HTTPS_PROXY");
  if (proxy.empty()) return;
  if (!IsProxyUrl(proxy)) {
    // Not its value: there may be a password in it.
    reader.Fault("https_proxy",
                 fmt::format("is taken from HTTPS_PROXY, which is not {}", kProxyUrlForm));
    return;
  }
  config.egress_https_proxy = proxy;
}

void TakeNoProxy(const config::Environment& environment, EdgeConfig& config) {
  const std::string names = Find(environment, "NO_PROXY");
  for (std::string_view each : text::Split(names, ',')) {
    if (const std::string_view name = text::Trim(each); !name.empty()) {
      config.egress_no_proxy.emplace_back(name);
    }
  }
}

void ReadEgress(Reader& reader, const config::Environment& environment, EdgeConfig& config) {
  reader.Strings("allow", &config.egress_allow);
  reader.Bool("allow_plaintext", &config.egress_allow_plaintext);
  // Also an empty one is the file's word.
  if (!reader.String("https_proxy", &config.egress_https_proxy)) {
    TakeProxy(reader, environment, config);
  }
  if (!reader.Strings("no_proxy", &config.egress_no_proxy)) TakeNoProxy(environment, config);
  reader.String("ca_file", &config.egress_ca_file, {.want = "the path of a PEM file"});
}

constexpr std::string_view kWantLoopback = "a loopback address in profile dev";

}  // namespace

bool IsLoopback(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

absl::Status CheckProfile(bool is_dev, const EdgeConfig& config) {
  config::ConfigErrors errors("");
  if (!is_dev) {
    if (config.open_auth) errors.Add("auth.mode", "is open, want required unless profile is dev");
    return errors.ToStatus();
  }
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string& host = config.listeners[i].host;
    if (IsLoopback(host)) continue;
    errors.Add(fmt::format("listeners[{}].address", i),
               fmt::format("listens on {}, want {}", host, kWantLoopback));
  }
  if (!IsLoopback(config.ops_host)) {
    errors.Add("ops.address",
               fmt::format("listens on {}, want {}", config.ops_host, kWantLoopback));
  }
  return errors.ToStatus();
}

void ReadListenerTls(Reader& reader, ListenerConfig& listener) {
  std::optional<ListenerTls> tls;
  if (!reader.Optional("tls", &tls, ReadTls)) return;
  listener.tls = *std::move(tls);
  listener.tls.enabled = true;
}

void ReadEdge(Reader& root, const config::Environment& environment, EdgeConfig& config) {
  config.listeners = {{.name = "public"}};
  root.List("listeners", &config.listeners, ReadListener);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    std::string& name = config.listeners[i].name;
    if (name.empty()) name = fmt::format("listeners[{}]", i);
  }
  root.Section("ops", &config, ReadOps);
  root.Section("auth", &config, ReadAuth);
  root.Section("edge", &config, ReadEdgeSection);
  root.Section("egress", &config,
               [&](Reader& egress, EdgeConfig& read) { ReadEgress(egress, environment, read); });
}

void ShowProxy(const EdgeConfig& config, config::Settings& settings) {
  for (config::Setting& each : settings) {
    if (each.path == "egress.https_proxy" && each.value.empty() &&
        !config.egress_https_proxy.empty()) {
      each = {each.path, text::Excerpt(config.egress_https_proxy, 256), "HTTPS_PROXY"};
    } else if (each.path == "egress.no_proxy" && each.value.empty() &&
               !config.egress_no_proxy.empty()) {
      const std::string names = fmt::format("{}", fmt::join(config.egress_no_proxy, ", "));
      each = {each.path, text::Excerpt(names, 256), "NO_PROXY"};
    }
  }
}

}  // namespace weir::edge
