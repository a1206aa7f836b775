#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/api/attempt_name.h"
#include "weir/edge/v1/outbox.pb.h"

namespace weir::edge {

// Frames of an outbox file: length (4 bytes, little-endian), CRC-32 of the payload (4 bytes),
// payload (an OutboxRecord).
void AppendFrame(const edge::v1::OutboxRecord& record, std::string& out);

// Calls `take` for each whole record of `file` in order. Returns the number of bytes that are not
// records: the torn end, or damage. A length of 0 ends a file
// (OutboxSegment).
size_t ReadFrames(std::string_view file,
                  const std::function<void(const edge::v1::OutboxRecord&)>& take);

using api::AttemptName;

}  // namespace weir::edge
