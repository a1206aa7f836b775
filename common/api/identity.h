#pragma once

#include <memory>

#include "common/api/call_context.h"
#include "common/async/event_stream.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::api {

namespace identity_pb = ::weir::identity::v1;

// Who is calling. The RPC comments in weir/identity/v1/identity.proto are the contract.
// Thread-safe; never blocks the calling loop.
class Identity {
 public:
  virtual ~Identity() = default;

  // kUnauthenticated with an AuthFailure detail: the credential is not good. kUnavailable: the
  // store cannot be asked.
  virtual asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> Authenticate(
      CallContext call, identity_pb::AuthenticateRequest request) = 0;

  // What invalidates cached principals, from now on. The stream begins with a heartbeat that
  // carries the current sequence number. `executor` is where the stream is read.
  virtual std::shared_ptr<EventStream<identity_pb::WatchEvent>> Watch(
      identity_pb::WatchRequest request, asio::any_io_executor executor) = 0;
};

}  // namespace weir::api
