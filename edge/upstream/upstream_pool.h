#pragma once

#include <list>
#include <memory>
#include <string>

#include "edge/http/read_buffer.h"
#include "edge/upstream/dialer.h"

namespace weir::edge {

// One connection to an upstream, and what was read from it but not used.
struct UpstreamConnection {
  explicit UpstreamConnection(std::unique_ptr<Transport> opened)
      : transport(std::move(opened)), buffer(16 * 1024) {}
  std::unique_ptr<Transport> transport;
  ReadBuffer buffer;
  MonotonicTime idle_since;
  bool reused = false;
};

// Kept-alive connections to one upstream, on one loop's thread. Bounded: over `max_connections` a
// call waits for nobody, it is refused.
class UpstreamPool {
 public:
  struct Options {
    text::BaseUrl url;
    std::shared_ptr<asio::ssl::context> tls;     // For https.
    bool verify = true;                          // Chain and host name, for https.
    size_t max_connections = 256;                // Busy and idle ones.
    Duration connect = std::chrono::seconds(5);  // Until connected, TLS included.
    // How long one is kept without a call. Servers close theirs after a minute or so; being first
    // avoids a race.
    Duration idle = std::chrono::seconds(30);
  };
  // `dialer` and `clock` must outlive the pool and what it gave.
  UpstreamPool(Options options, Dialer& dialer, const Clock& clock);

  // An idle connection that is still open, else a new one; GiveBack or Forget ends its use. Errors
  // are Dialer::Connect's; kResourceExhausted: all connections are busy. `fresh`: only a new one.
  asio::awaitable<absl::StatusOr<std::unique_ptr<UpstreamConnection>>> Take(bool fresh);

  // Back for the next call: its answer was read whole and both sides keep it alive.
  void GiveBack(std::unique_ptr<UpstreamConnection> connection);
  // It is not used any more (closed, or about to be).
  void Forget() { --open_; }

  // Closes connections that idled too long; called now and then by the owner.
  void CloseIdle();
  const text::BaseUrl& url() const { return options_.url; }
  // Connections, busy and idle.
  size_t open() const { return open_; }

 private:
  Options options_;
  Dialer& dialer_;
  const Clock& clock_;
  std::list<std::unique_ptr<UpstreamConnection>> idle_;  // Newest at the back.
  size_t open_ = 0;
};

}  // namespace weir::edge
