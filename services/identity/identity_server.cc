#include "services/identity/identity_server.h"

namespace weir::identity {
namespace {

constexpr std::string_view kService = "weir.identity.v1.IdentityAdminService";

template <typename Req, typename Resp>
void Add(rpc::AdminRegistry& registry, std::string_view method, IdentityAdmin& admin,
         absl::StatusOr<Resp> (IdentityAdmin::*handler)(const api::AdminCall&, const Req&)) {
  registry.Add<Req, Resp>(kService, method,
                          [&admin, handler](const api::AdminCall& call, const Req& request) {
                            return (admin.*handler)(call, request);
                          });
}

}  // namespace

void RegisterIdentityAdmin(rpc::AdminRegistry& registry, IdentityAdmin& admin) {
  Add(registry, "PutOrganization", admin, &IdentityAdmin::PutOrganization);
  Add(registry, "ListOrganizations", admin, &IdentityAdmin::ListOrganizations);
  Add(registry, "DeleteOrganization", admin, &IdentityAdmin::DeleteOrganization);
  Add(registry, "PutTeam", admin, &IdentityAdmin::PutTeam);
  Add(registry, "ListTeams", admin, &IdentityAdmin::ListTeams);
  Add(registry, "DeleteTeam", admin, &IdentityAdmin::DeleteTeam);
  Add(registry, "PutUser", admin, &IdentityAdmin::PutUser);
  Add(registry, "ListUsers", admin, &IdentityAdmin::ListUsers);
  Add(registry, "DeleteUser", admin, &IdentityAdmin::DeleteUser);
  Add(registry, "CreateKey", admin, &IdentityAdmin::CreateKey);
  Add(registry, "PutKey", admin, &IdentityAdmin::PutKey);
  Add(registry, "ListKeys", admin, &IdentityAdmin::ListKeys);
  Add(registry, "RevokeKey", admin, &IdentityAdmin::RevokeKey);
  Add(registry, "CreateAdminToken", admin, &IdentityAdmin::CreateAdminToken);
  Add(registry, "ListAdminTokens", admin, &IdentityAdmin::ListAdminTokens);
  Add(registry, "RevokeAdminToken", admin, &IdentityAdmin::RevokeAdminToken);
}

}  // namespace weir::identity
