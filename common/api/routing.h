#pragma once

#include <memory>

#include "common/api/call_context.h"
#include "common/async/event_stream.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::api {

namespace routing_pb = ::weir::routing::v1;

// Immutable: the readers of one process share an event, which may be a large table.
using RoutingEvent = std::shared_ptr<const routing_pb::WatchEvent>;
using RoutingEvents = EventStream<RoutingEvent>;

// The table of an event that has one, as long as somebody holds it.
inline std::shared_ptr<const routing_pb::RoutingTable> TableOf(const RoutingEvent& event) {
  return {event, &event->table()};
}

// Who answers. The RPC comments in weir/routing/v1/routing.proto are the contract. Thread-safe;
// never blocks the calling loop.
class Routing {
 public:
  virtual ~Routing() = default;

  // kNotFound: no such model for this organisation here. kUnavailable with a RetryLater detail:
  // every target is out.
  virtual asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> Plan(
      CallContext call, routing_pb::PlanRequest request) = 0;

  // The table at once, or as soon as there is one, then each new one; suspensions that others
  // should know of, and heartbeats where the other side is a network away. `executor` is where the
  // stream is read.
  virtual std::shared_ptr<RoutingEvents> Watch(routing_pb::WatchRequest request,
                                               asio::any_io_executor executor) = 0;

  // Takes effect before the first suspension.
  virtual asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> Report(
      CallContext call, routing_pb::ReportRequest request) = 0;
};

}  // namespace weir::api
