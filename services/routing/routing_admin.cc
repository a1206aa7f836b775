#include "services/routing/routing_admin.h"

#include <fmt/ranges.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/crypto/hmac.h"
#include "common/status/bad_fields.h"
#include "common/text/excerpt.h"
#include "common/time/proto_time.h"
#include "services/routing/field_rules.h"
#include "services/routing/model_rules.h"
#include "services/routing/page.h"
#include "services/routing/provider_rules.h"
#include "services/routing/proxy_rules.h"
#include "services/routing/references.h"

namespace weir::routing {
namespace {

using google::protobuf::util::MessageDifferencer;

// Edits of other processes that may come in between before ours gives up.
constexpr int kMaxTries = 8;
// Users that a refused deletion names.
constexpr size_t kMaxUsersNamed = 10;

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Makes the edit anew where another process was faster.
template <typename Try>
auto Retrying(Try attempt) {
  auto result = attempt();
  for (int tries = 1; tries < kMaxTries; ++tries) {
    if (StatusOf(result).code() != absl::StatusCode::kAborted) break;
    result = attempt();
  }
  return result;
}

absl::Status CheckListed(const std::string& organization) {
  status::BadFields bad;
  CheckOrganization("organization", organization, bad);
  return bad.ToStatus();
}

v1::Provider ForAnswer(const v1::Provider& stored, bool has_credential) {
  v1::Provider answer = stored;
  answer.set_has_auth_value(has_credential);
  return answer;
}

v1::Proxy ForAnswer(const v1::Proxy& stored, const Catalog& catalog) {
  v1::Proxy answer = stored;
  answer.set_degraded_reason(UnresolvedReason(catalog, stored));
  return answer;
}

absl::Status ContextTaken(const api::AdminCall& call, const v1::Proxy& wanted,
                          const v1::Proxy& owner) {
  const bool may_see = call.organization.empty() || call.organization == owner.organization();
  if (!may_see) {
    return status::AlreadyExists("the context '{}' belongs to a proxy of another organisation",
                                 wanted.context());
  }
  return status::AlreadyExists("the context '{}' belongs to the proxy '{}' of organisation '{}'",
                               wanted.context(), owner.name(), owner.organization());
}

std::vector<std::string> UsersOf(const Catalog& catalog, const ObjectId& id) {
  if (id.kind == ObjectKind::kProvider) {
    return UsersOfProvider(catalog, {id.organization, id.name});
  }
  const auto model = catalog.models.find({id.organization, id.name});
  if (id.kind != ObjectKind::kModel || model == catalog.models.end()) return {};
  return UsersOfModel(catalog, model->second);
}

absl::Status InUse(const ObjectId& id, std::vector<std::string> users) {
  const size_t more = users.size() - std::min(users.size(), kMaxUsersNamed);
  users.resize(users.size() - more);
  return status::FailedPrecondition("{} '{}' is named by {}{}", KindName(id.kind), id.name,
                                    fmt::join(users, ", "),
                                    more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

RoutingAdmin::RoutingAdmin(RoutingConfig config, Deps deps)
    : config_(config),
      routing_(deps.routing),
      store_(deps.store),
      sealer_(deps.sealer),
      clock_(deps.clock) {}

EditContext RoutingAdmin::Edit(const api::AdminCall& call, const Catalog& read) const {
  return {.read_at = read.sequence, .actor = call.actor, .at = clock_.Now()};
}

absl::Status RoutingAdmin::Store(const StoredObject& object, const EditContext& edit) {
  WEIR_RETURN_IF_ERROR(store_.Put(object, edit).status());
  // The change is durable; where it cannot be read back now, the next refresh does.
  routing_.Refresh().IgnoreError();
  return absl::OkStatus();
}

RoutingAdmin::Credential RoutingAdmin::WantedCredential(const v1::Provider& wanted,
                                                        const ProviderEntry* stored) const {
  const bool has_stored = stored != nullptr && !stored->sealed_credential.empty();
  if (wanted.keep_auth_value() && has_stored) return {.sealed = stored->sealed_credential};
  if (wanted.auth_value().empty()) return {.sealed = "", .changed = has_stored};
  const bool same = has_stored && stored->problem.empty() &&
                    crypto::EqualInConstantTime(stored->credential, wanted.auth_value());
  if (same) return {.sealed = stored->sealed_credential};
  return {.sealed = sealer_.Seal(wanted.auth_value(),
                                 CredentialContext(wanted.organization(), wanted.name())),
          .changed = true};
}

absl::StatusOr<v1::PutProviderResponse> RoutingAdmin::TryPutProvider(
    const api::AdminCall& call, const v1::PutProviderRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  const v1::Provider& wanted = request.provider();
  const ProviderEntry* stored = catalog->FindProvider({wanted.organization(), wanted.name()});
  status::BadFields bad;
  const v1::Provider spec = CheckProvider(wanted, config_, bad);
  if (wanted.keep_auth_value() && (stored == nullptr || stored->sealed_credential.empty())) {
    bad.Add("provider.keep_auth_value", "is set, but no credential is stored");
  }
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  Credential credential = WantedCredential(wanted, stored);
  v1::PutProviderResponse response;
  *response.mutable_provider() = ForAnswer(spec, !credential.sealed.empty());
  response.set_changed(stored == nullptr || credential.changed ||
                       !MessageDifferencer::Equals(stored->spec, spec));
  if (response.changed() && !request.validate_only()) {
    WEIR_RETURN_IF_ERROR(Store(ToStored(spec, std::move(credential.sealed)), Edit(call, *catalog)));
  }
  return response;
}

absl::StatusOr<v1::PutProviderResponse> RoutingAdmin::PutProvider(
    const api::AdminCall& call, const v1::PutProviderRequest& request) {
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryPutProvider(call, request); });
}

absl::StatusOr<v1::PutModelResponse> RoutingAdmin::TryPutModel(const api::AdminCall& call,
                                                               const v1::PutModelRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  status::BadFields bad;
  v1::Model model = CheckModel(request.model(), *catalog, bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  const auto stored = catalog->models.find({model.organization(), model.name()});
  const bool is_new = stored == catalog->models.end();
  *model.mutable_created_at() = is_new ? ToProto(clock_.Now()) : stored->second.created_at();
  v1::PutModelResponse response;
  *response.mutable_model() = model;
  response.set_changed(is_new || !MessageDifferencer::Equals(stored->second, model));
  if (response.changed() && !request.validate_only()) {
    WEIR_RETURN_IF_ERROR(Store(ToStored(model), Edit(call, *catalog)));
  }
  return response;
}

absl::StatusOr<v1::PutModelResponse> RoutingAdmin::PutModel(const api::AdminCall& call,
                                                            const v1::PutModelRequest& request) {
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryPutModel(call, request); });
}

absl::StatusOr<v1::PutProxyResponse> RoutingAdmin::TryPutProxy(const api::AdminCall& call,
                                                               const v1::PutProxyRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  status::BadFields bad;
  const v1::Proxy proxy = CheckProxy(request.proxy(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  if (const v1::Proxy* owner = OtherWithContext(proxy, *catalog)) {
    return ContextTaken(call, proxy, *owner);
  }

  const v1::Proxy* stored = catalog->FindProxy({proxy.organization(), proxy.name()});
  v1::PutProxyResponse response;
  *response.mutable_proxy() = ForAnswer(proxy, *catalog);
  response.set_changed(stored == nullptr || !MessageDifferencer::Equals(*stored, proxy));
  if (response.changed() && !request.validate_only()) {
    WEIR_RETURN_IF_ERROR(Store(ToStored(proxy), Edit(call, *catalog)));
  }
  return response;
}

absl::StatusOr<v1::PutProxyResponse> RoutingAdmin::PutProxy(const api::AdminCall& call,
                                                            const v1::PutProxyRequest& request) {
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryPutProxy(call, request); });
}

absl::Status RoutingAdmin::TryDelete(const api::AdminCall& call, const ObjectId& id) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  std::vector<std::string> users = UsersOf(*catalog, id);
  if (!users.empty()) return InUse(id, std::move(users));
  WEIR_RETURN_IF_ERROR(store_.Delete(id, Edit(call, *catalog)).status());
  routing_.Refresh().IgnoreError();
  return absl::OkStatus();
}

absl::Status RoutingAdmin::Delete(const api::AdminCall& call, ObjectKind kind,
                                  const std::string& organization, const std::string& name) {
  status::BadFields bad;
  CheckOrganization("organization", organization, bad);
  CheckModelName("name", name, bad);  // The widest rule of the three.
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  const ObjectId id = {.kind = kind, .organization = organization, .name = name};
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryDelete(call, id); });
}

absl::StatusOr<v1::DeleteProviderResponse> RoutingAdmin::DeleteProvider(
    const api::AdminCall& call, const v1::DeleteProviderRequest& request) {
  WEIR_RETURN_IF_ERROR(Delete(call, ObjectKind::kProvider, request.organization(), request.name()));
  return v1::DeleteProviderResponse();
}

absl::StatusOr<v1::DeleteModelResponse> RoutingAdmin::DeleteModel(
    const api::AdminCall& call, const v1::DeleteModelRequest& request) {
  WEIR_RETURN_IF_ERROR(Delete(call, ObjectKind::kModel, request.organization(), request.name()));
  return v1::DeleteModelResponse();
}

absl::StatusOr<v1::DeleteProxyResponse> RoutingAdmin::DeleteProxy(
    const api::AdminCall& call, const v1::DeleteProxyRequest& request) {
  WEIR_RETURN_IF_ERROR(Delete(call, ObjectKind::kProxy, request.organization(), request.name()));
  return v1::DeleteProxyResponse();
}

absl::StatusOr<v1::ListProvidersResponse> RoutingAdmin::ListProviders(
    const api::AdminCall&, const v1::ListProvidersRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckListed(request.organization()));
  WEIR_ASSIGN_OR_RETURN(const api::Page page,
                        api::ReadPage(request.page_size(), request.page_token()));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  v1::ListProvidersResponse response;
  response.set_next_page_token(
      ForPage(catalog->providers, request.organization(), page, [&](const ProviderEntry& each) {
        *response.add_providers() = ForAnswer(each.spec, !each.sealed_credential.empty());
      }));
  return response;
}

absl::StatusOr<v1::ListModelsResponse> RoutingAdmin::ListModels(
    const api::AdminCall&, const v1::ListModelsRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckListed(request.organization()));
  WEIR_ASSIGN_OR_RETURN(const api::Page page,
                        api::ReadPage(request.page_size(), request.page_token()));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  v1::ListModelsResponse response;
  response.set_next_page_token(
      ForPage(catalog->models, request.organization(), page,
              [&](const v1::Model& each) { *response.add_models() = each; }));
  return response;
}

absl::StatusOr<v1::ListProxiesResponse> RoutingAdmin::ListProxies(
    const api::AdminCall&, const v1::ListProxiesRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckListed(request.organization()));
  WEIR_ASSIGN_OR_RETURN(const api::Page page,
                        api::ReadPage(request.page_size(), request.page_token()));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const Catalog> catalog, routing_.Refresh());
  v1::ListProxiesResponse response;
  response.set_next_page_token(
      ForPage(catalog->proxies, request.organization(), page,
              [&](const v1::Proxy& each) { *response.add_proxies() = ForAnswer(each, *catalog); }));
  return response;
}

absl::StatusOr<v1::GetHealthResponse> RoutingAdmin::GetHealth(const api::AdminCall&,
                                                              const v1::GetHealthRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckListed(request.organization()));
  return routing_.Health(request.organization());
}

}  // namespace weir::routing
