#pragma once

#include <memory>
#include <string>

#include "common/redis/client.h"
#include "common/redis/subscription.h"
#include "services/routing/routing_service.h"

namespace weir::routing {

// Suspensions that replicas of routing share, in Redis: what one of them hears of the others hear
// of within moments, and one that starts begins with what is out. While Redis is away each knows
// what is reported to it alone, as it does without one. On one loop, until it ends.
class RedisSuspensions {
 public:
  struct Deps {
    RoutingService& routing;  // All must outlive this object; `random` also the loop's last turn.
    asio::io_context& loop;
    Timers& timers;
    Random& random;
    std::shared_ptr<const redis::Route> route;
  };
  // Before the routing service runs its heartbeats.
  explicit RedisSuspensions(Deps deps);

  // Listens.
  asio::awaitable<void> Run();

 private:
  asio::awaitable<void> Tell();
  // What is out as whoever told last saw it.
  asio::awaitable<void> LearnAll();
  MonotonicTime Deadline() const;

  const Deps deps_;
  const std::unique_ptr<redis::Client> client_;
  std::string told_;  // The last message of ours.
  bool untold_ = false;
  bool telling_ = false;
};

}  // namespace weir::routing
