#pragma once

#include <string>

#include "common/status/status.h"

namespace weir::quality {

// A file, gzipped or not. kInvalidArgument names it.
absl::StatusOr<std::string> ReadGzipFile(const std::string& path);

}  // namespace weir::quality
