#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "services/routing/catalog.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// `proxy` (the request's field "proxy") as it is stored, without what only answers have. What is
// wrong with it goes to `bad`; the result is then of no use. Models and providers need not exist.
v1::Proxy CheckProxy(const v1::Proxy& proxy, status::BadFields& bad);

// The other proxy, of whichever organisation, that has this context. Null where there is none.
const v1::Proxy* OtherWithContext(const v1::Proxy& proxy, const Catalog& catalog);

// Paths that weir serves itself: such a context is refused.
bool IsReservedContext(std::string_view context);

}  // namespace weir::routing
