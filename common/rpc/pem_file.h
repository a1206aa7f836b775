#pragma once

#include <string>

#include "common/status/status.h"

namespace weir::rpc {

// The content of a certificate or key file, at most 1 MiB. kInvalidArgument: unreadable, empty or
// larger.
absl::StatusOr<std::string> ReadPemFile(const std::string& path);

}  // namespace weir::rpc
