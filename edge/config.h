#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "edge/http/connection.h"
#include "edge/upstream/dialer.h"

namespace weir::edge {

// TLS of a listener: files, or a certificate that weir makes for itself (dev and first steps).
struct ListenerTls {
  bool enabled = false;
  std::string certificate_file;  // PEM, the chain.
  std::string key_file;          // PEM.
  bool self_signed =
      false;  // Made at start, kept in memory, for localhost and the listener's address.
};

struct ListenerConfig {
  std::string name;                // For logs: "public".
  std::string host = "127.0.0.1";  // An IP address.
  uint16_t port = 8080;            // 0: any.
  ListenerTls tls;
};

// The `edge` section and what belongs to it. Read once at start.
struct EdgeConfig {
  std::vector<ListenerConfig> listeners;  // At least one.
  std::string ops_host = "127.0.0.1";     // /livez /readyz /healthz /metrics.
  uint16_t ops_port = 9094;
  int loops = 0;                              // Event loops; 0: half the cores, at least 1.
  bool open_auth = false;                     // auth.mode: open. Only in profile dev.
  std::string open_organization = "default";  // Whose the callers are that are let in unasked.
  size_t max_body_bytes = 16 << 20;           // Request body; 1 KiB to 64 MiB.
  size_t max_answer_buffer_bytes = 8
                                   << 20;  // Of an answer that is read whole before it is sent on.
  int max_concurrent_requests = 4096;      // Each process; beyond: 503 "server overloaded".
  double address_requests_per_second =
      0;  // Before authentication, each client address, of all loops together; 0: no limit.
  int address_burst = 100;
  size_t identity_cache_entries = 10'000;
  Duration identity_grace = std::chrono::seconds(60);
  Duration drain = std::chrono::seconds(30);  // Open answers may finish within it.
  std::vector<std::string> trusted_proxies;   // CIDR: whose X-Forwarded-For counts.
  std::vector<std::string>
      forward_headers;           // Request headers that go upstream beside the usual ones.
  std::string outbox_directory;  // Made where it is missing.
  HttpLimits http;
  std::vector<std::string> egress_allow;  // CIDR: addresses inside that may be called.
  bool egress_allow_plaintext = false;    // http:// upstreams.
  std::string egress_https_proxy;
  std::vector<std::string> egress_no_proxy;
  std::string egress_ca_file;

  // Every fault at once, by the key that an operator edits.
  absl::Status Validate() const;
};

// Whether https can go through the proxy at `url`.
bool IsProxyUrl(std::string_view url);
inline constexpr std::string_view kProxyUrlForm = "http://HOST:PORT, without user and password";

}  // namespace weir::edge
