#pragma once

#include <algorithm>

#include "common/time/clock.h"

namespace weir::edge {

// How many requests may be sent to a further target: a part of all requests, and a few a second
// besides, so that a quiet gateway always fails over. Where everything fails, retrying everything
// would double the load on what is left. One per loop, not thread-safe.
class RetryBudget {
 public:
  struct Options {
    double part = 0.2;       // Of the requests. What is not used is saved up to `most`.
    double most = 100;       // Retries.
    double per_second = 10;  // Besides; two seconds' worth is saved up.
  };
  RetryBudget(Options options, const Clock& clock)
      : options_(options),
        clock_(clock),
        floor_(2 * options.per_second),
        filled_at_(clock.Monotonic()) {}

  // A request begins.
  void Request() { saved_ = std::min(options_.most, saved_ + options_.part); }

  // False: it must do with the answer it has.
  bool Retry() {
    const MonotonicTime now = clock_.Monotonic();
    const double passed = std::chrono::duration<double>(now - filled_at_).count();
    floor_ = std::min(2 * options_.per_second, floor_ + passed * options_.per_second);
    filled_at_ = now;
    double& from = floor_ >= 1 ? floor_ : saved_;
    if (from < kOne) return false;
    from -= 1;
    return true;
  }

 private:
  // Five fifths are one, whatever their sum is in binary.
  static constexpr double kOne = 1 - 1e-9;

  const Options options_;
  const Clock& clock_;
  double saved_ = 0;
  double floor_;
  MonotonicTime filled_at_;
};

}  // namespace weir::edge
