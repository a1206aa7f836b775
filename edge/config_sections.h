#pragma once

#include "common/config/environment.h"
#include "common/config/reader.h"
#include "common/config/settings.h"
#include "edge/config.h"

namespace weir::edge {

// Reads `listeners`, `ops`, `auth`, `edge` and `egress`: form and type; what values may be,
// Validate says. HTTPS_PROXY and NO_PROXY of `environment` hold where the file does not speak of a
// proxy.
void ReadEdge(config::Reader& root, const config::Environment& environment, EdgeConfig& config);

// What profile dev permits and demands of the edge: open callers, and listeners on this machine
// alone.
absl::Status CheckProfile(bool is_dev, const EdgeConfig& config);

// Reads `tls` of a listener; without it, it is plain.
void ReadListenerTls(config::Reader& reader, ListenerConfig& listener);

// Whether `host`, an IP address, is this machine's own.
bool IsLoopback(const std::string& host);

// Names the variable that a value came from, where it was none of weir's own.
void ShowProxy(const EdgeConfig& config, config::Settings& settings);

}  // namespace weir::edge
