#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::routing {

// `url` as a provider's address: scheme and host in lower case, no slash at the end.
//
// kInvalidArgument: the message completes "base_url ...": neither https nor (where
// `allow_plaintext`) http, no host, a bad port, user information, a query, a fragment, dot
// segments, or characters that a URL does not have. It never repeats `url`, which may hold secrets.
absl::StatusOr<std::string> NormalizeBaseUrl(std::string_view url, bool allow_plaintext);

// "https://app.example.com" or "http://localhost:3000": what a browser sends as Origin.
bool IsOrigin(std::string_view text);

}  // namespace weir::routing
