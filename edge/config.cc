#include "edge/config.h"

#include <algorithm>
#include <array>
#include <map>

#include "common/text/ascii.h"
#include "common/text/base_url.h"
#include "common/text/excerpt.h"
#include "edge/http/header_rules.h"
#include "edge/upstream/address_policy.h"

namespace weir::edge {
namespace {

using config::ConfigErrors;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr size_t kMaxHeaderName = 64;
constexpr std::string_view kWantCidr = "an address or CIDR, such as 10.0.0.0/8";

bool IsIp(const std::string& host) {
  ErrorCode error;
  asio::ip::make_address(host, error);
  return !error;
}

std::string Address(const std::string& host, uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

// The addresses that are listened on, each with the key that was first to name it.
class Addresses {
 public:
  explicit Addresses(ConfigErrors& errors) : errors_(errors) {}

  void Check(const std::string& key, const std::string& host, uint16_t port) {
    const std::string address = Address(host, port);
    if (!IsIp(host)) {
      errors_.Add(key, fmt::format("is '{}', want IP:PORT", text::Excerpt(address)));
      return;
    }
    if (port == 0) return;  // Whichever is free.
    const auto [before, fresh] = taken_.emplace(address, key);
    if (!fresh) errors_.Add(key, fmt::format("is '{}', as {} is already", address, before->second));
  }

 private:
  ConfigErrors& errors_;
  std::map<std::string, std::string> taken_;
};

void CheckListeners(const EdgeConfig& config, ConfigErrors& errors) {
  if (config.listeners.empty()) errors.Add("listeners", "is empty, want at least one");
  Addresses addresses(errors);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    const std::string key = fmt::format("listeners[{}]", i);
    addresses.Check(key + ".address", listener.host, listener.port);
    CheckListenerTls(key + ".tls", listener.tls, errors);
  }
  addresses.Check("ops.address", config.ops_host, config.ops_port);
}

void CheckCidrs(std::string_view key, const std::vector<std::string>& entries,
                ConfigErrors& errors) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (AddressSet::Parse({entries[i]}).ok()) continue;
    errors.Add(fmt::format("{}[{}]", key, i),
               fmt::format("is '{}', want {}", text::Excerpt(entries[i]), kWantCidr));
  }
}

void CheckForwardHeaders(const std::vector<std::string>& headers, ConfigErrors& errors) {
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string key = fmt::format("edge.forward_headers[{}]", i);
    const std::string name = text::ToLower(headers[i]);
    if (!IsToken(name) || name.size() > kMaxHeaderName) {
      errors.Add(key, fmt::format("is '{}', want the name of a header", text::Excerpt(headers[i])));
    } else if (IsNeverForwarded(name)) {
      errors.Add(key, fmt::format("is '{}', which never goes upstream", headers[i]));
    }
  }
}

void CheckBounds(const EdgeConfig& config, ConfigErrors& errors) {
  constexpr int64_t kKiB = 1 << 10;
  constexpr int64_t kMiB = 1 << 20;
  errors.InRange("edge.loops", int64_t{config.loops}, 0, 256);
  errors.SizeInRange("edge.max_body", static_cast<int64_t>(config.max_body_bytes), kKiB, 64 * kMiB);
  errors.SizeInRange("edge.max_answer_buffer", static_cast<int64_t>(config.max_answer_buffer_bytes),
                     kKiB, 256 * kMiB);
  errors.InRange("edge.max_concurrent_requests", int64_t{config.max_concurrent_requests}, 1,
                 1'000'000);
  errors.InRange("edge.address_limit.requests_per_second", config.address_requests_per_second, 0.0,
                 1e6);
  errors.InRange("edge.address_limit.burst", int64_t{config.address_burst}, 1, 1'000'000);
  errors.InRange("edge.identity_cache", static_cast<int64_t>(config.identity_cache_entries), 1,
                 10'000'000);
  errors.InRange("edge.identity_grace", config.identity_grace, Duration::zero(), hours(24));
  errors.InRange("edge.drain", config.drain, Duration::zero(), hours(1));
}

void CheckTimeouts(const HttpLimits& http, ConfigErrors& errors) {
  const auto check = [&](std::string_view key, Duration wait) {
    errors.InRange(fmt::format("edge.timeouts.{}", key), wait, milliseconds(100), hours(1));
  };
  check("handshake", http.handshake);
  check("head", http.head);
  check("body", http.body);
  check("body_total", http.body_total);
  check("keep_alive", http.keep_alive);
  check("write", http.write);
}

void CheckEgress(const EdgeConfig& config, ConfigErrors& errors) {
  CheckCidrs("egress.allow", config.egress_allow, errors);
  // Not the value: a URL with a password in it must not go into a log.
  if (!config.egress_https_proxy.empty() && !IsProxyUrl(config.egress_https_proxy)) {
    errors.Add("egress.https_proxy", fmt::format("is not {}", kProxyUrlForm));
  }
  for (size_t i = 0; i < config.egress_no_proxy.size(); ++i) {
    const std::string& each = config.egress_no_proxy[i];
    if (!each.empty() && each.find_first_of(" \t") == std::string::npos) continue;
    errors.Add(fmt::format("egress.no_proxy[{}]", i),
               fmt::format("is '{}', want a host name or a suffix such as .example.com",
                           text::Excerpt(each)));
  }
}

}  // namespace

void CheckListenerTls(const std::string& key, const ListenerTls& tls, ConfigErrors& errors) {
  if (!tls.enabled) return;
  const bool certificate = !tls.certificate_file.empty();
  const bool private_key = !tls.key_file.empty();
  if (tls.self_signed && (certificate || private_key)) {
    errors.Add(key + ".self_signed", "is true beside a certificate or key, want one of the two");
  } else if (certificate && !private_key) {
    errors.Add(key + ".key", fmt::format("is missing, but {}.certificate is set", key));
  } else if (private_key && !certificate) {
    errors.Add(key + ".certificate", fmt::format("is missing, but {}.key is set", key));
  } else if (!tls.self_signed && !certificate) {
    errors.Add(key, "has neither a certificate and key nor self_signed: true");
  }
}

bool IsProxyUrl(std::string_view url) {
  const absl::StatusOr<text::BaseUrl> parsed = text::ParseBaseUrl(url);
  return parsed.ok() && !parsed->tls && parsed->path.empty();
}

absl::Status EdgeConfig::Validate() const {
  ConfigErrors errors("");
  CheckListeners(*this, errors);
  CheckBounds(*this, errors);
  CheckTimeouts(http, errors);
  CheckCidrs("edge.trusted_proxies", trusted_proxies, errors);
  CheckForwardHeaders(forward_headers, errors);
  errors.NotEmpty("outbox directory", outbox_directory);
  CheckEgress(*this, errors);
  return errors.ToStatus();
}

}  // namespace weir::edge
