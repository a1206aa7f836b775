#pragma once

#include "common/api/routing.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Routing in another process. Plan and Report on any loop; Watch on that of the client. Errors are
// the service's, and those of rpc::PipeClient::Call.
class RemoteRouting final : public Routing {
 public:
  // `client`, of weir.routing.v1.RoutingService, outlives this object.
  explicit RemoteRouting(rpc::PipeClient& client) : client_(client) {}

  asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> Plan(
      CallContext call, routing_pb::PlanRequest request) override;
  // Over at once where no replica is up: watch again. `executor` is the loop's.
  std::shared_ptr<RoutingEvents> Watch(routing_pb::WatchRequest request,
                                       asio::any_io_executor executor) override;
  asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> Report(
      CallContext call, routing_pb::ReportRequest request) override;

 private:
  rpc::PipeClient& client_;
};

}  // namespace weir::api
