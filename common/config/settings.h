#pragma once

#include <string>
#include <vector>

namespace weir::config {

// A value that holds, for the log line and the check at start. Secrets are "***", or empty where
// there is none.
struct Setting {
  std::string path;    // "listeners[0].address"
  std::string value;   // Escaped and bounded.
  std::string origin;  // "default", "weir.yaml:12", "WEIR_LOG_LEVEL".
};
using Settings = std::vector<Setting>;

// A line each: "log.level = debug  # WEIR_LOG_LEVEL".
std::string Describe(const Settings& settings);

}  // namespace weir::config
