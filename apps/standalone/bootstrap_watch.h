#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/async/timers.h"
#include "common/async/worker_pool.h"

namespace weir::standalone {

// Follows the bootstrap folder: a while after the first change of a file in it, `apply` runs on the
// pool, one at a time, so that the newest text is in force last; what it answers is logged. Costs
// nothing while nothing changes. Destroy it on the loop's thread, or once nobody runs the loop.
class BootstrapWatch {
 public:
  // `folder` must be there; `loop`, `timers` and `workers` must outlive the watch. kUnavailable:
  // the system has no watch left.
  static absl::StatusOr<std::unique_ptr<BootstrapWatch>> Start(const std::string& folder,
                                                               asio::io_context& loop,
                                                               Timers& timers, WorkerPool& workers,
                                                               std::function<absl::Status()> apply);
  ~BootstrapWatch();

 private:
  struct State;
  explicit BootstrapWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static asio::awaitable<void> Follow(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace weir::standalone
