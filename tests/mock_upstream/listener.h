#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/mock_upstream/event_loop.h"

namespace weir::mock {

// Takes clients on one port and hands them to the first `loops` loops of `core` in turn: one accept
// thread spreads a few connections more evenly than a listening socket a thread does. Belongs to
// the first loop's thread.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Starts serving one client; runs on the loop's thread.
  using Serve = void (*)(CorePtr, EventLoop&, Socket);
  Listener(CorePtr core, size_t loops, Serve serve);

  // kInvalidArgument: `host` is no IP address. kUnavailable: cannot listen there; says why.
  absl::Status Open(const std::string& host, uint16_t port);
  uint16_t port() const { return port_; }
  // Run ends when it runs next.
  void Close();

  static Awaitable<void> Run(std::shared_ptr<Listener> self);

 private:
  void Hand(EventLoop& loop, Socket socket);

  const CorePtr core_;
  const size_t loops_;
  const Serve serve_;
  Acceptor acceptor_;
  uint16_t port_ = 0;
};

}  // namespace weir::mock
