#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::weirctl {

// "2025-11-21T10:00:00Z", "2025-11-21" (its start, UTC) or a duration before now ("24h").
// kInvalidArgument calls it `what`.
absl::StatusOr<google::protobuf::Timestamp> ParseTime(std::string_view text, std::string_view what,
                                                      const Clock& clock);

// A duration above zero, like "30d". kInvalidArgument calls it `what`.
absl::StatusOr<google::protobuf::Duration> ParseSpan(std::string_view text, std::string_view what);

// "2025-11-21T10:00:00Z"; fractions are cut. Empty for a time that is not set (0).
std::string ShowTime(const google::protobuf::Timestamp& time);

// "1h30m", to the second.
std::string ShowSpan(const google::protobuf::Duration& span);

}  // namespace weir::weirctl
