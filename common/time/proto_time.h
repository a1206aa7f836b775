#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>

#include "common/time/clock.h"

namespace weir {

// Nothing where it is malformed (nanos out of range or of another sign) or does not fit.
std::optional<Duration> FromProto(const google::protobuf::Duration& duration);
google::protobuf::Duration ToProto(Duration duration);
google::protobuf::Timestamp ToProto(WallTime time);

}  // namespace weir
