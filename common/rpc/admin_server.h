#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/api/admin_call.h"
#include "common/async/worker_pool.h"
#include "common/rpc/admin_registry.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::rpc {

// What an AdminServer listens on and how much it takes in.
struct AdminServerOptions {
  // "127.0.0.1:9091", "[::1]:0", "unix:/run/weir/admin.sock". Port 0: the system picks one. Without
  // TLS only loopback and Unix sockets.
  std::string address = "127.0.0.1:9091";
  // PEM files of the certificate chain and its key. Both or neither; neither: plaintext.
  std::string tls_certificate_file;
  std::string tls_key_file;
  // PEM of the CA of weir's own processes: one that shows a certificate of it must be allowed to
  // administer (access_table.h). Others show none. Empty, or without TLS: nobody is asked.
  std::string peer_ca_file;
  // Calls at work at once; one more is RESOURCE_EXHAUSTED.
  int max_concurrent_calls = 64;
  // Bytes of a request; a larger one is RESOURCE_EXHAUSTED.
  int max_request_bytes = 4 << 20;
  // A caller that sends nothing for so long is cut off, so that silent callers cannot take all
  // places.
  Duration receive_timeout = std::chrono::seconds(60);
};

// Told of every call that may change something and of every refusal, before the answer leaves.
// `call` is empty where nobody was authenticated; `method` is bounded and printable. Called on
// several threads at once; must be quick.
using AdminCallObserver = std::function<void(const api::AdminCall& call, std::string_view method,
                                             const absl::Status& status, Duration took)>;

// Serves a registry over gRPC: every method of it, by the descriptors, behind one check of the
// bearer token (`authorization: Bearer wa_...`) that comes before a byte of the request is read.
//
// Open to everybody is only grpc.health.v1.Health. Reflection (v1 and v1alpha) needs a token too. A
// method that does not exist is UNIMPLEMENTED, and only for those who have a token. Details of a
// status travel as google.rpc.Status in grpc-status-details-bin. Token checks and handlers run on
// `workers`. Thread-safe.
class AdminServer {
 public:
  struct Deps {
    const AdminRegistry& registry;  // Complete. All of these must outlive the server.
    api::AdminTokenVerifier& tokens;
    WorkerPool& workers;
    const Clock& clock;
  };

  // Listens and serves. kFailedPrecondition: the registry is not complete. kInvalidArgument: an
  // option is wrong. kUnavailable: the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(AdminServerOptions options, Deps deps,
                                                            AdminCallObserver on_call = nullptr);
  // As Shutdown(0).
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // The port that it listens on; 0 for a Unix socket.
  int port() const;

  // Health says NOT_SERVING; new calls are refused; open ones have `grace` to end and are cancelled
  // then. Returns when none is left: a handler at work is always waited for. A second call does
  // nothing.
  void Shutdown(Duration grace);

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace weir::rpc
