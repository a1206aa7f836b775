#pragma once

#include <boost/asio/ip/address.hpp>
#include <list>
#include <unordered_map>

#include "common/async/asio.h"
#include "common/time/clock.h"

namespace weir::edge {

// A token bucket for each client address, before authentication: so that guessing keys is slow and
// costs little. Remembers the last 4,096 addresses. One per loop; a rate is that of one loop.
class AddressLimiter {
 public:
  // `per_second` 0: no limit.
  AddressLimiter(double per_second, int burst, const Clock& clock)
      : per_second_(per_second), burst_(burst), clock_(clock) {}

  // False: the address asks too much.
  bool Admit(const asio::ip::address& whole);

 private:
  static constexpr size_t kMaxAddresses = 4096;
  struct Bucket {
    asio::ip::address address;
    double tokens;
    MonotonicTime at;
  };
  const double per_second_;
  const int burst_;
  const Clock& clock_;
  std::list<Bucket> recent_;  // Newest first.
  std::unordered_map<asio::ip::address, std::list<Bucket>::iterator> known_;
};

}  // namespace weir::edge
