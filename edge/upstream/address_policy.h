#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/asio.h"
#include "common/status/status.h"

namespace weir::edge {

// A set of addresses, "10.0.0.0/8" and "fd00::/8" alike.
class AddressSet {
 public:
  // kInvalidArgument names the entry that is not an address or CIDR.
  static absl::StatusOr<AddressSet> Parse(const std::vector<std::string>& entries);
  // An IPv4 address inside IPv6 (::ffff:a.b.c.d) is looked up as IPv4. Thread-safe.
  bool Contains(const asio::ip::address& address) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
};

// Which addresses weir may call. Link-local, metadata, multicast and unspecified addresses never;
// loopback and private ones only where `allowed` has them. Checked on the address that is connected
// to, so that a name cannot resolve around it.
class AddressPolicy {
 public:
  explicit AddressPolicy(AddressSet allowed) : allowed_(std::move(allowed)) {}
  // kPermissionDenied says why.
  absl::Status Check(const asio::ip::address& address) const;

 private:
  AddressSet allowed_;
};

}  // namespace weir::edge
