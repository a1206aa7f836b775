#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"

namespace weir::cache {

// A question in its turn, and which answer it wants.
struct StreamRequest {
  std::string prompt;
  std::string partition;  // Only requests of one may share an answer.
  std::string set_id;     // Equal where one answer serves both.
  std::string source;
};

// Reads a file of JSON objects, one a line, plain or gzipped, in their order. kInvalidArgument
// names the file and the line.
absl::StatusOr<std::vector<StreamRequest>> ReadStream(const std::string& path);

}  // namespace weir::cache
