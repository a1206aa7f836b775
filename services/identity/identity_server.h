#pragma once

#include "common/api/identity.h"
#include "common/async/worker_pool.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"
#include "services/identity/identity_admin.h"

namespace weir::identity {

// Adds every method of weir.identity.v1.IdentityAdminService. Both must outlive what serves the
// registry.
void RegisterIdentityAdmin(rpc::AdminRegistry& registry, IdentityAdmin& admin);

inline constexpr std::string_view kIdentityService = "weir.identity.v1.IdentityService";

// Verifies admin tokens for other processes.
class TokenDesk {
 public:
  // Both outlive this object; tokens are looked up on `workers`.
  TokenDesk(api::AdminTokenVerifier& tokens, WorkerPool& workers)
      : tokens_(tokens), workers_(workers) {}
  asio::awaitable<absl::StatusOr<v1::VerifyAdminTokenResponse>> VerifyAdminToken(
      api::CallContext call, v1::VerifyAdminTokenRequest request);

 private:
  api::AdminTokenVerifier& tokens_;
  WorkerPool& workers_;
};

// Adds every method of weir.identity.v1.IdentityService. All must outlive what serves the registry.
void RegisterIdentity(rpc::ServiceRegistry& registry, api::Identity& identity, TokenDesk& tokens);

}  // namespace weir::identity
