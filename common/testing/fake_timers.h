#pragma once

#include <map>

#include "common/async/timers.h"
#include "common/testing/fake_clock.h"

namespace weir::testing {

// Virtual time for one loop: nothing fires until the test advances. For one thread; `clock` must
// outlive it.
class FakeTimers final : public Timers {
 public:
  explicit FakeTimers(FakeClock& clock) : clock_(clock) {}

  Id At(MonotonicTime when, std::function<void()> fire) override {
    waiting_.emplace(std::pair(when, ++last_id_), std::move(fire));
    return last_id_;
  }
  void Cancel(Id id) override {
    std::erase_if(waiting_, [id](const auto& each) { return each.first.second == id; });
  }
  const Clock& clock() const override { return clock_; }

  // Goes on by `step`, firing what falls due in order, each at its own time, and running `loop` dry
  // after each.
  void Advance(Duration step, asio::io_context& loop) {
    const MonotonicTime end = clock_.Monotonic() + step;
    RunDry(loop);
    while (!waiting_.empty() && waiting_.begin()->first.first <= end) {
      auto first = waiting_.extract(waiting_.begin());
      if (first.key().first > clock_.Monotonic()) {
        clock_.Advance(first.key().first - clock_.Monotonic());
      }
      first.mapped()();
      RunDry(loop);
    }
    clock_.Advance(end - clock_.Monotonic());
  }

 private:
  static void RunDry(asio::io_context& loop) {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }

  FakeClock& clock_;
  std::map<std::pair<MonotonicTime, Id>, std::function<void()>> waiting_;
  Id last_id_ = 0;
};

}  // namespace weir::testing
