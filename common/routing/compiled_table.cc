#include "common/routing/compiled_table.h"

#include <algorithm>
#include <utility>

#include "common/time/proto_time.h"

namespace weir::routing {
namespace {

constexpr uint32_t kEveryKind = ~uint32_t{0};
constexpr uint32_t kDefaultAttempts = 16;
constexpr uint32_t kMostAttempts = 64;
constexpr Duration kDefaultSuspend = std::chrono::seconds(30);

uint32_t KindBits(const v1::ProxyRoute& proxy) {
  if (proxy.kinds().empty()) return kEveryKind;
  uint32_t bits = 1 << v1::API_KIND_UNSPECIFIED;
  for (const int each : proxy.kinds()) {
    if (each > 0 && each < 32) bits |= uint32_t{1} << each;
  }
  return bits;
}

template <typename Message>
Duration Suspend(const Message& message) {
  if (!message.has_suspend_duration()) return kDefaultSuspend;
  return FromProto(message.suspend_duration()).value_or(kDefaultSuspend);
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
  TableCompiler(std::shared_ptr<const v1::RoutingTable> source, RouteStates& states)
      : source_(*source), states_(states) {
    table_->max_attempts_ = source->max_attempts() == 0
                                ? kDefaultAttempts
                                : std::min(source->max_attempts(), kMostAttempts);
    table_->source_ = std::move(source);
  }

  std::shared_ptr<const CompiledTable> Run() {
    for (const v1::ModelEntry& each : source_.models()) AddModel(each);
    for (const v1::ModelEntry& each : source_.models()) AddAliases(each);
    for (const v1::ProxyRoute& each : source_.proxies()) AddProxy(each);
    return std::move(table_);
  }

 private:
  CompiledOrganization& Organization(const std::string& name) {
    return table_->organizations_[name];
  }

  // Null where there is none.
  const v1::ProviderTarget* Provider(uint32_t index) const {
    if (index >= static_cast<uint32_t>(source_.providers_size())) return nullptr;
    return &source_.providers(static_cast<int>(index));
  }

  // `proxy`: whose rotation it is in; empty: the model's own. The key's parts are those of a
  // report, so that a target keeps its state wherever it stands in the next table.
  Target MakeTarget(const std::string& organization, const std::string& proxy,
                    const std::string& model, uint32_t provider_index,
                    const std::string& upstream_model) {
    const std::string& provider = Provider(provider_index)->name();
    return {.provider_index = provider_index,
            .provider = provider,
            .upstream_model = upstream_model,
            .health = states_.healths.Of({organization, proxy, model, provider, upstream_model})};
  }

  std::vector<Target> Targets(const v1::ModelEntry& model, const std::string& proxy) {
    std::vector<Target> targets;
    for (const v1::ModelTarget& each : model.targets()) {
      if (Provider(each.provider_index()) == nullptr || targets.size() == kMaxMembers) continue;
      targets.push_back(MakeTarget(model.organization(), proxy, model.name(), each.provider_index(),
                                   each.upstream_model()));
    }
    return targets;
  }

  void AddModel(const v1::ModelEntry& model) {
    CompiledOrganization& organization = Organization(model.organization());
    CompiledModel& made = organization.models.emplace_back();
    made.name = model.name();
    made.output_tokens_max = model.output_tokens_max();
    made.round_robin = model.round_robin();
    made.suspend = Suspend(model);
    made.targets = Targets(model, "");
    made.unresolved_reason = model.unresolved_reason();
    if (made.targets.empty() && made.unresolved_reason.empty()) {
      made.unresolved_reason = "it has no targets";
    }
    made.rotation = states_.rotations.Of({model.organization(), "", model.name()});
    organization.names.emplace(made.name, &made);
    entries_.emplace(&made, &model);
  }

  // A name goes before an alias.
  void AddAliases(const v1::ModelEntry& model) {
    CompiledOrganization& organization = Organization(model.organization());
    for (const std::string& each : model.aliases()) {
      organization.names.emplace(each, organization.FindModel(model.name()));
    }
  }

  void AddProxy(const v1::ProxyRoute& proxy) {
    CompiledProxy made;
    made.name = proxy.name();
    made.kinds = KindBits(proxy);
    made.degraded_reason = proxy.degraded_reason();
    made.allowed_models.insert(proxy.allowed_models().begin(), proxy.allowed_models().end());
    // A proxy that does not serve needs no route.
    if (made.degraded_reason.empty()) AddRoute(proxy, made);
    Organization(proxy.organization()).proxies.emplace(proxy.name(), std::move(made));
  }

  void AddRoute(const v1::ProxyRoute& proxy, CompiledProxy& made) {
    if (proxy.route_case() == v1::ProxyRoute::kRotation) return AddRotation(proxy, made);
    if (proxy.route_case() != v1::ProxyRoute::kPassThroughProvider) return;
    if (Provider(proxy.pass_through_provider()) == nullptr) {
      made.degraded_reason = "its provider is not in the routing table";
      return;
    }
    made.pass_through =
        MakeTarget(proxy.organization(), proxy.name(), "", proxy.pass_through_provider(), "");
  }

  void AddRotation(const v1::ProxyRoute& proxy, CompiledProxy& made) {
    const std::string& organization = proxy.organization();
    made.suspend = Suspend(proxy.rotation());
    made.rotation = states_.rotations.Of({organization, proxy.name()});
    for (const std::string& each : proxy.rotation().models()) {
      const CompiledModel* model = Organization(organization).FindModel(each);
      if (model == nullptr || model->targets.empty()) continue;
      if (made.members.size() == kMaxMembers) break;
      made.members.push_back(
          {.model = model,
           .targets = Targets(*entries_.at(model), proxy.name()),
           .rotation = states_.rotations.Of({organization, proxy.name(), model->name})});
    }
    if (made.members.empty()) {
      made.degraded_reason = "none of its models can be called";
    }
  }

  const v1::RoutingTable& source_;
  RouteStates& states_;
  std::unordered_map<const CompiledModel*, const v1::ModelEntry*> entries_;
  std::shared_ptr<CompiledTable> table_{new CompiledTable()};
};

const CompiledModel* CompiledOrganization::FindModel(std::string_view name_or_alias) const {
  const CompiledModel* const* found = FindText(names, name_or_alias);
  return found == nullptr ? nullptr : *found;
}

const CompiledProxy* CompiledOrganization::FindProxy(std::string_view name) const {
  return FindText(proxies, name);
}

std::shared_ptr<const CompiledTable> CompiledTable::Compile(
    std::shared_ptr<const v1::RoutingTable> table, RouteStates& states) {
  std::shared_ptr<const CompiledTable> compiled = TableCompiler(std::move(table), states).Run();
  states.healths.Prune();
  states.rotations.Prune();
  return compiled;
}

const CompiledOrganization* CompiledTable::FindOrganization(std::string_view name) const {
  return FindText(organizations_, name);
}

}  // namespace weir::routing
