#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::config {

// Stands between the faults in the message of a Validate().
inline constexpr std::string_view kBetweenErrors = "; ";

// Collects what a Validate() finds wrong, by the key that an operator edits:
// "quota.hold_ttl is 2h, want 30s to 10m; quota.redis_address is empty, but quota.store is
// 'redis'".
class ConfigErrors {
 public:
  // `section` is where the keys are: "quota"; may be empty.
  explicit ConfigErrors(std::string section) : section_(std::move(section)) {}

  // "SECTION.KEY TEXT".
  void Add(std::string_view key, std::string_view text);
  // Nothing where `value` is between `min` and `max`, both included.
  void InRange(std::string_view key, Duration value, Duration min, Duration max);
  void InRange(std::string_view key, int64_t value, int64_t min, int64_t max);
  void InRange(std::string_view key, double value, double min, double max);
  void SizeInRange(std::string_view key, int64_t bytes, int64_t min, int64_t max);
  void NotEmpty(std::string_view key, std::string_view value);
  // What the Validate() of a part says, as it is.
  void Include(const absl::Status& part);

  bool empty() const { return text_.empty(); }
  // kInvalidArgument with all of it, or OK.
  absl::Status ToStatus() const;

 private:
  void Append(std::string_view error);

  std::string section_;
  std::string text_;
};

}  // namespace weir::config
