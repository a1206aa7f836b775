#pragma once

#include <functional>

#include "common/async/timers.h"

namespace weir::edge {

// Notices within a quarter of a second that a client went away while its answer is being made: one
// timer for all requests of a loop, and none while there are no requests. One per loop, not
// thread-safe.
class PeerWatch {
 public:
  // One request being answered, for as long as this lives. `check` looks at the socket and acts; it
  // must not destroy the Watched. `watch` must outlive it.
  class Watched {
   public:
    Watched(PeerWatch& watch, std::function<void()> check);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

   private:
    friend class PeerWatch;
    PeerWatch& watch_;
    std::function<void()> check_;
    Watched* next_;
    Watched* previous_ = nullptr;
  };

  static constexpr Duration kInterval = std::chrono::milliseconds(250);

  explicit PeerWatch(Timers& timers) : timers_(timers) {}
  ~PeerWatch();

 private:
  void Arm();
  void Sweep();

  Timers& timers_;
  Watched* first_ = nullptr;
  Watched* sweeping_ = nullptr;
  bool armed_ = false;
  Timers::Id timer_ = 0;
};

}  // namespace weir::edge
