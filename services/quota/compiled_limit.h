#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "services/quota/counting_rule.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

using ::weir::common::v1::Unit;

// What a limit does where it is reached, after defaults are filled in. Request limits are exact in
// either of the first two.
enum class Enforcement : uint8_t {
  kStrict,    // Upper bounds are held; the output is capped to what is held.
  kAdaptive,  // A likely cost is held; the last calls finish on a bounded overdraft.
  kObserve,   // Counts, never denies.
};

// A limit as the hot path wants it. Immutable and shared, so that a counter can outlive the table
// that named it.
struct CompiledLimit : std::enable_shared_from_this<CompiledLimit> {
  std::string organization;
  std::string name;
  v1::Level level = v1::LEVEL_UNSPECIFIED;
  std::string subject;  // As configured: "*" is the default for each subject of the level.
  Unit unit = common::v1::UNIT_UNSPECIFIED;
  Enforcement enforcement = Enforcement::kStrict;
  CountingRule rule;
  std::string contact;
  // A limit that was removed and came back, or moved to another subject, counts anew.
  int64_t counting_since_us = 0;
  // Of the identity that its counters have: organisation, name, counting_since_us.
  size_t identity_hash = 0;

  bool is_default() const { return subject == "*"; }
  bool counts_requests() const { return unit == common::v1::UNIT_REQUESTS; }
};
using LimitPtr = std::shared_ptr<const CompiledLimit>;

// "organization", "team", ...: as errors and headers name it.
std::string_view LevelName(v1::Level level);

// The compiled form of a valid limit.
LimitPtr Compile(const v1::Limit& limit, int64_t counting_since_us);

}  // namespace weir::quota
