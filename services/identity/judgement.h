#pragma once

#include <string>

#include "common/time/clock.h"
#include "services/identity/directory.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::identity {

// kUnauthenticated with an AuthFailure detail. `public_id` may be empty.
absl::Status Refusal(common::v1::AuthFailure::Reason reason, const std::string& public_id = "");

// Whom the key with that digest stands for, at `now`. A key without a team takes its user's. A
// refusal (see Refusal) where there is no such key, it has ended, or it, its user, team or
// organisation is disabled. Blocks; errors of the directory pass through.
absl::StatusOr<v1::Principal> Judge(DirectoryReader& directory, const std::string& digest,
                                    WallTime now);

}  // namespace weir::identity
