#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/async/timers.h"
#include "common/async/worker_pool.h"

namespace weir::sql {

// Keeps what this process holds in memory up to what others have written: `follow` (blocking) runs
// on a pool each `period`, and at once when rung, one at a time; a ring meanwhile leads to another
// run. Costs nothing in between. A failure is logged once, and the first success after it.
//
// Destroy it on the loop's thread, or once nobody runs the loop; what `follow` refers to outlives
// the pool's last work.
class Follower {
 public:
  struct Deps {
    asio::io_context& loop;  // All must outlive this object.
    Timers& timers;          // Of the loop.
    WorkerPool& workers;
  };
  // `what` names it in the log: "identity".
  Follower(std::string what, std::function<absl::Status()> follow, Duration period, Deps deps);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // From any thread.
  void Ring();
  // From here on runs each `period`, the first time at once. From any thread.
  void SetPeriod(Duration period);

 private:
  struct State;
  static asio::awaitable<void> Run(std::shared_ptr<State> state);
  // Until the period is over, or it is rung, or has been since the last run began.
  static asio::awaitable<void> Wait(std::shared_ptr<State> state);
  static void Log(State& state, const absl::Status& followed);

  const std::shared_ptr<State> state_;
};

}  // namespace weir::sql
