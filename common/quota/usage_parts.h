#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/status/status.h"
#include "weir/common/v1/usage.pb.h"

namespace weir::quota {

// What an attempt consumed, in disjoint parts. The order is that of the ledger's columns.
struct UsageParts {
  enum Part {
    kInputUncached,
    kCacheRead,
    kCacheWrite5m,
    kCacheWrite1h,
    kOutputVisible,
    kReasoning,
    kAudioInput,
    kAudioOutput,
    kImageUnits,
    kPartCount
  };
  std::array<int64_t, kPartCount> parts{};
  bool inconsistent = false;  // The provider's total was another one.

  int64_t operator[](Part part) const { return parts[part]; }
  int64_t& operator[](Part part) { return parts[part]; }
  // Prompt and completion tokens together.
  int64_t total_tokens() const;
  // Completion tokens.
  int64_t output_tokens() const;

  UsageParts& operator+=(const UsageParts& other);
  bool operator==(const UsageParts&) const = default;
};

// kInvalidArgument where a part is negative or above kMaxAmount.
absl::StatusOr<UsageParts> ParseUsage(const common::v1::Usage& usage);
common::v1::Usage ToProto(const UsageParts& parts);

}  // namespace weir::quota
