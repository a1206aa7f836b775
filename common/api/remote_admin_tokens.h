#pragma once

#include "common/api/admin_call.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Admin tokens, verified by identity in another process: each call asks, so a token that was
// revoked there is refused here from then on.
class RemoteAdminTokens final : public AdminTokenVerifier {
 public:
  // `identity`, of weir.identity.v1.IdentityService, outlives this object; its loop runs on another
  // thread than those that verify.
  explicit RemoteAdminTokens(rpc::PipeClient& identity) : identity_(identity) {}

  // Blocks, 5 s at most. kUnavailable, too: identity cannot be asked.
  absl::StatusOr<AdminCall> Verify(std::string_view token) override;

 private:
  rpc::PipeClient& identity_;
};

}  // namespace weir::api
