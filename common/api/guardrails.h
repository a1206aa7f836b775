#pragma once

#include "common/api/call_context.h"
#include "common/async/asio.h"
#include "common/status/status.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::api {

namespace guardrails_pb = ::weir::guardrails::v1;

// What may leave and come back. The RPC comments in weir/guardrails/v1/guardrails.proto are the
// contract. Thread-safe; stateless between calls.
class Guardrails {
 public:
  virtual ~Guardrails() = default;
  virtual asio::awaitable<absl::StatusOr<guardrails_pb::InspectResponse>> Inspect(
      CallContext call, guardrails_pb::InspectRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<guardrails_pb::InspectDeltaResponse>> InspectDelta(
      CallContext call, guardrails_pb::InspectDeltaRequest request) = 0;
};

}  // namespace weir::api
