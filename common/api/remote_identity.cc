#include "common/api/remote_identity.h"

#include "common/api/remote_call.h"
#include "common/api/remote_watch.h"

namespace weir::api {
namespace {

constexpr rpc::PipeMethod kAuthenticate{.name = "Authenticate", .idempotent = true};
// As many as identity itself lets a watcher lag.
constexpr size_t kWatchLag = 1024;

}  // namespace

asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> RemoteIdentity::Authenticate(
    CallContext call, identity_pb::AuthenticateRequest request) {
  // Who it is for is not known before the answer.
  return RemoteCall<identity_pb::AuthenticateResponse>(&client_, kAuthenticate, call, std::string(),
                                                       std::move(request));
}

std::shared_ptr<EventStream<identity_pb::WatchEvent>> RemoteIdentity::Watch(
    identity_pb::WatchRequest request, asio::any_io_executor executor) {
  return RemoteWatch<identity_pb::WatchEvent>(client_, request, std::move(executor), kWatchLag);
}

}  // namespace weir::api
