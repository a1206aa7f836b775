#include "services/routing/edge_table.h"

#include <algorithm>
#include <string>

#include "services/routing/references.h"

namespace weir::routing {
namespace {

constexpr std::string_view kDefaultAuthHeader = "Authorization";

v1::ProviderTarget ToTarget(const ProviderEntry& provider) {
  const v1::Provider& spec = provider.spec;
  v1::ProviderTarget target;
  target.set_organization(spec.organization());
  target.set_name(spec.name());
  target.set_base_url(spec.base_url());
  if (!provider.credential.empty()) {
    target.set_auth_header(spec.auth_header().empty() ? std::string(kDefaultAuthHeader)
                                                      : spec.auth_header());
    target.set_auth_value(provider.credential);
  }
  if (spec.has_timeouts()) *target.mutable_timeouts() = spec.timeouts();
  target.set_output_cap_field(spec.output_cap_field());
  target.set_ca_pem(spec.ca_pem());
  target.set_insecure_skip_verify(spec.insecure_skip_verify());
  target.set_no_stream_usage(spec.no_stream_usage());
  target.set_max_connections(spec.max_connections());
  return target;
}

v1::ProxyRoute ToRoute(const Catalog& catalog, const v1::Proxy& proxy) {
  v1::ProxyRoute route;
  route.set_organization(proxy.organization());
  route.set_name(proxy.name());
  route.set_context(proxy.context());
  *route.mutable_kinds() = proxy.kinds();
  route.set_key_header(proxy.key_header());
  *route.mutable_cors_origins() = proxy.cors_origins();
  route.set_degraded_reason(UnresolvedReason(catalog, proxy));
  return route;
}

v1::ModelEntry ToEntry(const v1::Model& model) {
  v1::ModelEntry entry;
  entry.set_organization(model.organization());
  entry.set_name(model.name());
  entry.set_created_at_s(model.created_at().seconds());
  if (model.targets_size() > 0) entry.set_owned_by(model.targets(0).provider());
  return entry;
}

// A client that names `model` at a proxy that passes names on unchanged is answered by the
// provider's model of that name.
bool IsServedUnchanged(const v1::Model& model, const std::string& provider) {
  return std::ranges::any_of(model.targets(), [&](const v1::Model::Target& each) {
    return each.provider() == provider && UpstreamModel(model, each) == model.name();
  });
}

bool IsAllowed(const Catalog& catalog, const v1::Proxy& proxy, const v1::Model& model) {
  return proxy.allowed_models().empty() ||
         std::ranges::any_of(proxy.allowed_models(), [&](const std::string& each) {
           return catalog.FindModel({proxy.organization(), each}) == &model;
         });
}

bool Serves(const Catalog& catalog, const v1::Proxy& proxy, const v1::Model& model) {
  switch (proxy.route_case()) {
    case v1::Proxy::kProvider:
      return IsServedUnchanged(model, proxy.provider()) && IsAllowed(catalog, proxy, model);
    case v1::Proxy::kModelRotation:
      return std::ranges::find(proxy.model_rotation().models(), model.name()) !=
             proxy.model_rotation().models().end();
    case v1::Proxy::ROUTE_NOT_SET:
      return IsAllowed(catalog, proxy, model);
  }
  return false;
}

// Calls `visit` with each of the organisation's objects in `map`.
template <typename Map, typename Visit>
void ForEachOf(const Map& map, const std::string& organization, Visit visit) {
  for (auto it = map.lower_bound(ObjectName{organization, ""});
       it != map.end() && it->first.organization == organization; ++it) {
    visit(it->second);
  }
}

}  // namespace

EdgeTable MakeEdgeTable(const Catalog& catalog) {
  EdgeTable made;
  made.table.set_version(TableVersion(catalog));
  for (const auto& [name, provider] : catalog.providers) {
    if (!provider.problem.empty()) continue;
    made.provider_index.emplace(name, static_cast<uint32_t>(made.table.providers_size()));
    *made.table.add_providers() = ToTarget(provider);
  }
  for (const auto& [name, proxy] : catalog.proxies) {
    *made.table.add_proxies() = ToRoute(catalog, proxy);
  }
  for (const auto& [name, model] : catalog.models) {
    v1::ModelEntry* entry = made.table.add_models();
    *entry = ToEntry(model);
    ForEachOf(catalog.proxies, name.organization, [&](const v1::Proxy& proxy) {
      if (Serves(catalog, proxy, model)) entry->add_proxies(proxy.name());
    });
  }
  return made;
}

uint64_t TableVersion(const Catalog& catalog) {
  return static_cast<uint64_t>(catalog.sequence) + 1;
}

}  // namespace weir::routing
