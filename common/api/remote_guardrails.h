#pragma once

#include "common/api/guardrails.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Guardrails in another process. Inspect and InspectDelta on any loop; Watch on that of the client.
// Errors are the service's, and those of rpc::PipeClient::Call.
class RemoteGuardrails final : public Guardrails {
 public:
  // `client`, of weir.guardrails.v1.GuardrailsService, outlives this object.
  explicit RemoteGuardrails(rpc::PipeClient& client) : client_(client) {}

  asio::awaitable<absl::StatusOr<guardrails_pb::InspectResponse>> Inspect(
      CallContext call, guardrails_pb::InspectRequest request) override;
  asio::awaitable<absl::StatusOr<guardrails_pb::InspectDeltaResponse>> InspectDelta(
      CallContext call, guardrails_pb::InspectDeltaRequest request) override;
  // Over at once where no replica is up: watch again. `executor` is the loop's.
  std::shared_ptr<GuardrailsEvents> Watch(guardrails_pb::WatchRequest request,
                                          asio::any_io_executor executor) override;

 private:
  rpc::PipeClient& client_;
};

}  // namespace weir::api
