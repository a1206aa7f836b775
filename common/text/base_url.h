#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::text {

// The address of a server, and the path under which what it offers stands, taken apart:
// "https://api.openai.com/v1".
struct BaseUrl {
  bool tls = true;
  std::string host;       // In lower case, without brackets.
  std::string port;       // 1 to 65535, decimal; the scheme's default where the URL names none.
  std::string authority;  // As it goes into Host: host, in brackets if IPv6, and the port if named.
  std::string path;       // "/v1" or ""; no slash at its end.

  bool operator==(const BaseUrl&) const = default;
};

// Whoever stores an address and whoever calls it read it by this one function.
//
// kInvalidArgument: the message completes "base_url ...": neither https nor http, no host, a bad
// host or port, user information, a query, a fragment, empty or dot segments, characters that a URL
// does not have, more than 2048 bytes. It never repeats `url`, which may hold secrets.
absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view url);

// Its one spelling, which ParseBaseUrl reads back the same.
std::string ToString(const BaseUrl& url);

}  // namespace weir::text
