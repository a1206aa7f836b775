#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <unordered_set>

#include "edge/http/connection.h"

namespace weir::edge {

// Accepts on one address and serves each connection on this loop. Several loops listen on the same
// address (SO_REUSEPORT). On the loop's thread, or while nobody runs it, but where it says any
// thread.
class Listener {
 public:
  struct Options {
    std::string host;   // An IP address.
    uint16_t port = 0;  // 0: any.
    // TLS where set; must outlive the listener.
    asio::ssl::context* tls = nullptr;
    // Beyond it connections wait in the kernel's backlog.
    size_t max_connections = 10'000;
  };

  // Bound, and not accepting yet. `loop` and what `deps` refers to must outlive it.
  // kInvalidArgument: not an address; kUnavailable: in use.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(asio::io_context& loop, Options options,
                                                        ConnectionDeps deps);
  // Starts accepting.
  void Start();
  // Stops accepting, ends idle connections; the others end with their answers.
  void Drain();
  // Ends what is left.
  void CloseAll();
  // Open ones. Any thread.
  size_t connections() const { return count_; }
  // What it is bound to, also where 0 was asked for.
  uint16_t port() const;

 private:
  Listener(asio::io_context& loop, Options options, ConnectionDeps deps);
  asio::awaitable<void> Accept();
  asio::awaitable<void> Serve(std::shared_ptr<Connection> connection);
  void Take(asio::ip::tcp::socket socket);
  void TakeQueued();

  asio::io_context& loop_;
  Options options_;
  ConnectionDeps deps_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer room_;  // Cancelled when a connection ends.
  std::unordered_set<std::shared_ptr<Connection>> open_;
  std::atomic<size_t> count_{0};
  bool draining_ = false;
};

}  // namespace weir::edge
