#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "common/quota/standing.h"

namespace weir::quota {

// A time or a moment that never comes.
inline constexpr int64_t kForeverNs = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kNeverNs = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kSecondNs = 1'000'000'000;
inline constexpr int64_t kDayNs = 86'400 * kSecondNs;

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

}  // namespace weir::quota
