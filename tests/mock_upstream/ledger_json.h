#pragma once

#include <string>
#include <vector>

#include "tests/mock_upstream/ledger.h"

namespace weir::mock {

// GET /ledger: the sums of all models, and of each under `by_model`.
std::string LedgerJson(const Ledger::Sums& sums);

// GET /requests: {"requests": [...]}, oldest first. `headers` is a list of [name, value] pairs, as
// received: order, case and repetition kept.
std::string RequestsJson(const std::vector<LoggedRequest>& requests);

}  // namespace weir::mock
