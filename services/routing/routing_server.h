#pragma once

#include "common/rpc/admin_registry.h"
#include "services/routing/routing_admin.h"

namespace weir::routing {

// Serves weir.routing.v1.RoutingAdminService: every method of it. `admin` must outlive the
// registry.
void RegisterRoutingAdmin(rpc::AdminRegistry& registry, RoutingAdmin& admin);

}  // namespace weir::routing
