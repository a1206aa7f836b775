#pragma once

#include "apps/standalone/config.h"
#include "common/config/reader.h"

// The sections of the file: each reads form and type; what values may be, the Validate() of the
// part says.
namespace weir::standalone {

// `listeners`, `ops`, `auth`, `edge` and `egress`; HTTPS_PROXY and NO_PROXY of `environment` where
// the file does not speak of a proxy.
void ReadEdge(config::Reader& root, const config::Environment& environment,
              edge::EdgeConfig& config);
void ReadIdentity(config::Reader& section, identity::IdentityConfig& config);
void ReadQuota(config::Reader& section, quota::QuotaConfig& config);
void ReadRouting(config::Reader& section, routing::RoutingConfig& config);
void ReadAdmin(config::Reader& section, rpc::AdminServerOptions& admin);

}  // namespace weir::standalone
