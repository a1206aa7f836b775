#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config_errors.h"
#include "common/status/status.h"
#include "edge/http/connection.h"
#include "edge/upstream/dialer.h"

namespace weir::edge {

// TLS of a listener: files, or a certificate that weir makes for itself (dev and first steps).
struct ListenerTls {
  bool enabled = false;
  std::string certificate_file;  // PEM, the chain.
  std::string key_file;          // PEM.
  // Made at start, kept in memory, for localhost and the listener's address.
  bool self_signed = false;
};

struct ListenerConfig {
  std::string name;                // For logs: "public".
  std::string host = "127.0.0.1";  // An IP address.
  uint16_t port = 8080;            // 0: any.
  ListenerTls tls;
};

// The `edge` section and what belongs to it. Read once at start; does not change while running.
struct EdgeConfig {
  std::vector<ListenerConfig> listeners;  // At least one.
  std::string ops_host = "127.0.0.1";     // /livez /readyz /healthz /metrics.
  uint16_t ops_port = 9094;
  int loops = 0;           // Event loops, 0 to 256; 0: half the cores, at least 1.
  bool open_auth = false;  // auth.mode: open. Only in profile dev.
  // Whose the callers are that are let in unasked.
  std::string open_organization = "default";
  // Bytes of a request's body: 1 KiB to 64 MiB.
  size_t max_body_bytes = 16 << 20;
  // Bytes of an answer that is read whole before it is sent on: 1 KiB to 256 MiB.
  size_t max_answer_buffer_bytes = 8 << 20;
  // Of the process, 1 to 1,000,000; beyond: 503 "server overloaded".
  int max_concurrent_requests = 4096;
  // Before authentication, of each client address, of all loops together: 0 to 1e6; 0: no limit.
  double address_requests_per_second = 0;
  int address_burst = 100;                 // 1 to 1,000,000.
  size_t identity_cache_entries = 10'000;  // Of each loop, 1 to 10,000,000.
  // How long known keys go on while identity cannot be asked: 0 to 24h.
  Duration identity_grace = std::chrono::seconds(60);
  Duration drain = std::chrono::seconds(30);  // Open answers may finish within it: 0 to 1h.
  std::vector<std::string> trusted_proxies;   // CIDR: whose X-Forwarded-For counts.
  // Request headers that go upstream beside the usual ones.
  std::vector<std::string> forward_headers;
  std::string outbox_directory;           // Made where it is missing.
  HttpLimits http;                        // Each time 100ms to 1h.
  std::vector<std::string> egress_allow;  // CIDR: addresses inside that may be called.
  bool egress_allow_plaintext = false;    // http:// upstreams.
  std::string egress_https_proxy;         // kProxyUrlForm. Empty: none.
  // Host names and suffixes (".corp") that bypass it.
  std::vector<std::string> egress_no_proxy;
  std::string egress_ca_file;  // PEM, beside the system's roots. Empty: none.

  // kInvalidArgument: every fault at once, by the key that an operator edits.
  absl::Status Validate() const;
};

// Adds what is wrong with the `tls` of a listener, which is at `key`.
void CheckListenerTls(const std::string& key, const ListenerTls& tls, config::ConfigErrors& errors);

// Whether https can go through the proxy at `url`.
bool IsProxyUrl(std::string_view url);
inline constexpr std::string_view kProxyUrlForm = "http://HOST:PORT, without user and password";

}  // namespace weir::edge
