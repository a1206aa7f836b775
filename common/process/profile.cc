#include "common/process/profile.h"

namespace weir::process {

void ReadProfile(config::Reader& root, Profile* profile) {
  root.Enum("profile", profile, {{"prod", Profile::kProd}, {"dev", Profile::kDev}});
}

void ReadLog(config::Reader& section, LogConfig& log) {
  section.Enum("level", &log.level,
               {{"debug", log::Level::kDebug},
                {"info", log::Level::kInfo},
                {"warn", log::Level::kWarn},
                {"error", log::Level::kError},
                {"off", log::Level::kOff}});
  section.String("path", &log.path);
}

}  // namespace weir::process
