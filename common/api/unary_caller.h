#pragma once

#include <string>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::api {

struct UnaryCall {
  std::string method;   // "weir.identity.v1.IdentityAdminService/CreateKey".
  std::string request;  // Encoded.
  // Metadata `authorization`, whole: "Bearer wa_..."; printable ASCII. Secret. Empty: none is sent.
  std::string authorization;
  Duration timeout = std::chrono::seconds(30);  // Connecting included.
};

// Calls methods of one server by name, for those who translate and know no types. On one loop.
class UnaryCaller {
 public:
  virtual ~UnaryCaller() = default;
  // The encoded answer. Errors are the server's, with their details. kUnavailable: it cannot be
  // reached; kDeadlineExceeded: no answer came in time.
  virtual asio::awaitable<absl::StatusOr<std::string>> Call(UnaryCall call) = 0;
};

}  // namespace weir::api
