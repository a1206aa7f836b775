#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace weir::quota {

// A time or a moment that never comes.
inline constexpr int64_t kForeverNs = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kNeverNs = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kSecondNs = 1'000'000'000;
inline constexpr int64_t kDayNs = 86'400 * kSecondNs;

// The most that one amount may be: sums of a thousand of them still fit an int64.
inline constexpr int64_t kMaxAmount = 9'000'000'000'000'000;

// The sum, or the largest int64: a counter never wraps.
inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? kForeverNs : sum;
}

// One moment on two clocks: calendar windows follow the wall, everything else must not care when
// somebody sets it.
struct Instant {
  int64_t wall_ns = 0;       // Since the Unix epoch.
  int64_t monotonic_ns = 0;  // Since some fixed point.
};

// How a limit counts. A value.
struct CountingRule {
  enum class Kind : uint8_t {
    kUtcWindow,       // Windows begin at multiples of the period since the Unix epoch.
    kAnchoredWindow,  // A window begins at the first hold (or posting) after the last one ended.
    kTokenBucket,
  };
  Kind kind = Kind::kUtcWindow;
  int64_t count = 0;              // Units a period. 0: always refused.
  int64_t period_ns = kSecondNs;  // At least 1 s.
  int64_t capacity = 0;           // Most units at once: a window's count, a bucket's burst.

  bool is_bucket() const { return kind == Kind::kTokenBucket; }
  // The clock that this rule goes by.
  int64_t TimeOf(Instant now) const {
    return kind == Kind::kUtcWindow ? now.wall_ns : now.monotonic_ns;
  }
};

// Where one counter stands: admit `e` iff used + held + e <= capacity.
struct Standing {
  int64_t capacity = 0;
  int64_t used = 0;  // Settled. Below 0 in a bucket that was refilled under open holds.
  int64_t held = 0;  // Sum of the open holds.

  int64_t room() const { return capacity - used - held; }
  int64_t remaining() const { return std::max<int64_t>(0, room()); }
  bool untouched() const { return used <= 0 && held == 0; }
};

}  // namespace weir::quota
