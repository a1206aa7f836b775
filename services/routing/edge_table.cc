#include "services/routing/edge_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "common/time/proto_time.h"
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

// Puts one table together; gone when it is done.
class EdgeTableMaker {
 public:
  EdgeTableMaker(const Catalog& catalog, const RoutingConfig& config)
      : catalog_(catalog), config_(config) {}

  v1::RoutingTable Run() {
    table_.set_version(TableVersion(catalog_));
    table_.set_max_attempts(static_cast<uint32_t>(config_.max_attempts));
    for (const auto& [name, provider] : catalog_.providers) {
      if (!provider.problem.empty()) continue;
      provider_index_.emplace(name, static_cast<uint32_t>(table_.providers_size()));
      *table_.add_providers() = ToTarget(provider);
    }
    for (const auto& [name, proxy] : catalog_.proxies) AddProxy(proxy);
    for (const auto& [name, model] : catalog_.models) AddModel(model);
    return std::move(table_);
  }

 private:
  template <typename Message>
  google::protobuf::Duration Suspend(const Message& message) const {
    std::optional<Duration> suspend;
    if (message.has_suspend_duration()) suspend = FromProto(message.suspend_duration());
    return ToProto(suspend.value_or(config_.default_suspend));
  }

  void AddProxy(const v1::Proxy& proxy) {
    v1::ProxyRoute& route = *table_.add_proxies();
    route.set_organization(proxy.organization());
    route.set_name(proxy.name());
    route.set_context(proxy.context());
    *route.mutable_kinds() = proxy.kinds();
    route.set_key_header(proxy.key_header());
    *route.mutable_cors_origins() = proxy.cors_origins();
    route.set_degraded_reason(UnresolvedReason(catalog_, proxy));
    if (route.degraded_reason().empty()) AddRoute(proxy, route);
  }

  void AddRoute(const v1::Proxy& proxy, v1::ProxyRoute& route) {
    switch (proxy.route_case()) {
      case v1::Proxy::kProvider:
        route.set_pass_through_provider(
            provider_index_.at({proxy.organization(), proxy.provider()}));
        *route.mutable_allowed_models() = proxy.allowed_models();
        break;
      case v1::Proxy::kModelRotation:
        *route.mutable_rotation()->mutable_suspend_duration() = Suspend(proxy.model_rotation());
        AddResolved(proxy, proxy.model_rotation().models(),
                    *route.mutable_rotation()->mutable_models());
        break;
      case v1::Proxy::ROUTE_NOT_SET:
        AddResolved(proxy, proxy.allowed_models(), *route.mutable_allowed_models());
        break;
    }
  }

  // Names of models without their aliases; a proxy that serves names none that is not there.
  template <typename Names>
  void AddResolved(const v1::Proxy& proxy, const Names& names, Names& resolved) const {
    for (const std::string& each : names) {
      *resolved.Add() = catalog_.FindModel({proxy.organization(), each})->name();
    }
  }

  void AddModel(const v1::Model& model) {
    v1::ModelEntry& entry = *table_.add_models();
    entry.set_organization(model.organization());
    entry.set_name(model.name());
    entry.set_created_at_s(model.created_at().seconds());
    if (model.targets_size() > 0) entry.set_owned_by(model.targets(0).provider());
    ForEachOf(catalog_.proxies, model.organization(), [&](const v1::Proxy& proxy) {
      if (Serves(catalog_, proxy, model)) entry.add_proxies(proxy.name());
    });
    *entry.mutable_aliases() = model.aliases();
    entry.set_round_robin(model.strategy() == v1::Model::STRATEGY_ROUND_ROBIN);
    *entry.mutable_suspend_duration() = Suspend(model);
    entry.set_output_tokens_max(model.output_tokens_max());
    entry.set_unresolved_reason(UnresolvedReason(catalog_, model));
    AddTargets(model, entry);
  }

  // Those that can be called.
  void AddTargets(const v1::Model& model, v1::ModelEntry& entry) const {
    for (const v1::Model::Target& each : model.targets()) {
      const auto index = provider_index_.find({model.organization(), each.provider()});
      if (index == provider_index_.end()) continue;
      v1::ModelTarget& target = *entry.add_targets();
      target.set_provider_index(index->second);
      target.set_upstream_model(std::string(UpstreamModel(model, each)));
    }
  }

  const Catalog& catalog_;
  const RoutingConfig& config_;
  std::map<ObjectName, uint32_t> provider_index_;
  v1::RoutingTable table_;
};

}  // namespace

v1::RoutingTable MakeEdgeTable(const Catalog& catalog, const RoutingConfig& config) {
  return EdgeTableMaker(catalog, config).Run();
}

uint64_t TableVersion(const Catalog& catalog) {
  return static_cast<uint64_t>(catalog.sequence) + 1;
}

}  // namespace weir::routing
