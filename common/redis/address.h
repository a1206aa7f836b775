#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::redis {

// Where a server listens: a host and port, or the path of a Unix socket.
struct Address {
  std::string host;
  uint16_t port = 0;
  std::string path;  // Not empty: a Unix socket, and nothing else is set.

  bool is_unix() const { return !path.empty(); }
  bool operator==(const Address&) const = default;
};

// Of "redis.example.com:6379", "[::1]:6379" or "unix:/run/redis.sock"; nothing for any other text.
std::optional<Address> ParseAddress(std::string_view text);
inline bool IsAddress(std::string_view text) { return ParseAddress(text).has_value(); }

// As ParseAddress reads it.
std::string AddressText(const Address& address);

}  // namespace weir::redis
