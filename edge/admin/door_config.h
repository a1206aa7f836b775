#pragma once

#include <string>
#include <vector>

#include "common/config/reader.h"
#include "edge/admin/door_request.h"
#include "edge/config.h"

namespace weir::edge {

// The `door` section. Read once at start; does not change while running.
struct DoorConfig {
  ListenerConfig listener = {.name = "door", .host = "127.0.0.1", .port = 8090};
  // Values of Host that it is called by. Empty: the listener's address and localhost, which is
  // enough on this machine alone.
  std::vector<std::string> hosts;
  // Pages of other sites that may call it: "https://console.example.com".
  std::vector<std::string> origins;
  HttpLimits http;

  // kInvalidArgument: every fault at once, by the key that an operator edits.
  absl::Status Validate() const;
  // What it all means, once the listener's port is known.
  DoorRules Rules(uint16_t port) const;
};

void ReadDoor(config::Reader& section, DoorConfig& config);

}  // namespace weir::edge
