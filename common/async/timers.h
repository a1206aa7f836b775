#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "common/async/asio.h"
#include "common/time/clock.h"

namespace weir {

// Waiting, injected, so that a test runs on virtual time. One per event loop; used on that loop's
// thread alone.
class Timers {
 public:
  using Id = uint64_t;
  virtual ~Timers() = default;

  // Runs `fire` once on this loop, at `when` or soon after; at the next turn where `when` is past.
  // Never inline.
  virtual Id At(MonotonicTime when, std::function<void()> fire) = 0;

  // After this `fire` does not run any more. An id that has fired or is unknown is ignored.
  virtual void Cancel(Id id) = 0;

  // The clock that `when` refers to.
  virtual const Clock& clock() const = 0;
};

// Completes after `wait`, at the next turn where that is not above zero; sooner when the coroutine
// is cancelled. On the loop of `timers`, which must outlive it.
asio::awaitable<void> SleepFor(Timers& timers, Duration wait);

// Timers on an io_context. Sets one kernel timer for all; an idle loop has no wake-up.
class AsioTimers final : public Timers {
 public:
  // Both must outlive this object.
  AsioTimers(asio::io_context& loop, const Clock& clock);
  ~AsioTimers() override;

  Id At(MonotonicTime when, std::function<void()> fire) override;
  void Cancel(Id id) override;
  const Clock& clock() const override { return clock_; }

 private:
  struct Kernel;
  void Arm();
  void Fire();

  const Clock& clock_;
  std::shared_ptr<Kernel> kernel_;
  std::map<std::pair<MonotonicTime, Id>, std::function<void()>> waiting_;
  std::map<Id, MonotonicTime> when_;
  MonotonicTime armed_ = MonotonicTime::max();
  Id next_id_ = 1;
};

}  // namespace weir
