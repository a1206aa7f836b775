#include "edge/pipeline/address_limiter.h"

#include <algorithm>

namespace weir::edge {
namespace {

// What counts as one client: an IPv4 address, also inside IPv6, and a /64 of IPv6, which one
// customer has whole.
asio::ip::address ClientOf(const asio::ip::address& address) {
  if (address.is_v4()) return address;
  const asio::ip::address_v6& v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  asio::ip::address_v6::bytes_type network = v6.to_bytes();
  std::fill(network.begin() + 8, network.end(), uint8_t{0});
  return asio::ip::address_v6(network);
}

}  // namespace

bool AddressLimiter::Admit(const asio::ip::address& whole) {
  if (per_second_ <= 0) return true;
  const asio::ip::address address = ClientOf(whole);
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
