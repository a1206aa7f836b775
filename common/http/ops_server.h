#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/async/asio.h"
#include "common/http/ops_answer.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::http {

// The ops listener of a process without an edge: /livez, /readyz, /healthz, /health, /metrics over
// HTTP/1.1, answered as edge::OpsHandler does. No authentication: keep it inside.
//
// Made, closed and destroyed on the thread of its loop, or while nobody runs the loop.
class OpsServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // An IP address.
    uint16_t port = 0;               // 0: any.
    // More at once are closed as they come; 1 or more.
    size_t max_connections = 64;
    // For a request to arrive, from the connection's start or the last answer on; then the
    // connection ends. Answers have the same time to be taken.
    Duration timeout = std::chrono::seconds(10);
  };

  // Listens and serves from now on, while `loop` runs. `loop` must outlive it, and so must what
  // `sources` refer to.
  // kInvalidArgument: `host` is not an address; kUnavailable: it is in use.
  static absl::StatusOr<std::unique_ptr<OpsServer>> Start(asio::io_context& loop, Options options,
                                                          OpsSources sources);
  ~OpsServer();

  // Ends the listener and every connection; asks the sources for nothing from then on.
  void Close();
  // What it is bound to, also where 0 was asked for.
  uint16_t port() const;

 private:
  struct State;
  explicit OpsServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace weir::http
