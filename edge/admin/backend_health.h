#pragma once

#include <string>
#include <vector>

#include "common/api/unary_caller.h"
#include "common/async/timers.h"

namespace weir::edge {

// Which of the services behind a door answer, by gRPC's health check. On one loop.
class BackendHealth {
 public:
  struct Backend {
    std::string name;  // For people: "identity".
    api::UnaryCaller& caller;
  };
  // All must outlive this object and whatever runs on the loop.
  BackendHealth(std::vector<Backend> backends, Timers& timers);

  // Asks each every 2 s, until the loop ends.
  asio::awaitable<void> Run();

  // Why the door is of no use yet, or any more: until each service has answered once, and while
  // none does. Empty: it is.
  std::string WhyNotReady() const;
  // Who does not answer, though others do; empty: nobody.
  std::string Remark() const;

 private:
  struct State {
    Backend backend;
    std::string problem = "has not answered yet";  // Empty: it serves.
    bool answered_once = false;
  };
  std::string Problems() const;

  std::vector<State> states_;
  Timers& timers_;
};

}  // namespace weir::edge
