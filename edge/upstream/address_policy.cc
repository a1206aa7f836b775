#include "edge/upstream/address_policy.h"

#include <array>

namespace weir::edge {
namespace {

using asio::ip::address;
using asio::ip::address_v4;
using asio::ip::address_v6;
using asio::ip::make_network_v4;
using asio::ip::make_network_v6;

bool In(const address_v4& a, const asio::ip::network_v4& network) {
  return (a.to_uint() & network.netmask().to_uint()) == network.network().to_uint();
}

bool In(const address_v6& a, const asio::ip::network_v6& network) {
  const auto have = a.to_bytes();
  const auto want = network.network().to_bytes();
  const unsigned bits = network.prefix_length();
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned left = bits > 8 * i ? bits - 8 * i : 0;
    if (left == 0) return true;
    const unsigned mask = left >= 8 ? 0xff : (0xff00U >> left) & 0xff;
    if ((have[i] & mask) != (want[i] & mask)) return false;
  }
  return true;
}

address Unmapped(const address& a) {
  if (a.is_v6() && a.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6());
  }
  return a;
}

// The IPv4 address that a translator on the way (NAT64, 6to4) would call in place of this one; else
// itself.
address Translated(const address& a) {
  if (!a.is_v6()) return a;
  const auto bytes = a.to_v6().to_bytes();
  const auto v4_at = [&bytes](size_t at) -> address {
    return address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
  };
  if (In(a.to_v6(), make_network_v6("64:ff9b::/96"))) return v4_at(12);
  if (In(a.to_v6(), make_network_v6("2002::/16"))) return v4_at(2);
  return a;
}

bool AnyOf(const address& a, std::initializer_list<const char*> networks) {
  for (const char* each : networks) {
    const bool v6 = std::string_view(each).find(':') != std::string_view::npos;
    if (v6 != a.is_v6()) continue;
    if (v6 ? In(a.to_v6(), make_network_v6(each)) : In(a.to_v4(), make_network_v4(each))) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<AddressSet> AddressSet::Parse(const std::vector<std::string>& entries) {
  AddressSet set;
  for (const std::string& each : entries) {
    ErrorCode error;
    const bool v6 = each.find(':') != std::string::npos;
    const bool bare = each.find('/') == std::string::npos;
    const std::string cidr = bare ? each + (v6 ? "/128" : "/32") : each;
    if (v6) {
      const auto network = make_network_v6(cidr, error);
      if (!error) set.v6_.push_back(network.canonical());
    } else {
      const auto network = make_network_v4(cidr, error);
      if (!error) set.v4_.push_back(network.canonical());
    }
    if (error) return status::InvalidArgument("'{}' is not an address or CIDR", each);
  }
  return set;
}

bool AddressSet::Contains(const address& mapped) const {
  const address a = Unmapped(mapped);
  if (a.is_v4()) {
    for (const auto& each : v4_) {
      if (In(a.to_v4(), each)) return true;
    }
    return false;
  }
  for (const auto& each : v6_) {
    if (In(a.to_v6(), each)) return true;
  }
  return false;
}

absl::Status AddressPolicy::Check(const address& mapped) const {
  const address a = Translated(Unmapped(mapped));
  if (AnyOf(a, {"169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
                "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32"})) {
    return status::PermissionDenied("{} is a link-local or metadata address: never called",
                                    a.to_string());
  }
  if (AnyOf(a, {"0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8"})) {
    return status::PermissionDenied("{} is not an address of a host", a.to_string());
  }
  const bool inside =
      AnyOf(a, {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                "192.0.0.0/24", "198.18.0.0/15", "::/96", "fc00::/7", "fec0::/10"});
  if (inside && !allowed_.Contains(a)) {
    return status::PermissionDenied("{} is a private address: want it in egress.allow",
                                    a.to_string());
  }
  return absl::OkStatus();
}

}  // namespace weir::edge
