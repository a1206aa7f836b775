#include "apps/apply/kind.h"

#include <algorithm>

#include "weir/cache/v1/cache_admin.pb.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::apply {
namespace {

using weir::cache::v1::PutCachePolicyRequest;
using weir::guardrails::v1::PutGuardrailPolicyRequest;
using namespace weir::identity::v1;
using namespace weir::quota::v1;
using namespace weir::routing::v1;

std::vector<Kind> MakeKinds() {
  return {
      {.name = "Organization",
       .method = "weir.identity.v1.IdentityAdminService/PutOrganization",
       .request = &PutOrganizationRequest::default_instance(),
       .object_field = "organization",
       .of_organization = false},
      {.name = "Team",
       .method = "weir.identity.v1.IdentityAdminService/PutTeam",
       .request = &PutTeamRequest::default_instance(),
       .object_field = "team"},
      {.name = "User",
       .method = "weir.identity.v1.IdentityAdminService/PutUser",
       .request = &PutUserRequest::default_instance(),
       .object_field = "user"},
      {.name = "Limit",
       .method = "weir.quota.v1.QuotaAdminService/PutLimit",
       .request = &PutLimitRequest::default_instance(),
       .object_field = "limit"},
      {.name = "GuardrailPolicy",
       .method = "weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy",
       .request = &PutGuardrailPolicyRequest::default_instance(),
       .object_field = "policy"},
      {.name = "CachePolicy",
       .method = "weir.cache.v1.CacheAdminService/PutCachePolicy",
       .request = &PutCachePolicyRequest::default_instance(),
       .object_field = "policy"},
      {.name = "Provider",
       .method = "weir.routing.v1.RoutingAdminService/PutProvider",
       .request = &PutProviderRequest::default_instance(),
       .object_field = "provider",
       .secret_field = "auth_value"},
      {.name = "Model",
       .method = "weir.routing.v1.RoutingAdminService/PutModel",
       .request = &PutModelRequest::default_instance(),
       .object_field = "model"},
      {.name = "Proxy",
       .method = "weir.routing.v1.RoutingAdminService/PutProxy",
       .request = &PutProxyRequest::default_instance(),
       .object_field = "proxy"},
      {.name = "Key",
       .method = "weir.identity.v1.IdentityAdminService/PutKey",
       .request = &PutKeyRequest::default_instance(),
       .object_field = "",
       .secret_field = "value"},
  };
}

}  // namespace

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kKinds = MakeKinds();
  return kKinds;
}

const Kind* FindKind(std::string_view name) {
  auto found = std::find_if(Kinds().begin(), Kinds().end(),
                            [&](const Kind& each) { return each.name == name; });
  return found == Kinds().end() ? nullptr : &*found;
}

google::protobuf::Message* MutableObject(const Kind& kind, google::protobuf::Message& request) {
  if (kind.object_field.empty()) return &request;
  const auto* field = request.GetDescriptor()->FindFieldByName(std::string(kind.object_field));
  return request.GetReflection()->MutableMessage(&request, field);
}

}  // namespace weir::apply
