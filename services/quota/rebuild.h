#pragma once

#include <string_view>
#include <vector>

#include "common/time/clock.h"
#include "services/quota/ledger.h"
#include "services/quota/limit_table.h"
#include "services/quota/windows.h"

namespace weir::quota {

// What the windows of all limits (where `organization` is given: of its own) hold at `now`
// according to the ledger: for hot state that was lost. Blocks. Token buckets start full and are
// left out.
//
// A UTC window: what was settled since it began. An anchored window: where it began is not
// recorded, so everything that was settled within one period counts, and the earliest of it is
// taken as the beginning. So every use of the last period lies in the window, and it is never
// admitted twice. A limit counts nothing from before `counting_since_us`.
absl::StatusOr<std::vector<RestoredCounter>> SumCounters(const LimitTable& table, Ledger& ledger,
                                                         WallTime now,
                                                         std::string_view organization = {});

}  // namespace weir::quota
