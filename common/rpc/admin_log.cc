#include "common/rpc/admin_log.h"

#include "common/log/log.h"

namespace weir::rpc {

void LogAdminCall(const api::AdminCall& call, std::string_view method, const absl::Status& status,
                  Duration took) {
  const int64_t took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  log::Info("admin.call", {{"actor", call.actor},
                           {"organization", call.organization},
                           {"method", method},
                           {"code", absl::StatusCodeToString(status.code())},
                           {"took_us", took_us}});
}

}  // namespace weir::rpc
