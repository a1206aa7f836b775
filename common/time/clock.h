#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

using Duration = std::chrono::nanoseconds;
// Nanoseconds since the Unix epoch, UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;
// Nanoseconds since some fixed point; never goes back, so waits and timeouts use it.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Where time comes from. Injected, so that a test can age a hold without sleeping. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual MonotonicTime Monotonic() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  WallTime Now() const override;
  MonotonicTime Monotonic() const override;
};

// Microseconds since the Unix epoch, the unit of every stored time.
int64_t ToUnixMicros(WallTime time);
WallTime FromUnixMicros(int64_t micros);

}  // namespace weir
