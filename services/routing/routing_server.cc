#include "services/routing/routing_server.h"

#include <string_view>

namespace weir::routing {
namespace {

constexpr std::string_view kService = "weir.routing.v1.RoutingAdminService";

// One method of the service, by the method of RoutingAdmin that has its name.
template <typename Req, typename Resp>
void Add(rpc::AdminRegistry& registry, RoutingAdmin& admin, std::string_view method,
         absl::StatusOr<Resp> (RoutingAdmin::*handler)(const api::AdminCall&, const Req&)) {
  registry.Add<Req, Resp>(kService, method,
                          [&admin, handler](const api::AdminCall& call, const Req& request) {
                            return (admin.*handler)(call, request);
                          });
}

}  // namespace

void RegisterRoutingAdmin(rpc::AdminRegistry& registry, RoutingAdmin& admin) {
  Add(registry, admin, "PutProvider", &RoutingAdmin::PutProvider);
  Add(registry, admin, "ListProviders", &RoutingAdmin::ListProviders);
  Add(registry, admin, "DeleteProvider", &RoutingAdmin::DeleteProvider);
  Add(registry, admin, "PutModel", &RoutingAdmin::PutModel);
  Add(registry, admin, "ListModels", &RoutingAdmin::ListModels);
  Add(registry, admin, "DeleteModel", &RoutingAdmin::DeleteModel);
  Add(registry, admin, "PutProxy", &RoutingAdmin::PutProxy);
  Add(registry, admin, "ListProxies", &RoutingAdmin::ListProxies);
  Add(registry, admin, "DeleteProxy", &RoutingAdmin::DeleteProxy);
  Add(registry, admin, "GetHealth", &RoutingAdmin::GetHealth);
}

void RegisterRouting(rpc::ServiceRegistry& registry, api::Routing& routing) {
  registry.Add("Plan", routing, &api::Routing::Plan);
  registry.Add("Report", routing, &api::Routing::Report);
  registry.AddStream<v1::WatchRequest, api::RoutingEvent>(
      "Watch", [&routing](v1::WatchRequest request, asio::any_io_executor executor) {
        return routing.Watch(std::move(request), std::move(executor));
      });
}

}  // namespace weir::routing
