#pragma once

#include "common/api/identity.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Identity in another process. One for each loop, on its thread. Errors are the service's, and
// those of rpc::PipeClient::Call.
class RemoteIdentity final : public Identity {
 public:
  // `client`, of weir.identity.v1.IdentityService, outlives this object.
  explicit RemoteIdentity(rpc::PipeClient& client) : client_(client) {}

  asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> Authenticate(
      CallContext call, identity_pb::AuthenticateRequest request) override;
  // Over at once where no replica is up: watch again. `executor` is the loop's.
  std::shared_ptr<EventStream<identity_pb::WatchEvent>> Watch(
      identity_pb::WatchRequest request, asio::any_io_executor executor) override;

 private:
  rpc::PipeClient& client_;
};

}  // namespace weir::api
