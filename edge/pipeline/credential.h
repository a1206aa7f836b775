#pragma once

#include <string_view>

#include "common/status/status.h"
#include "edge/http/exchange.h"

namespace weir::edge {

// The one credential of a request, from Authorization: Bearer, x-api-key, api-key, api_key, apikey,
// x-goog-api-key or `key_header` (the proxy's own; may be empty). Empty: none came. The view points
// into the headers. kInvalidArgument: several different ones. An Authorization of another scheme is
// none.
absl::StatusOr<std::string_view> ReadCredential(const RequestHead& head,
                                                std::string_view key_header);

}  // namespace weir::edge
