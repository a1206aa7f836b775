#pragma once

#include <atomic>
#include <cstdint>

namespace weir::cache {

// Whether the tree gate decides in a partition. What its trees were trained on is known; in a new
// partition they only watch. A label is an answer that was made although there was a near one,
// compared with that one: the gate is to be trusted where near answers that it lets pass are equal
// to fresh ones far more often than those that it would refuse. Thread-safe.
class GateTrust {
 public:
  // Refusals, and equal answers that passed, that have been seen before it decides.
  static constexpr int64_t kLeastRefused = 32;
  static constexpr int64_t kLeastEqual = 8;
  // Equal ones are so many times rarer among those that it refuses.
  static constexpr int64_t kTimesRarer = 4;

  // The gate refused a near answer, or let it pass, which was, or was not, equal to the fresh one.
  void Learn(bool refused, bool equal) {
    ++(refused ? refused_ : passed_);
    if (equal) ++(refused ? refused_equal_ : passed_equal_);
  }

  bool Decides() const {
    const int64_t refused = refused_, passed_equal = passed_equal_;
    if (refused < kLeastRefused || passed_equal < kLeastEqual) return false;
    return kTimesRarer * refused_equal_ * passed_ <= passed_equal * refused;
  }

 private:
  std::atomic<int64_t> refused_ = 0, refused_equal_ = 0, passed_ = 0, passed_equal_ = 0;
};

}  // namespace weir::cache
