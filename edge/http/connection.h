#pragma once

#include <memory>

#include "edge/http/deadlines.h"
#include "edge/http/exchange.h"
#include "edge/http/peer_watch.h"
#include "edge/http/transport.h"

namespace weir::edge {

// Bounds of every client connection.
struct HttpLimits {
  size_t max_head = 32 * 1024;                    // Request line and headers, bytes.
  Duration handshake = std::chrono::seconds(10);  // TLS.
  Duration head = std::chrono::seconds(10);       // First byte to last byte of a head.
  Duration body = std::chrono::seconds(60);       // Without a byte of the body.
  // For the whole body, and a second more for each kSlowestBody bytes that came.
  Duration body_total = std::chrono::seconds(60);
  static constexpr size_t kSlowestBody = 32 * 1024;
  Duration keep_alive = std::chrono::seconds(75);  // Between requests.
  Duration write = std::chrono::seconds(60);       // Without a byte taken by the client.
};

// What the connections of one loop share. All must outlive them, and are used on its thread alone.
struct ConnectionDeps {
  const HttpLimits& limits;
  Deadlines& deadlines;
  PeerWatch& peer_watch;
  const Clock& clock;
  Handler& handler;
};

// One client's connection: reads requests one after the other within the limits, and answers each
// through the handler. On its loop's thread alone.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `transport` is connected; its TLS handshake, where it has one, is Run's. `client` is the
  // socket's other side.
  static std::shared_ptr<Connection> Create(std::unique_ptr<Transport> transport,
                                            asio::ip::address client, bool over_tls,
                                            ConnectionDeps deps);
  virtual ~Connection() = default;

  // Serves requests until the connection ends. Keeps itself alive. Once.
  virtual asio::awaitable<void> Run() = 0;
  // No further request: closes now where idle, else after the answer that is under way.
  virtual void Drain() = 0;
  // Closes now.
  virtual void Close() = 0;
};

}  // namespace weir::edge
