#pragma once

#include <atomic>

#include "common/time/clock.h"

namespace weir::testing {

// A clock that moves when the test says so. Thread-safe.
class FakeClock final : public Clock {
 public:
  // Starts on 2025-11-21 10:00:00 UTC, a Friday.
  WallTime Now() const override { return WallTime(Duration(wall_ns_.load())); }
  MonotonicTime Monotonic() const override { return MonotonicTime(Duration(monotonic_ns_.load())); }

  // Both clocks go on by `step`, which is not negative.
  void Advance(Duration step) {
    wall_ns_ += step.count();
    monotonic_ns_ += step.count();
  }
  // Somebody set the wall clock; the monotonic one does not care.
  void SetWall(WallTime time) { wall_ns_ = time.time_since_epoch().count(); }

 private:
  std::atomic<int64_t> wall_ns_ = 1763719200LL * 1'000'000'000;
  std::atomic<int64_t> monotonic_ns_ = 1'000'000'000'000;
};

}  // namespace weir::testing
