#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/quota/usage_parts.h"
#include "common/status/status.h"
#include "services/quota/attempt_id.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

// What one attempt spent. Never changed: a correction is another row with a higher seq that holds
// the corrected values whole, and only the row with the highest seq of an attempt counts.
struct LedgerRow {
  AttemptId id;
  uint32_t seq = 1;
  std::string organization, team, user, key_name, key_public_id, proxy, provider, model;
  std::string kind;  // "chat", "responses", "embeddings".
  UsageParts usage;
  int64_t requests = 0;
  bool estimated = false;                 // Counted by weir, not reported by the provider.
  int32_t outcome = 0;                    // SettleRequest.Outcome.
  int64_t dispatched_at_us = 0;           // Since the Unix epoch, the edge's clock. 0: unknown.
  int64_t settled_at_us = 0;              // Since the Unix epoch, this service's clock.
  std::optional<int64_t> cost_usd_nanos;  // Unset: the model has no price.

  bool operator==(const LedgerRow&) const = default;
};

// What rows can be told apart by.
enum class UsageField : uint8_t { kTeam, kUser, kKey, kProxy, kProvider, kModel };
inline constexpr size_t kUsageFields = 6;

// "team", "user", ...; the order is that of UsageField.
inline constexpr std::array<std::string_view, kUsageFields> kUsageFieldNames = {
    "team", "user", "key", "proxy", "provider", "model"};

struct UsageQuery {
  std::string organization;
  int64_t from_us = 0;  // settled_at_us, inclusive.
  int64_t to_us = 0;    // Exclusive.
  std::array<bool, kUsageFields> group_by{};
  std::array<std::optional<std::string>, kUsageFields> filter{};
  int64_t max_rows = 0;
};

struct UsageSum {
  std::array<std::string, kUsageFields> group;  // Empty where not grouped by.
  int64_t requests = 0;
  int64_t attempts = 0;
  int64_t estimated_attempts = 0;
  int64_t total_tokens = 0;
  UsageParts usage;
};

// What the subjects of one level spent in a span of time.
struct SumQuery {
  std::string organization;
  v1::Level level = v1::LEVEL_UNSPECIFIED;
  int64_t since_us = 0;                                    // settled_at_us, inclusive.
  int64_t until_us = std::numeric_limits<int64_t>::max();  // Exclusive.
};
struct SubjectSum {
  std::string subject;  // Empty: the organisation.
  int64_t requests = 0;
  int64_t total_tokens = 0;
  int64_t first_settled_at_us = 0;
};

// What was spent, for good: rows are added and never changed.
//
// Thread-safe; blocks: not for event loops. kUnavailable: it cannot be asked.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Adds rows, all or none; durable when it returns. For each row: it was there already (by id and
  // seq), and nothing was added. kUnavailable: none was added.
  virtual absl::StatusOr<std::vector<bool>> Append(std::span<const LedgerRow> rows) = 0;

  // The row of the attempt with the highest seq.
  virtual absl::StatusOr<std::optional<LedgerRow>> Find(const AttemptId& id) = 0;

  // Sums, the largest total first, then by group. At most `max_rows`.
  virtual absl::StatusOr<std::vector<UsageSum>> QueryUsage(const UsageQuery& query) = 0;

  // One for each subject that spent anything, by subject; rows without one at that level are left
  // out.
  virtual absl::StatusOr<std::vector<SubjectSum>> SumSubjects(const SumQuery& query) = 0;
};

}  // namespace weir::quota
