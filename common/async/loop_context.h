#pragma once

#include "common/async/asio.h"

namespace weir {

// An event loop whose coroutines can be let go of before what they refer to ends. An io_context
// destroys their frames in its own destructor; what a frame's locals unregister from (limits,
// watches, settlements) must still be there then.
class LoopContext : public asio::io_context {
 public:
  using asio::io_context::io_context;

  // Destroys everything that waits on this loop, unfinished. Nothing may run it, then or later;
  // sockets and timers on it are destroyed after this, as always.
  void Abandon() { shutdown(); }
};

}  // namespace weir
