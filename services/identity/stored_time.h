#pragma once

#include <google/protobuf/util/time_util.h>

#include "common/time/clock.h"

namespace weir::identity {

// As it is kept: whole microseconds, UTC.
inline google::protobuf::Timestamp StoredTime(WallTime time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToUnixMicros(time));
}

}  // namespace weir::identity
