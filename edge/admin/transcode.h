#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "common/status/status.h"

namespace weir::edge {

// `json`, proto JSON of a `type` of this program, encoded. kInvalidArgument: it is not; the message
// names the field, also one that the type does not have.
absl::StatusOr<std::string> JsonToWire(const google::protobuf::Descriptor& type,
                                       const std::string& json);

// An encoded `type` in proto JSON, on one line, fields with their default left out. kDataLoss: the
// bytes are not a `type`.
absl::StatusOr<std::string> WireToJson(const google::protobuf::Descriptor& type,
                                       const std::string& wire);

}  // namespace weir::edge
