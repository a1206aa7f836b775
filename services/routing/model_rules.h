#pragma once

#include "common/status/bad_fields.h"
#include "services/routing/catalog.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// `model` (the request's field "model") as it is stored, without what only answers have. What is
// wrong with it, also beside the other models of `catalog`, goes to `bad`; the result is then of no
// use. Providers need not exist.
v1::Model CheckModel(const v1::Model& model, const Catalog& catalog, status::BadFields& bad);

}  // namespace weir::routing
