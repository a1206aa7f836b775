#pragma once

#include "common/api/routing.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"
#include "services/routing/routing_admin.h"

namespace weir::routing {

// Serves weir.routing.v1.RoutingAdminService: every method of it. `admin` must outlive the
// registry.
void RegisterRoutingAdmin(rpc::AdminRegistry& registry, RoutingAdmin& admin);

inline constexpr std::string_view kRoutingService = "weir.routing.v1.RoutingService";

// Adds every method of weir.routing.v1.RoutingService. Both must outlive what serves the registry.
void RegisterRouting(rpc::ServiceRegistry& registry, api::Routing& routing);

}  // namespace weir::routing
