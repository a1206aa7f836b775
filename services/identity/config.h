#pragma once

#include <string>

#include "common/config/reader.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/identity/key.h"

namespace weir::identity {

// The `identity` section. Read once at start; does not change while running.
struct IdentityConfig {
  // Key values that callers bring along may be as short as 8 characters. Set by `profile: dev`
  // alone.
  bool short_keys = false;
  // Keys of one organisation that are not revoked, 1 to 1,000,000.
  int64_t max_keys_per_organization = 10'000;
  // Admin tokens that are not revoked, 1 to 100,000.
  int64_t max_admin_tokens = 1'000;
  // Made at start where it is missing.
  std::string default_organization = "default";
  // How often watchers hear that identity is alive, 50ms to 500ms: after 1s of silence they trust
  // nothing that they know.
  Duration heartbeat = std::chrono::milliseconds(400);

  // kInvalidArgument: every key that is out of range, by name.
  absl::Status Validate() const;

  SuppliedKeyRule key_rule() const { return {.min_length = short_keys ? 8u : 20u}; }
};

// Reads the `identity` section: form and type; what values may be, Validate says.
void ReadIdentity(config::Reader& section, IdentityConfig& settings);

}  // namespace weir::identity
