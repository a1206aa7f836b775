#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::rpc {

// The token in a call's `authorization` values: exactly one, "Bearer TOKEN" (the scheme in any
// case). kUnauthenticated, with AuthFailure: none, several, or another form; what came is not
// repeated.
absl::StatusOr<std::string> BearerToken(const std::vector<std::string_view>& authorization);

}  // namespace weir::rpc
