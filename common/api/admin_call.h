#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "weir/common/v1/access.pb.h"

namespace weir::api {

// Who edits: the token behind an admin RPC, already verified.
struct AdminCall {
  // Id of the token; for the audit log. "bootstrap" where the process itself applies its documents.
  std::string actor;
  weir::common::v1::Role role = weir::common::v1::ROLE_UNSPECIFIED;
  // Organisation the token is bound to. Empty: all.
  std::string organization;
};

// Turns the bearer token of an admin RPC into an AdminCall. Implemented by identity. Thread-safe;
// may block (not for loops).
class AdminTokenVerifier {
 public:
  virtual ~AdminTokenVerifier() = default;
  // kUnauthenticated: not a token of ours, or revoked. kUnavailable: the store cannot be asked.
  virtual absl::StatusOr<AdminCall> Verify(std::string_view token) = 0;
};

}  // namespace weir::api
