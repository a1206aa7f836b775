#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::edge {

// "https://api.openai.com/v1" taken apart.
struct BaseUrl {
  bool tls = true;
  std::string host;       // Without brackets.
  std::string port;       // Decimal; the scheme's default where the URL names none.
  std::string authority;  // As it goes into Host.
  std::string path;       // "/v1" or "".
};

// kInvalidArgument: not http or https, no host, a query, a fragment or user information.
absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view url);

}  // namespace weir::edge
