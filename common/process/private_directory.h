#pragma once

#include <string>

#include "common/status/status.h"

namespace weir::process {

// Makes `path` and what leads to it where it is missing, for this user alone (0700); one that is
// there stays as it is. kUnavailable: it cannot be made.
absl::Status MakePrivateDirectory(const std::string& path);

}  // namespace weir::process
