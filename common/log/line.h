#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/log/field.h"
#include "common/time/clock.h"

namespace weir::log {

// A string value longer than this many bytes is cut, with "..." after it: nobody outside decides
// how long our lines are.
inline constexpr size_t kMaxValueBytes = 1024;

// Appends {"ts":"2025-11-21T10:00:00.000000Z","level":..,"svc":..,"event":..,FIELDS} without a line
// feed. `head` is what stands between the time and the event's name, made once by LineHead. No
// allocation once `out` is big enough.
void AppendLine(std::string& out, WallTime time, std::string_view head, std::string_view event,
                std::span<const Field> fields);

// `","level":"warn","svc":"quota","event":"`; without "svc" where `service` is empty.
std::string LineHead(std::string_view level, std::string_view service);

}  // namespace weir::log
