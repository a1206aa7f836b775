#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/resolver.h"
#include "common/text/base_url.h"
#include "edge/http/deadlines.h"
#include "edge/http/transport.h"
#include "edge/upstream/address_policy.h"

namespace weir::edge {

// How weir leaves the machine.
struct EgressOptions {
  // Addresses inside (loopback, private) that may be called.
  AddressSet allow;
  // http:// upstreams are permitted.
  bool allow_plaintext = false;
  // "http://proxy.corp:3128": https goes through it by CONNECT. Empty: none.
  std::string https_proxy;
  // Host names and suffixes (".corp") that bypass the proxy.
  std::vector<std::string> no_proxy;
  // PEM file with roots beside the system's. Empty: the system's.
  std::string ca_file;
  // How names become addresses. Empty: the system's way.
  Resolver::LookUp look_up;
};

// Opens connections to upstreams under the egress rules: resolve, check every address, connect to a
// checked address. One per loop, used on its thread alone.
class Dialer {
 public:
  // `deadlines` and `loop` must outlive the dialer. kInvalidArgument: the proxy's URL or `ca_file`
  // cannot be used.
  static absl::StatusOr<std::unique_ptr<Dialer>> Create(asio::io_context& loop,
                                                        Deadlines& deadlines,
                                                        EgressOptions options);

  // Connected and, for https, verified, within `wait`. kUnavailable: no connection;
  // kDeadlineExceeded: `wait` is over; kPermissionDenied: the rules forbid it. `tls` is from
  // NewTlsContext and must outlive the transport; null for http. Without `verify` neither chain nor
  // name is checked.
  asio::awaitable<absl::StatusOr<std::unique_ptr<Transport>>> Connect(text::BaseUrl url,
                                                                      asio::ssl::context* tls,
                                                                      bool verify, Duration wait);

  // Client-side TLS settings with the system's roots, `ca_file` and `ca_pem` (text; may be empty).
  // kInvalidArgument: the PEM has no certificate.
  absl::StatusOr<std::shared_ptr<asio::ssl::context>> NewTlsContext(
      const std::string& ca_pem) const;

 private:
  Dialer(asio::io_context& loop, Deadlines& deadlines, EgressOptions options);
  struct Attempt;
  // Asks the proxy for a way to `url`; afterwards the socket speaks to it.
  static asio::awaitable<absl::Status> Tunnel(Socket* socket, const text::BaseUrl* url,
                                              Attempt* attempt);
  bool UsesProxy(const text::BaseUrl& url) const;

  asio::io_context& loop_;
  Deadlines& deadlines_;
  EgressOptions options_;
  AddressPolicy policy_;
  std::optional<text::BaseUrl> proxy_;
  Resolver resolver_;
};

}  // namespace weir::edge
