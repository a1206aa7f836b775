#pragma once

#include <cstdint>
#include <map>

#include "services/routing/catalog.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// What the edges get of a catalog, and where in it each provider is.
struct EdgeTable {
  // Holds credentials.
  v1::RoutingTable table;
  // Only those that can be called.
  std::map<ObjectName, uint32_t> provider_index;
};

// Pure: equal catalogs give equal tables, on whichever replica.
EdgeTable MakeEdgeTable(const Catalog& catalog);

// The number of the table that is made of `catalog`; never 0, which stands for "the newest" in
// requests.
uint64_t TableVersion(const Catalog& catalog);

}  // namespace weir::routing
