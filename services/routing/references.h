#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/routing/catalog.h"

// Who names whom. An object may name what does not exist (yet): it then says so, and does not
// serve.
namespace weir::routing {

// Why nothing can answer for `model`: none of its providers can be called. Empty: one can.
std::string UnresolvedReason(const Catalog& catalog, const v1::Model& model);

// Why `proxy` cannot serve: something that it names does not exist or cannot be called. Empty: it
// can.
std::string UnresolvedReason(const Catalog& catalog, const v1::Proxy& proxy);

// The provider can be called: it exists and its credential opens.
bool IsCallable(const Catalog& catalog, const ObjectName& provider);

// Who names this provider: "model 'fast'", "proxy 'assistant'".
std::vector<std::string> UsersOfProvider(const Catalog& catalog, const ObjectName& provider);
// Who names this model, by name or alias.
std::vector<std::string> UsersOfModel(const Catalog& catalog, const v1::Model& model);

// What a model sends upstream at `target`.
std::string_view UpstreamModel(const v1::Model& model, const v1::Model::Target& target);

}  // namespace weir::routing
