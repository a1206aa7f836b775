#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/testing/seeded_random.h"
#include "common/time/proto_time.h"
#include "services/routing/catalog.h"

// Objects of the organisation "acme", for tests. Each is valid; a test changes what it is about.
namespace weir::routing {

inline constexpr std::string_view kAcme = "acme";
// Must turn up nowhere but in tables for edges.
inline constexpr std::string_view kCanary = "Bearer sk-canary-7391";

inline v1::Provider TestProvider(std::string_view name) {
  v1::Provider provider;
  provider.set_organization(std::string(kAcme));
  provider.set_name(std::string(name));
  provider.set_base_url(fmt::format("https://{}.example.com/v1", name));
  return provider;
}

// A target is "provider" or "provider/upstream-model".
inline v1::Model TestModel(std::string_view name, std::initializer_list<std::string_view> targets) {
  v1::Model model;
  model.set_organization(std::string(kAcme));
  model.set_name(std::string(name));
  for (const std::string_view each : targets) {
    v1::Model::Target* target = model.add_targets();
    const size_t slash = each.find('/');
    target->set_provider(std::string(each.substr(0, slash)));
    if (slash != std::string_view::npos) {
      target->set_upstream_model(std::string(each.substr(slash + 1)));
    }
  }
  return model;
}

inline v1::Proxy TestProxy(std::string_view name) {
  v1::Proxy proxy;
  proxy.set_organization(std::string(kAcme));
  proxy.set_name(std::string(name));
  proxy.set_context(fmt::format("/{}", name));
  return proxy;
}

inline v1::Proxy RotationProxy(std::string_view name,
                               std::initializer_list<std::string_view> models, Duration suspend) {
  v1::Proxy proxy = TestProxy(name);
  for (const std::string_view each : models) {
    proxy.mutable_model_rotation()->add_models(std::string(each));
  }
  *proxy.mutable_model_rotation()->mutable_suspend_duration() = ToProto(suspend);
  return proxy;
}

// A catalog without a store.
class CatalogBuilder {
 public:
  CatalogBuilder& Add(v1::Provider provider, std::string_view credential = "") {
    ProviderEntry entry;
    entry.credential = std::string(credential);
    entry.spec = std::move(provider);
    const ObjectName name = {entry.spec.organization(), entry.spec.name()};
    catalog_.providers.insert_or_assign(name, std::move(entry));
    return Changed();
  }
  CatalogBuilder& Add(v1::Model model) {
    for (const std::string& alias : model.aliases()) {
      catalog_.aliases.insert_or_assign({model.organization(), alias}, model.name());
    }
    const ObjectName name = {model.organization(), model.name()};
    catalog_.models.insert_or_assign(name, std::move(model));
    return Changed();
  }
  CatalogBuilder& Add(v1::Proxy proxy) {
    const ObjectName name = {proxy.organization(), proxy.name()};
    catalog_.proxies.insert_or_assign(name, std::move(proxy));
    return Changed();
  }
  CatalogBuilder& WithProblem(std::string_view provider, std::string_view problem) {
    catalog_.providers.at({std::string(kAcme), std::string(provider)}).problem =
        std::string(problem);
    return Changed();
  }
  const Catalog& catalog() const { return catalog_; }

 private:
  CatalogBuilder& Changed() {
    ++catalog_.sequence;
    return *this;
  }

  Catalog catalog_;
};

// Seals under a fixed key. `random` must outlive it.
inline std::unique_ptr<crypto::Sealer> TestSealer(Random& random, char key = 'k') {
  return *crypto::Sealer::Create({{"test", std::string(32, key)}}, "test", random);
}

}  // namespace weir::routing
