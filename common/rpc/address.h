#pragma once

#include <string_view>

#include "common/status/status.h"

namespace weir::rpc {

// Whether gRPC may be served or called at `address` ("127.0.0.1:9091", "[::1]:9091",
// "localhost:9091", "unix:/path"). kInvalidArgument: another form, or without `tls` an address
// beyond this machine: tokens and keys would cross the network in the clear.
absl::Status CheckAddress(std::string_view address, bool tls);

}  // namespace weir::rpc
