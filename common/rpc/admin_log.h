#pragma once

#include <string_view>

#include "common/api/admin_call.h"
#include "common/time/clock.h"

namespace weir::rpc {

// Logs what an operator sees of every edit and every refusal at the admin port, as "admin.call": an
// AdminCallObserver.
void LogAdminCall(const api::AdminCall& call, std::string_view method, const absl::Status& status,
                  Duration took);

}  // namespace weir::rpc
