#pragma once

#include "common/status/bad_fields.h"
#include "common/time/clock.h"
#include "services/quota/ledger.h"
#include "weir/quota/v1/quota_admin.pb.h"

// Usage queries and their answers, between the API and the ledger. Pure functions.
namespace weir::quota {

inline constexpr int64_t kMaxUsageRows = 10'000;

// Asks for one row more than may be answered, so that ToResponse sees whether there are others.
// What is wrong goes to `bad`.
UsageQuery ParseUsageQuery(const v1::QueryUsageRequest& request, WallTime now,
                           status::BadFields& bad);

v1::QueryUsageResponse ToResponse(const UsageQuery& query, const std::vector<UsageSum>& sums);

}  // namespace weir::quota
