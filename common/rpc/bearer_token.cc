#include "common/rpc/bearer_token.h"

#include "common/status/detail.h"
#include "common/text/ascii.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::rpc {
namespace {

using weir::common::v1::AuthFailure;

constexpr std::string_view kScheme = "Bearer ";
// Ours are far shorter; anything longer is not worth a look into the store.
constexpr size_t kMaxTokenBytes = 512;

absl::Status Refused(AuthFailure::Reason reason, std::string_view came) {
  AuthFailure detail;
  detail.set_reason(reason);
  return status::WithDetail(
      status::Unauthenticated("{}, want metadata 'authorization: Bearer wa_...'", came), detail);
}

}  // namespace

absl::StatusOr<std::string> BearerToken(const std::vector<std::string_view>& authorization) {
  if (authorization.empty()) return Refused(AuthFailure::REASON_MISSING, "no admin token");
  if (authorization.size() > 1) {
    return Refused(AuthFailure::REASON_MALFORMED, "several authorization values");
  }
  const std::string_view value = authorization.front();
  if (!text::EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) {
    return Refused(AuthFailure::REASON_MALFORMED, "authorization is of another scheme");
  }
  const std::string_view token = value.substr(kScheme.size());
  if (token.empty() || token.size() > kMaxTokenBytes) {
    return Refused(AuthFailure::REASON_MALFORMED,
                   fmt::format("an admin token of {} bytes", token.size()));
  }
  return std::string(token);
}

}  // namespace weir::rpc
