#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/time/clock.h"

// Numbers, durations and sizes from text and back. A parser takes the whole text or nothing: no
// white space, no plus sign, and a value that does not fit is nothing too.
namespace weir::text {

// Decimal digits after an optional minus sign.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);
// Decimal or scientific; finite.
std::optional<double> ParseDouble(std::string_view text);
// "true" or "false".
std::optional<bool> ParseBool(std::string_view text);

// One or more of NUMBER UNIT, units d, h, m, s, ms, us, ns, each at most once and falling: "250ms",
// "1h30m", "1.5s". A unit is needed, also for 0. A day is 24 h. Fractions finer than a nanosecond
// are cut.
std::optional<Duration> ParseDuration(std::string_view text);

// Shortest form that ParseDuration reads back exactly: "1h30m", "250ms", "1.5s", "0s"; a minus sign
// before a negative one.
std::string FormatDuration(Duration duration);

// As the OpenAI API writes x-ratelimit-reset-*: "12ms", "1s", "6m0s", "1h0m0.5s". Rounded up to a
// millisecond, so that a caller who waits that long does not come too early; "0s" for zero and
// less.
std::string FormatRateLimitReset(Duration duration);

// Bytes: a whole number, alone or with B, KiB, MiB, GiB, TiB (1024), KB, MB, GB, TB (1000):
// "16MiB", "65536".
std::optional<int64_t> ParseByteSize(std::string_view text);

// The largest binary unit that is exact: "16MiB", "1000B".
std::string FormatByteSize(int64_t bytes);

}  // namespace weir::text
