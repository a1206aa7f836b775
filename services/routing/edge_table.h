#pragma once

#include <cstdint>

#include "services/routing/catalog.h"
#include "services/routing/config.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// What the edges get of a catalog: all that they match, plan and dispatch by. Holds credentials.
// Pure: equal catalogs give equal tables, on whichever replica.
v1::RoutingTable MakeEdgeTable(const Catalog& catalog, const RoutingConfig& config);

// The number of the table that is made of `catalog`; never 0, which stands for "the newest" in
// requests.
uint64_t TableVersion(const Catalog& catalog);

}  // namespace weir::routing
