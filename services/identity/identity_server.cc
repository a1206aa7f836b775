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

asio::awaitable<absl::StatusOr<v1::VerifyAdminTokenResponse>> TokenDesk::VerifyAdminToken(
    api::CallContext, v1::VerifyAdminTokenRequest request) {
  auto work = [tokens = &tokens_, token = std::move(*request.mutable_token())] {
    return tokens->Verify(token);
  };
  const absl::StatusOr<api::AdminCall> call = co_await RunOn(workers_, std::move(work));
  if (!call.ok()) co_return call.status();
  v1::VerifyAdminTokenResponse response;
  response.set_token_id(call->actor);
  response.set_role(call->role);
  response.set_organization(call->organization);
  co_return response;
}

void RegisterIdentity(rpc::ServiceRegistry& registry, api::Identity& identity, TokenDesk& tokens) {
  registry.Add("Authenticate", identity, &api::Identity::Authenticate);
  registry.Add("VerifyAdminToken", tokens, &TokenDesk::VerifyAdminToken);
  registry.AddStream<v1::WatchRequest, v1::WatchEvent>(
      "Watch", [&identity](v1::WatchRequest request, asio::any_io_executor executor) {
        return identity.Watch(std::move(request), std::move(executor));
      });
}

}  // namespace weir::identity
