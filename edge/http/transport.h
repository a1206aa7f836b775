#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <span>
#include <tuple>

#include "common/async/asio.h"

namespace weir::edge {

// A byte stream, plain or TLS, used by one coroutine at a time on its loop's thread. Time limits
// are the caller's: Close() ends what is pending with operation_aborted.
class Transport {
 public:
  virtual ~Transport() = default;

  // At least one byte, or an error (eof included): the error, and how many bytes were read. `into`
  // must live until the end.
  virtual asio::awaitable<std::tuple<ErrorCode, size_t>> ReadSome(asio::mutable_buffer into) = 0;

  // All of `data`, gathered; does not suspend where the socket takes it at once. `data` must live
  // until the end.
  virtual asio::awaitable<ErrorCode> Write(std::span<const asio::const_buffer> data) = 0;

  // Server or client side of TLS; nothing for plain sockets.
  virtual asio::awaitable<ErrorCode> Handshake() = 0;

  // Ends a pending ReadSome with operation_aborted; what is written still arrives.
  virtual void StopReading() = 0;

  // Ends the connection now. Safe to call twice and while operations are pending.
  virtual void Close() = 0;

  // The other side has closed its half or the connection broke. One system call; never blocks.
  virtual bool PeerGone() const = 0;

  // Open, and nothing waits to be read: what a connection between two requests has to be. One
  // system call; never blocks.
  virtual bool Quiet() const = 0;
};

using Socket = asio::ip::tcp::socket;

// Sets TCP_NODELAY and non-blocking mode.
std::unique_ptr<Transport> NewPlainTransport(Socket socket);
// Server side. `context` must outlive the transport.
std::unique_ptr<Transport> NewTlsServer(Socket socket, asio::ssl::context& context);
// Client side: sends `host_name` as SNI and, unless `verify` is false, demands a chain to the
// context's roots and that name. `context` must outlive the transport.
std::unique_ptr<Transport> NewTlsClient(Socket socket, asio::ssl::context& context,
                                        const std::string& host_name, bool verify);
// Client side of TLS inside another connection's socket (CONNECT proxies) is NewTlsClient on the
// same socket.

}  // namespace weir::edge
