#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "common/status/status.h"

namespace weir::apply {

// Where documents are put: the admin services, in this process (registry_sink.h) or over a channel.
class Sink {
 public:
  virtual ~Sink() = default;

  // Sends a Put request to `method` ("package.Service/PutX"); whether it changed (or with
  // validate_only would change) anything. Errors are the service's own.
  virtual absl::StatusOr<bool> Put(std::string_view method,
                                   const google::protobuf::Message& request) = 0;
};

}  // namespace weir::apply
