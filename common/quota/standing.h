#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace weir::quota {

// The most that one amount may be: sums of a thousand of them still fit an int64.
inline constexpr int64_t kMaxAmount = 9'000'000'000'000'000;

// The sum, or the largest int64: a counter never wraps.
inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

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
