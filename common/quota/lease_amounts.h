#pragma once

#include <algorithm>

#include "common/quota/standing.h"

namespace weir::quota {

// The most leases of which something is given back by one call.
inline constexpr int kMostReturned = 64;
// The most attempts, and the most leases, that one announcement names.
inline constexpr int kMostAnnounced = 64;
// Organisations that one event loop of an edge announces at the same time: each waits for its own
// rebuild.
inline constexpr size_t kMostAnnouncedAtOnce = 128;

// Units by how limits count them. kMaxAmount of what no limit counts.
struct LeaseAmounts {
  int64_t requests = 0;
  int64_t strict_tokens = 0;    // Against token limits that are never exceeded.
  int64_t adaptive_tokens = 0;  // Against those that may be overdrawn.

  bool empty() const { return requests == 0 && strict_tokens == 0 && adaptive_tokens == 0; }
  bool operator==(const LeaseAmounts&) const = default;

  LeaseAmounts& operator+=(const LeaseAmounts& other) {
    requests += other.requests;
    strict_tokens += other.strict_tokens;
    adaptive_tokens += other.adaptive_tokens;
    return *this;
  }
  LeaseAmounts& operator-=(const LeaseAmounts& other) { return *this += other * -1; }
  LeaseAmounts operator+(const LeaseAmounts& other) const { return LeaseAmounts(*this) += other; }
  LeaseAmounts operator*(int64_t times) const {
    return {requests * times, strict_tokens * times, adaptive_tokens * times};
  }
  // There is at least so much of each.
  bool Covers(const LeaseAmounts& other) const {
    return requests >= other.requests && strict_tokens >= other.strict_tokens &&
           adaptive_tokens >= other.adaptive_tokens;
  }
  // Brought into the range of an amount.
  LeaseAmounts Clamped() const {
    const auto clamp = [](int64_t value) { return std::clamp<int64_t>(value, 0, kMaxAmount); };
    return {clamp(requests), clamp(strict_tokens), clamp(adaptive_tokens)};
  }
};

}  // namespace weir::quota
