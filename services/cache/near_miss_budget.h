#pragma once

#include <atomic>
#include <cstdint>

#include "common/time/clock.h"

namespace weir::cache {

// How many fresh answers are compared with questions that were near, and not near enough: they only
// teach, so that a few a second will do. Thread-safe.
class NearMissBudget {
 public:
  static constexpr int64_t kMostASecond = 32;

  // False: there were enough in this second.
  bool Take(MonotonicTime now) {
    const int64_t second = now.time_since_epoch() / std::chrono::seconds(1);
    // Two threads may both begin a second: then there are a few more.
    if (second_.exchange(second) != second) taken_ = 0;
    return ++taken_ <= kMostASecond;
  }

 private:
  std::atomic<int64_t> second_ = 0, taken_ = 0;
};

}  // namespace weir::cache
