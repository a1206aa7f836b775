#pragma once

#include <memory>

#include "common/api/call_context.h"
#include "common/async/event_stream.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::api {

namespace routing_pb = ::weir::routing::v1;

// Who answers. The RPC comments in weir/routing/v1/routing.proto are the contract. Thread-safe;
// never blocks the calling loop.
class Routing {
 public:
  virtual ~Routing() = default;

  // kNotFound: no such model for this organisation here. kUnavailable with a RetryLater detail:
  // every target is out.
  virtual asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> Plan(
      CallContext call, routing_pb::PlanRequest request) = 0;

  // The table at once, then each new one. Tables are immutable: they are shared, not copied,
  // between the readers of one process.
  virtual std::shared_ptr<EventStream<std::shared_ptr<const routing_pb::RoutingTable>>> Watch(
      routing_pb::WatchRequest request, asio::any_io_executor executor) = 0;

  // Takes effect before the first suspension.
  virtual asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> Report(
      CallContext call, routing_pb::ReportRequest request) = 0;
};

}  // namespace weir::api
