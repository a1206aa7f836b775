#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <list>
#include <unordered_map>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "common/time/clock.h"

namespace weir::edge {

// A token bucket for each client address (of IPv6 for each /64), before authentication: so that
// guessing keys is slow and costs little. Remembers the last 16,384 addresses or so. One for all
// loops of a process: thread-safe, with a lock for each part of the addresses.
class AddressLimiter {
 public:
  // Requests. `per_second` 0: no limit, and no lock. `burst`: at least 1. `clock` must outlive it.
  AddressLimiter(double per_second, int burst, const Clock& clock)
      : per_second_(per_second), burst_(burst), clock_(clock) {}

  // False: the address asks too much.
  bool Admit(const asio::ip::address& whole);

 private:
  static constexpr size_t kParts = 16;
  static constexpr size_t kMaxInPart = 1024;
  struct Bucket {
    asio::ip::address address;
    double tokens;
    MonotonicTime at;
  };
  // A cache line of its own: loops that look at different addresses do not meet.
  struct alignas(64) Part {
    Mutex mutex;
    std::list<Bucket> recent ABSL_GUARDED_BY(mutex);  // Newest first.
    std::unordered_map<asio::ip::address, std::list<Bucket>::iterator> known ABSL_GUARDED_BY(mutex);
  };
  // The most recent one of its part, made where it is not known.
  Bucket& BucketOf(const asio::ip::address& address, Part& part, MonotonicTime now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(part.mutex);

  const double per_second_;
  const int burst_;
  const Clock& clock_;
  std::array<Part, kParts> parts_;
};

}  // namespace weir::edge
