#include "common/rpc/fake_admin_services.h"

#include "weir/cache/v1/cache_admin.pb.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::rpc {
namespace {

namespace pb = google::protobuf;

std::string MethodOf(const pb::Message& request) {
  const std::string& type = request.GetDescriptor()->name();
  return type.substr(0, type.size() - std::string_view("Request").size());
}

std::string Text(const pb::Message& message, const char* field_name) {
  const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(field_name);
  if (field == nullptr || field->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) return "";
  return message.GetReflection()->GetString(message, field);
}

// The object of a PutXRequest: its only message field, else (PutKey) the request itself.
const pb::Message& ObjectOf(const pb::Message& request) {
  const pb::FieldDescriptor* first = request.GetDescriptor()->field(0);
  if (first->message_type() == nullptr) return request;
  return request.GetReflection()->GetMessage(request, first);
}

bool ValidateOnly(const pb::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("validate_only");
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

void SetChanged(pb::Message& response, bool changed) {
  const auto* field = response.GetDescriptor()->FindFieldByName("changed");
  if (field != nullptr) response.GetReflection()->SetBool(&response, field, changed);
}

}  // namespace

absl::Status FakeAdminServices::Take(const api::AdminCall& call, const pb::Message& request) {
  MutexLock lock(mutex_);
  const std::string method = MethodOf(request);
  received_.push_back({method, call, request.ShortDebugString()});
  auto error = errors_.find(method);
  return error == errors_.end() ? absl::OkStatus() : error->second;
}

bool FakeAdminServices::Store(const pb::Message& request) {
  const pb::Message& object = ObjectOf(request);
  const std::string key = fmt::format("{} {} {}", MethodOf(request), Text(object, "organization"),
                                      Text(object, "name"));
  MutexLock lock(mutex_);
  const std::string value = object.ShortDebugString();
  const auto stored = stored_.find(key);
  const bool changed = stored == stored_.end() || stored->second != value;
  if (!ValidateOnly(request)) stored_[key] = value;
  return changed;
}

template <typename Req, typename Resp>
void FakeAdminServices::Fake(AdminRegistry& registry, std::string_view service) {
  const std::string method = MethodOf(Req::default_instance());
  auto answer = [this](const api::AdminCall& call, const Req& request) -> absl::StatusOr<Resp> {
    WEIR_RETURN_IF_ERROR(Take(call, request));
    Resp response;
    FillIn(response);
    if (MethodOf(request).starts_with("Put")) SetChanged(response, Store(request));
    return response;
  };
  registry.Add<Req, Resp>(service, method, answer);
}

#define WEIR_FAKE(package, service, Method) \
  Fake<weir::package::v1::Method##Request, weir::package::v1::Method##Response>(registry, service)

void FakeAdminServices::AddTo(AdminRegistry& registry) {
  constexpr std::string_view kIdentity = "weir.identity.v1.IdentityAdminService";
  WEIR_FAKE(identity, kIdentity, PutOrganization);
  WEIR_FAKE(identity, kIdentity, ListOrganizations);
  WEIR_FAKE(identity, kIdentity, DeleteOrganization);
  WEIR_FAKE(identity, kIdentity, PutTeam);
  WEIR_FAKE(identity, kIdentity, ListTeams);
  WEIR_FAKE(identity, kIdentity, DeleteTeam);
  WEIR_FAKE(identity, kIdentity, PutUser);
  WEIR_FAKE(identity, kIdentity, ListUsers);
  WEIR_FAKE(identity, kIdentity, DeleteUser);
  WEIR_FAKE(identity, kIdentity, CreateKey);
  WEIR_FAKE(identity, kIdentity, PutKey);
  WEIR_FAKE(identity, kIdentity, ListKeys);
  WEIR_FAKE(identity, kIdentity, RevokeKey);
  WEIR_FAKE(identity, kIdentity, CreateAdminToken);
  WEIR_FAKE(identity, kIdentity, ListAdminTokens);
  WEIR_FAKE(identity, kIdentity, RevokeAdminToken);
  constexpr std::string_view kQuota = "weir.quota.v1.QuotaAdminService";
  WEIR_FAKE(quota, kQuota, PutLimit);
  WEIR_FAKE(quota, kQuota, ListLimits);
  WEIR_FAKE(quota, kQuota, DeleteLimit);
  WEIR_FAKE(quota, kQuota, GetLimitStates);
  WEIR_FAKE(quota, kQuota, QueryUsage);
  constexpr std::string_view kRouting = "weir.routing.v1.RoutingAdminService";
  WEIR_FAKE(routing, kRouting, PutProvider);
  WEIR_FAKE(routing, kRouting, ListProviders);
  WEIR_FAKE(routing, kRouting, DeleteProvider);
  WEIR_FAKE(routing, kRouting, PutModel);
  WEIR_FAKE(routing, kRouting, ListModels);
  WEIR_FAKE(routing, kRouting, DeleteModel);
  WEIR_FAKE(routing, kRouting, PutProxy);
  WEIR_FAKE(routing, kRouting, ListProxies);
  WEIR_FAKE(routing, kRouting, DeleteProxy);
  WEIR_FAKE(routing, kRouting, GetHealth);
  constexpr std::string_view kGuardrails = "weir.guardrails.v1.GuardrailsAdminService";
  WEIR_FAKE(guardrails, kGuardrails, PutGuardrailPolicy);
  WEIR_FAKE(guardrails, kGuardrails, ListGuardrailPolicies);
  WEIR_FAKE(guardrails, kGuardrails, DeleteGuardrailPolicy);
  WEIR_FAKE(guardrails, kGuardrails, TestGuardrails);
  constexpr std::string_view kCache = "weir.cache.v1.CacheAdminService";
  WEIR_FAKE(cache, kCache, PutCachePolicy);
  WEIR_FAKE(cache, kCache, ListCachePolicies);
  WEIR_FAKE(cache, kCache, DeleteCachePolicy);
  WEIR_FAKE(cache, kCache, InvalidateCache);
  WEIR_FAKE(cache, kCache, ExplainCache);
  WEIR_FAKE(cache, kCache, GetCacheStats);
}
#undef WEIR_FAKE

void FakeAdminServices::AnswerWith(std::string_view method, absl::Status status) {
  MutexLock lock(mutex_);
  errors_[std::string(method)] = std::move(status);
}

void FakeAdminServices::AnswerWith(const pb::Message& response) {
  MutexLock lock(mutex_);
  responses_[response.GetDescriptor()->full_name()] = response.SerializeAsString();
}

void FakeAdminServices::FillIn(pb::Message& response) const {
  MutexLock lock(mutex_);
  const auto found = responses_.find(response.GetDescriptor()->full_name());
  if (found != responses_.end()) response.ParseFromString(found->second);
}

std::vector<FakeAdminServices::Received> FakeAdminServices::received() const {
  MutexLock lock(mutex_);
  return received_;
}

absl::StatusOr<api::AdminCall> FakeTokens::Verify(std::string_view token) {
  const size_t at = token.find('@');
  const std::string_view role = token.substr(0, at);
  api::AdminCall call{.actor = std::string(token)};
  if (at != std::string_view::npos) call.organization = token.substr(at + 1);
  if (role == "wa_viewer") call.role = weir::common::v1::ROLE_VIEWER;
  if (role == "wa_editor") call.role = weir::common::v1::ROLE_EDITOR;
  if (role == "wa_admin") call.role = weir::common::v1::ROLE_ADMIN;
  if (call.role == weir::common::v1::ROLE_UNSPECIFIED) {
    return status::Unauthenticated("not an admin token");
  }
  return call;
}

}  // namespace weir::rpc
