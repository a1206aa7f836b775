#pragma once

#include <cstddef>

#include "common/config/reader.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::routing {

// The `routing` section. Read once at start; does not change while running.
struct RoutingConfig {
  // Accepts providers with http:// addresses. For upstreams on the same host or in tests.
  bool allow_plaintext_upstreams = false;
  // How long a target is left out after 429 or 5xx where the model or proxy does not say; 0s to
  // 24h. 0s: never left out.
  Duration default_suspend = std::chrono::seconds(30);
  // Most attempts of one plan, 1 to 64. Targets past it are not tried for that request.
  int max_attempts = 16;
  // How long a target that failed and is back stays in the health view, 0s to 24h.
  Duration health_memory = std::chrono::minutes(15);
  // Tables kept for requests that were matched in an older one, 1 to 64.
  int tables_kept = 8;

  // kInvalidArgument: every key that is out of range, by name.
  absl::Status Validate() const;
};

// Reads the `routing` section: form and type; what values may be, Validate says.
void ReadRouting(config::Reader& section, RoutingConfig& settings);

}  // namespace weir::routing
