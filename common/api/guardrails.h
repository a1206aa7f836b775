#pragma once

#include <memory>

#include "common/api/call_context.h"
#include "common/async/asio.h"
#include "common/async/event_stream.h"
#include "common/status/status.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::api {

namespace guardrails_pb = ::weir::guardrails::v1;

// Immutable: the readers of one process share an event.
using GuardrailsEvent = std::shared_ptr<const guardrails_pb::WatchEvent>;
using GuardrailsEvents = EventStream<GuardrailsEvent>;

// What may leave and come back. The RPC comments in weir/guardrails/v1/guardrails.proto are the
// contract. Thread-safe; stateless between calls; never blocks the calling loop.
class Guardrails {
 public:
  virtual ~Guardrails() = default;
  // kFailedPrecondition: a policy of the request is not known here (yet).
  virtual asio::awaitable<absl::StatusOr<guardrails_pb::InspectResponse>> Inspect(
      CallContext call, guardrails_pb::InspectRequest request) = 0;
  // The same; kInvalidArgument: `state` is none of this service's.
  virtual asio::awaitable<absl::StatusOr<guardrails_pb::InspectDeltaResponse>> InspectDelta(
      CallContext call, guardrails_pb::InspectDeltaRequest request) = 0;
  // The table at once, then each new one, and heartbeats where the other side is a network away.
  // `executor` is where the stream is read.
  virtual std::shared_ptr<GuardrailsEvents> Watch(guardrails_pb::WatchRequest request,
                                                  asio::any_io_executor executor) = 0;
};

}  // namespace weir::api
