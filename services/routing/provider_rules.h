#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "services/routing/config.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// Largest credential, bytes.
inline constexpr size_t kMaxCredentialBytes = 8 * 1024;

// `provider` (the request's field "provider") as it is stored: its address normalised, without what
// only answers have and without its credential. What is wrong goes to `bad`; the result is then of
// no use.
v1::Provider CheckProvider(const v1::Provider& provider, const RoutingConfig& config,
                           status::BadFields& bad);

}  // namespace weir::routing
