#pragma once

#include <google/protobuf/duration.pb.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/bad_fields.h"
#include "common/time/clock.h"

// Rules that several kinds of objects share. Each adds to `bad` what is wrong with the field at
// `path`, and nothing where all is well.
namespace weir::routing {

struct DurationRange {
  Duration least, most;
};

// 1 to 63 of [a-z0-9-], starting with a letter.
void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad);

// `least` to 63 of [a-z0-9-].
void CheckName(std::string_view path, std::string_view got, size_t least, status::BadFields& bad);

// 1 to 200 bytes of UTF-8 without white space and control characters.
void CheckModelName(std::string_view path, std::string_view got, status::BadFields& bad);

// At most 200 bytes of UTF-8 without control characters.
void CheckDisplayName(std::string_view path, std::string_view got, status::BadFields& bad);

// A header's name by RFC 9110 (a token), at most 100 bytes, none that frames or routes a message.
void CheckHeaderName(std::string_view path, std::string_view got, status::BadFields& bad);

void CheckDuration(std::string_view path, const google::protobuf::Duration& got,
                   DurationRange range, status::BadFields& bad);

// How long a target is left out: 0s to 24h.
inline constexpr DurationRange kSuspendRange = {Duration::zero(), std::chrono::hours(24)};

}  // namespace weir::routing
