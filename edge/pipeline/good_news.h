#pragma once

#include <absl/hash/hash.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "common/time/clock.h"

namespace weir::edge {

// Whether it is worth telling that an attempt went well: once per target and interval, and always
// behind a failure, as nothing follows from the other thousands. One per loop, on its thread.
class GoodNews {
 public:
  // Names a target; two that share a number only tell less.
  template <typename... Names>
  static uint64_t TargetOf(const Names&... names) {
    return absl::HashOf(std::string_view(names)...);
  }

  // True: tell it, and it counts as told.
  bool ShouldTell(uint64_t target, MonotonicTime now) {
    if (told_.size() >= kMaxTargets && !told_.contains(target)) told_.clear();
    const auto [known, is_new] = told_.try_emplace(target, now);
    if (!is_new && now - known->second < kInterval) return false;
    known->second = now;
    return true;
  }
  // A failure was told: the next good news is.
  void Failed(uint64_t target) { told_.erase(target); }

 private:
  static constexpr Duration kInterval = std::chrono::milliseconds(100);
  static constexpr size_t kMaxTargets = 10'000;

  std::unordered_map<uint64_t, MonotonicTime> told_;
};

}  // namespace weir::edge
