#include "common/api/remote_admin_tokens.h"

#include <future>

#include "common/api/remote_call.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::api {
namespace {

namespace identity_pb = ::weir::identity::v1;

constexpr rpc::PipeMethod kVerify{.name = "VerifyAdminToken", .idempotent = true};
constexpr Duration kLongest = std::chrono::seconds(5);

using Answer = absl::StatusOr<identity_pb::VerifyAdminTokenResponse>;

}  // namespace

absl::StatusOr<AdminCall> RemoteAdminTokens::Verify(std::string_view token) {
  identity_pb::VerifyAdminTokenRequest request;
  request.set_token(token.data(), token.size());
  // Both sides own it: this thread may stop waiting.
  auto answered = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = answered->get_future();
  const CallContext call{.deadline = identity_.clock().Monotonic() + kLongest};
  asio::co_spawn(identity_.loop().io(),
                 RemoteCall<identity_pb::VerifyAdminTokenResponse>(
                     &identity_, kVerify, call, std::string(), std::move(request)),
                 [answered](std::exception_ptr thrown, Answer result) {
                   answered->set_value(thrown ? Answer(status::Internal("verifying failed"))
                                              : std::move(result));
                 });
  // A loop that is about to end answers nothing any more.
  if (answer.wait_for(kLongest * 2) != std::future_status::ready) {
    return status::Unavailable("identity did not say whose the admin token is");
  }
  Answer verified = answer.get();
  if (!verified.ok()) return verified.status();
  return AdminCall{.actor = verified->token_id(),
                   .role = verified->role(),
                   .organization = verified->organization()};
}

}  // namespace weir::api
