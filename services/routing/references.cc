#include "services/routing/references.h"

#include <algorithm>

namespace weir::routing {
namespace {

std::string ProviderReason(const Catalog& catalog, const ObjectName& name) {
  const ProviderEntry* provider = catalog.FindProvider(name);
  if (provider == nullptr) return fmt::format("provider '{}' does not exist", name.name);
  if (!provider->problem.empty()) {
    return fmt::format("provider '{}': {}", name.name, provider->problem);
  }
  return "";
}

std::string ModelReason(const Catalog& catalog, const ObjectName& name) {
  const v1::Model* model = catalog.FindModel(name);
  if (model == nullptr) return fmt::format("model '{}' does not exist", name.name);
  const std::string reason = UnresolvedReason(catalog, *model);
  return reason.empty() ? "" : fmt::format("model '{}': {}", name.name, reason);
}

// The first reason among `models`.
template <typename Names>
std::string ModelsReason(const Catalog& catalog, const std::string& organization,
                         const Names& models) {
  for (const std::string& each : models) {
    const std::string reason = ModelReason(catalog, {organization, each});
    if (!reason.empty()) return reason;
  }
  return "";
}

template <typename Names>
bool NamesModel(const Names& names, const v1::Model& model) {
  return std::ranges::any_of(names, [&model](const std::string& each) {
    return each == model.name() ||
           std::ranges::find(model.aliases(), each) != model.aliases().end();
  });
}

bool NamesModel(const v1::Proxy& proxy, const v1::Model& model) {
  // A pass-through's names are the provider's, not ours.
  if (proxy.route_case() == v1::Proxy::kProvider) return false;
  return NamesModel(proxy.model_rotation().models(), model) ||
         NamesModel(proxy.allowed_models(), model);
}

}  // namespace

std::string UnresolvedReason(const Catalog& catalog, const v1::Model& model) {
  std::string first;
  for (const v1::Model::Target& each : model.targets()) {
    std::string reason = ProviderReason(catalog, {model.organization(), each.provider()});
    if (reason.empty()) return "";
    if (first.empty()) first = std::move(reason);
  }
  return first.empty() ? "it has no targets" : first;
}

std::string UnresolvedReason(const Catalog& catalog, const v1::Proxy& proxy) {
  switch (proxy.route_case()) {
    case v1::Proxy::kProvider:
      return ProviderReason(catalog, {proxy.organization(), proxy.provider()});
    case v1::Proxy::kModelRotation:
      return ModelsReason(catalog, proxy.organization(), proxy.model_rotation().models());
    case v1::Proxy::ROUTE_NOT_SET:
      return ModelsReason(catalog, proxy.organization(), proxy.allowed_models());
  }
  return "";
}

bool IsCallable(const Catalog& catalog, const ObjectName& provider) {
  return ProviderReason(catalog, provider).empty();
}

std::vector<std::string> UsersOfProvider(const Catalog& catalog, const ObjectName& provider) {
  std::vector<std::string> users;
  for (const auto& [name, model] : catalog.models) {
    const bool names_it = std::ranges::any_of(
        model.targets(), [&](const auto& each) { return each.provider() == provider.name; });
    if (name.organization == provider.organization && names_it) {
      users.push_back(fmt::format("model '{}'", name.name));
    }
  }
  for (const auto& [name, proxy] : catalog.proxies) {
    if (name.organization == provider.organization && proxy.provider() == provider.name) {
      users.push_back(fmt::format("proxy '{}'", name.name));
    }
  }
  return users;
}

std::vector<std::string> UsersOfModel(const Catalog& catalog, const v1::Model& model) {
  std::vector<std::string> users;
  for (const auto& [name, proxy] : catalog.proxies) {
    if (name.organization == model.organization() && NamesModel(proxy, model)) {
      users.push_back(fmt::format("proxy '{}'", name.name));
    }
  }
  return users;
}

std::string_view UpstreamModel(const v1::Model& model, const v1::Model::Target& target) {
  return target.upstream_model().empty() ? model.name() : target.upstream_model();
}

}  // namespace weir::routing
