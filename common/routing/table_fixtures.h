#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/time/proto_time.h"
#include "weir/routing/v1/routing.pb.h"

// Tables of the organisation "acme" as routing makes them, for tests.
namespace weir::routing {

inline constexpr std::string_view kAcme = "acme";
// Must turn up nowhere but in tables.
inline constexpr std::string_view kCanary = "Bearer sk-canary-7391";

using Texts = std::initializer_list<std::string_view>;

// The parts of a model that most tests leave alone.
inline v1::ModelEntry RoundRobin() {
  v1::ModelEntry model;
  model.set_round_robin(true);
  return model;
}
inline v1::ModelEntry Suspending(Duration suspend) {
  v1::ModelEntry model;
  *model.mutable_suspend_duration() = ToProto(suspend);
  return model;
}
inline v1::ModelEntry WithAlias(std::string_view alias) {
  v1::ModelEntry model;
  model.add_aliases(std::string(alias));
  return model;
}

// Every change makes the next version.
class TableBuilder {
 public:
  TableBuilder& AddProvider(std::string_view name, std::string_view credential = "") {
    v1::ProviderTarget& provider = *Changed().add_providers();
    provider.set_organization(std::string(kAcme));
    provider.set_name(std::string(name));
    provider.set_base_url(fmt::format("https://{}.example.com/v1", name));
    if (!credential.empty()) provider.set_auth_header("Authorization");
    provider.set_auth_value(std::string(credential));
    return *this;
  }
  // A target is "provider" or "provider/upstream-model"; one whose provider is not there (yet) is
  // left out.
  TableBuilder& AddModel(std::string_view name, Texts targets, v1::ModelEntry more = {}) {
    v1::ModelEntry& model = *Changed().add_models();
    model = std::move(more);
    model.set_organization(std::string(kAcme));
    model.set_name(std::string(name));
    for (const std::string_view each : targets) {
      const size_t slash = each.find('/');
      const int provider = IndexOf(each.substr(0, slash));
      if (provider < 0) continue;
      v1::ModelTarget& target = *model.add_targets();
      target.set_provider_index(static_cast<uint32_t>(provider));
      target.set_upstream_model(
          std::string(slash == std::string_view::npos ? name : each.substr(slash + 1)));
    }
    if (model.targets().empty()) model.set_unresolved_reason("provider 'gone' does not exist");
    return *this;
  }
  TableBuilder& AddProxy(std::string_view name, Texts allowed_models = {},
                         v1::ProxyRoute more = {}) {
    v1::ProxyRoute& proxy = *Changed().add_proxies();
    proxy = std::move(more);
    proxy.set_organization(std::string(kAcme));
    proxy.set_name(std::string(name));
    proxy.set_context(fmt::format("/{}", name));
    for (const std::string_view each : allowed_models) {
      proxy.add_allowed_models(std::string(each));
    }
    return *this;
  }
  TableBuilder& AddPassThrough(std::string_view name, std::string_view provider,
                               Texts allowed_models = {}) {
    v1::ProxyRoute route;
    route.set_pass_through_provider(static_cast<uint32_t>(IndexOf(provider)));
    return AddProxy(name, allowed_models, std::move(route));
  }
  TableBuilder& AddRotation(std::string_view name, Texts models, Duration suspend) {
    v1::ProxyRoute route;
    for (const std::string_view each : models) {
      route.mutable_rotation()->add_models(std::string(each));
    }
    *route.mutable_rotation()->mutable_suspend_duration() = ToProto(suspend);
    return AddProxy(name, {}, std::move(route));
  }
  // For what a test alone wants.
  v1::RoutingTable& Changed() {
    table_.set_version(table_.version() + 1);
    return table_;
  }
  std::shared_ptr<const v1::RoutingTable> table() const {
    return std::make_shared<const v1::RoutingTable>(table_);
  }

 private:
  // -1 where there is none.
  int IndexOf(std::string_view provider) const {
    for (int i = 0; i < table_.providers_size(); ++i) {
      if (table_.providers(i).name() == provider) return i;
    }
    return -1;
  }

  v1::RoutingTable table_;
};

}  // namespace weir::routing
