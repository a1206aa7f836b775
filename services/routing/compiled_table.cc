#include "services/routing/compiled_table.h"

#include <utility>

#include "services/routing/edge_table.h"
#include "services/routing/proto_time.h"
#include "services/routing/references.h"

namespace weir::routing {
namespace {

constexpr uint32_t kEveryKind = ~uint32_t{0};

uint32_t KindBits(const v1::Proxy& proxy) {
  if (proxy.kinds().empty()) return kEveryKind;
  uint32_t bits = 1 << v1::API_KIND_UNSPECIFIED;
  for (const int each : proxy.kinds()) {
    if (each > 0 && each < 32) bits |= uint32_t{1} << each;
  }
  return bits;
}

template <typename Map>
auto* FindText(Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

// Puts one table together; gone when it is done.
class TableCompiler {
 public:
  TableCompiler(const Catalog& catalog, const RoutingConfig& config, RouteStates& states)
      : catalog_(catalog), config_(config), states_(states), edge_(MakeEdgeTable(catalog)) {}

  std::shared_ptr<const CompiledTable> Run() {
    for (const auto& [name, model] : catalog_.models) AddModel(model);
    for (const auto& [alias, model] : catalog_.aliases) AddAlias(alias, model);
    for (const auto& [name, proxy] : catalog_.proxies) AddProxy(proxy);
    table_->for_edges_ = std::make_shared<const v1::RoutingTable>(std::move(edge_.table));
    return std::move(table_);
  }

 private:
  CompiledOrganization& Organization(const std::string& name) {
    return table_->organizations_[name];
  }

  // `proxy`: whose rotation it is in; empty: the model's own.
  std::shared_ptr<TargetHealth> Health(const std::string& organization, const std::string& proxy,
                                       const std::string& model, const std::string& provider,
                                       const std::string& upstream_model) {
    return states_.healths.Of({organization, proxy, model, provider, upstream_model});
  }

  // Those targets of `model` that can be called, as members of `proxy`'s rotation or, where that is
  // empty, of the model itself.
  std::vector<Target> Targets(const v1::Model& model, const std::string& proxy) {
    std::vector<Target> targets;
    for (const v1::Model::Target& each : model.targets()) {
      const auto index = edge_.provider_index.find({model.organization(), each.provider()});
      if (index == edge_.provider_index.end() || targets.size() == kMaxMembers) continue;
      const std::string upstream(UpstreamModel(model, each));
      targets.push_back(
          {.provider_index = index->second,
           .provider = each.provider(),
           .upstream_model = upstream,
           .health = Health(model.organization(), proxy, model.name(), each.provider(), upstream)});
    }
    return targets;
  }

  template <typename Message>
  Duration Suspend(const Message& message) const {
    if (!message.has_suspend_duration()) return config_.default_suspend;
    return FromProto(message.suspend_duration()).value_or(config_.default_suspend);
  }

  void AddModel(const v1::Model& model) {
    CompiledOrganization& organization = Organization(model.organization());
    CompiledModel& made = organization.models.emplace_back();
    made.name = model.name();
    made.output_tokens_max = model.output_tokens_max();
    made.round_robin = model.strategy() == v1::Model::STRATEGY_ROUND_ROBIN;
    made.suspend = Suspend(model);
    made.targets = Targets(model, "");
    made.unresolved_reason = UnresolvedReason(catalog_, model);
    made.rotation = states_.rotations.Of({model.organization(), "", model.name()});
    organization.names.emplace(made.name, &made);
  }

  // A name goes before an alias.
  void AddAlias(const ObjectName& alias, const std::string& model) {
    CompiledOrganization& organization = Organization(alias.organization);
    if (const CompiledModel* made = organization.FindModel(model)) {
      organization.names.emplace(alias.name, made);
    }
  }

  void AddProxy(const v1::Proxy& proxy) {
    CompiledProxy made;
    made.name = proxy.name();
    made.kinds = KindBits(proxy);
    made.degraded_reason = UnresolvedReason(catalog_, proxy);
    // A proxy that does not serve needs no route.
    if (made.degraded_reason.empty()) AddRoute(proxy, made);
    Organization(proxy.organization()).proxies.emplace(proxy.name(), std::move(made));
  }

  void AddRoute(const v1::Proxy& proxy, CompiledProxy& made) {
    const std::string& organization = proxy.organization();
    if (proxy.route_case() == v1::Proxy::kProvider) {
      made.pass_through =
          Target{.provider_index = edge_.provider_index.at({organization, proxy.provider()}),
                 .provider = proxy.provider(),
                 .upstream_model = "",
                 .health = Health(organization, proxy.name(), "", proxy.provider(), "")};
      made.allowed_models.insert(proxy.allowed_models().begin(), proxy.allowed_models().end());
      return;
    }
    if (proxy.route_case() == v1::Proxy::kModelRotation) return AddRotation(proxy, made);
    for (const std::string& each : proxy.allowed_models()) {
      made.allowed_models.insert(Organization(organization).FindModel(each)->name);
    }
  }

  void AddRotation(const v1::Proxy& proxy, CompiledProxy& made) {
    const std::string& organization = proxy.organization();
    made.suspend = Suspend(proxy.model_rotation());
    made.rotation = states_.rotations.Of({organization, proxy.name()});
    for (const std::string& each : proxy.model_rotation().models()) {
      if (made.members.size() == kMaxMembers) break;
      const v1::Model* model = catalog_.FindModel({organization, each});
      made.members.push_back(
          {.model = Organization(organization).FindModel(each),
           .targets = Targets(*model, proxy.name()),
           .rotation = states_.rotations.Of({organization, proxy.name(), model->name()})});
    }
  }

  const Catalog& catalog_;
  const RoutingConfig& config_;
  RouteStates& states_;
  EdgeTable edge_;
  std::shared_ptr<CompiledTable> table_{new CompiledTable()};
};

const CompiledModel* CompiledOrganization::FindModel(std::string_view name_or_alias) const {
  const CompiledModel* const* found = FindText(names, name_or_alias);
  return found == nullptr ? nullptr : *found;
}

const CompiledProxy* CompiledOrganization::FindProxy(std::string_view name) const {
  return FindText(proxies, name);
}

std::shared_ptr<const CompiledTable> CompiledTable::Compile(const Catalog& catalog,
                                                            const RoutingConfig& config,
                                                            RouteStates& states) {
  std::shared_ptr<const CompiledTable> table = TableCompiler(catalog, config, states).Run();
  states.healths.Prune();
  states.rotations.Prune();
  return table;
}

const CompiledOrganization* CompiledTable::FindOrganization(std::string_view name) const {
  return FindText(organizations_, name);
}

}  // namespace weir::routing
