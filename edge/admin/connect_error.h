#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

// Errors as the Connect protocol's unary JSON has them (https://connectrpc.com/docs/protocol).
namespace weir::edge {

// "invalid_argument"; "ok" for kOk.
std::string_view ConnectCode(absl::StatusCode code);
// The HTTP status of an answer that is this error.
int ConnectHttpStatus(absl::StatusCode code);

// {"code":"not_found","message":"...","details":[{"type":"weir.common.v1.BadFields","value":
// BASE64,"debug":{...}}]}. `status` is not OK. Messages are the services' own: they are made for
// whoever has an admin token. Details of a type that this program does not know have no "debug".
std::string ConnectErrorBody(const absl::Status& status);

}  // namespace weir::edge
