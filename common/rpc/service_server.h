#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/rpc/peer_tls.h"
#include "common/rpc/service_registry.h"
#include "common/time/clock.h"

namespace weir::rpc {

struct ServiceServerOptions {
  // "0.0.0.0:9102", "unix:/run/weir/quota.sock". Port 0: any free one. Without TLS only addresses
  // of this machine.
  std::string address;
  PeerTls tls;
  std::string version;
  // Of what the answers stand on; replicas of a service that have the same share a store.
  std::string store_id;
  // Items of one pipe under way; more are refused.
  size_t max_in_flight = 4096;
  // Pipes, streams and unary calls at once; more are refused.
  size_t max_calls = 10'000;
};

// Whether the process that shows a certificate for `peer` ("edge.weir"; empty: plaintext, on this
// machine) may call `method` of `service`. kPermissionDenied: it may not.
using AccessCheck = std::function<absl::Status(std::string_view peer, std::string_view service,
                                               std::string_view method)>;

// The gRPC face of hot services: unary calls, server streams, and the pipe over the same handlers,
// which run on one event loop.
class ServiceServer {
 public:
  struct Deps {
    asio::io_context& io;  // All must outlive the server; runs on one thread.
    const ServiceRegistry& registry;
    const Clock& clock;
    AccessCheck access;  // Unset: everybody may.
  };
  // Listens. kUnavailable: the address is taken; kInvalidArgument: TLS files that cannot be used,
  // or plaintext beyond this machine.
  static absl::StatusOr<std::unique_ptr<ServiceServer>> Start(ServiceServerOptions options,
                                                              Deps deps);
  // Shutdown(0), where nobody did.
  ~ServiceServer();

  // Says goodbye on all pipes, opens no others, ends the streams, waits until everything is
  // answered, `grace` at most, then breaks off. Blocks, while the loop runs on another thread.
  // Once.
  void Shutdown(Duration grace);

  // Tells all pipes that are open; `subject` empty: it is about everything of its kind. On the
  // loop's thread.
  void Notify(std::string_view kind, std::string_view subject);

  // 0 for a Unix socket.
  int port() const;

 private:
  class Impl;
  explicit ServiceServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace weir::rpc
