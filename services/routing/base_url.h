#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::routing {

// `url` as a provider's address, in its one spelling: scheme and host in lower case, no slash at
// the end. What passes here is what edges can call: both read it by text::ParseBaseUrl.
//
// kInvalidArgument: the message completes "base_url ..." and never repeats `url`, which may hold
// secrets: what ParseBaseUrl refuses, and http unless `allow_plaintext`.
absl::StatusOr<std::string> NormalizeBaseUrl(std::string_view url, bool allow_plaintext);

// "https://app.example.com" or "http://localhost:3000": what a browser sends as Origin, which is in
// lower case and is compared as it is.
bool IsOrigin(std::string_view origin);

}  // namespace weir::routing
