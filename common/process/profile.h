#pragma once

#include <string>

#include "common/config/reader.h"
#include "common/log/log.h"

namespace weir::process {

enum class Profile {
  kProd,
  kDev,  // Loopback only; permits auth.mode: open and short keys.
};

// Reads `profile`.
void ReadProfile(config::Reader& root, Profile* profile);
// Reads the `log` section.
struct LogConfig {
  log::Level level = log::Level::kInfo;
  std::string path;  // Empty: stdout.
};
void ReadLog(config::Reader& section, LogConfig& log);

}  // namespace weir::process
