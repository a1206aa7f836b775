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
  Part& part = parts_[std::hash<asio::ip::address>()(address) % kParts];
  MutexLock lock(part.mutex);
  Bucket& bucket = BucketOf(address, part, now);
  // Another loop may have read the clock later and been here before.
  const Duration passed = std::max(Duration(0), now - bucket.at);
  bucket.tokens = std::min<double>(
      burst_, bucket.tokens + std::chrono::duration<double>(passed).count() * per_second_);
  bucket.at += passed;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

AddressLimiter::Bucket& AddressLimiter::BucketOf(const asio::ip::address& address, Part& part,
                                                 MonotonicTime now) const {
  if (auto found = part.known.find(address); found != part.known.end()) {
    part.recent.splice(part.recent.begin(), part.recent, found->second);
    return *found->second;
  }
  if (part.recent.size() >= kMaxInPart) {
    part.known.erase(part.recent.back().address);
    part.recent.pop_back();
  }
  part.recent.push_front({address, static_cast<double>(burst_), now});
  part.known.emplace(address, part.recent.begin());
  return part.recent.front();
}

}  // namespace weir::edge
