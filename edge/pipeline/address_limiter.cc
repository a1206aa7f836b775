#include "edge/pipeline/address_limiter.h"

#include <algorithm>

namespace weir::edge {

bool AddressLimiter::Admit(const asio::ip::address& address) {
  if (per_second_ <= 0) return true;
  const MonotonicTime now = clock_.Monotonic();
  auto found = known_.find(address);
  if (found == known_.end()) {
    if (recent_.size() >= kMaxAddresses) {
      known_.erase(recent_.back().address);
      recent_.pop_back();
    }
    recent_.push_front({address, static_cast<double>(burst_), now});
    found = known_.emplace(address, recent_.begin()).first;
  } else {
    recent_.splice(recent_.begin(), recent_, found->second);
  }
  Bucket& bucket = *found->second;
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min<double>(burst_, bucket.tokens + passed * per_second_);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace weir::edge
