#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::rpc {

// Answers server reflection from the protos of this binary. v1 and v1alpha are the same bytes, so
// one answer serves both. Immutable; thread-safe.
class Reflection {
 public:
  // `services`: full names of what the server offers, for "list".
  explicit Reflection(std::vector<std::string> services);

  // Whether `full_method` ("/package.Service/Method") is reflection.
  static bool Serves(std::string_view full_method);

  // The serialized answer to a serialized ServerReflectionRequest; what does not exist is an answer
  // too. kInvalidArgument: the request is malformed.
  absl::StatusOr<std::string> Answer(const std::string& request) const;

 private:
  std::vector<std::string> services_;
};

}  // namespace weir::rpc
