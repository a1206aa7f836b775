#pragma once

#include <optional>
#include <string_view>

#include "common/time/clock.h"
#include "edge/http/headers.h"

namespace weir::edge {

// What a request's Cache-Control says about answers that were given before (RFC 9111, 5.2.1).
struct CacheControl {
  bool no_cache = false;        // No answer of before.
  bool no_store = false;        // Nothing of this request is kept, nor looked up.
  bool only_if_cached = false;  // An answer of before, or 504.
  // The oldest answer that will do; 0 to kLongestMaxAge.
  std::optional<Duration> max_age;

  bool may_look_up() const {
    return !no_cache && !no_store && (!max_age || *max_age > Duration::zero());
  }
  bool may_record() const { return !no_store; }
};
inline constexpr Duration kLongestMaxAge = std::chrono::hours(24 * 365);

// Reads all values of the header, joined with commas. Directives that it does not know are passed
// over. A header that cannot be read as a whole (a value that is missing, malformed or too much, a
// directive that comes twice with different values, over 1,024 bytes) is no-cache: who writes one
// wants something fresher than what is there.
CacheControl ParseCacheControl(std::string_view header);

enum class CacheStatus : uint8_t { kHit, kMiss, kBypass };

// "HIT", "MISS", "BYPASS".
std::string_view CacheStatusName(CacheStatus status);

// X-Cache-Status.
void AddCacheStatus(CacheStatus status, Headers& headers);
// X-Cache-Status, X-Cache-Kind ("exact" or "semantic") and Age (whole seconds, none below 0).
void AddCacheHit(std::string_view kind, Duration age, Headers& headers);

}  // namespace weir::edge
