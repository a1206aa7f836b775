#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

// Checks `limit` against the comments of its message; what is wrong goes to `bad`, its paths
// beginning with "limit.".
void CheckLimit(const v1::Limit& limit, status::BadFields& bad);

// 1 to 63 of [a-z0-9-].
bool IsName(std::string_view text);

}  // namespace weir::quota
