#include "common/api/remote_routing.h"

#include "common/api/remote_call.h"
#include "common/api/remote_watch.h"

namespace weir::api {
namespace {

constexpr rpc::PipeMethod kPlan{.name = "Plan", .idempotent = true};
constexpr rpc::PipeMethod kReport{.name = "Report", .urgent = false};
// Tables may be large: who lags more watches again, and gets the newest alone.
constexpr size_t kWatchLag = 16;

// Events as the readers of one process share them.
class SharedEvents final : public RoutingEvents {
 public:
  explicit SharedEvents(std::shared_ptr<EventStream<routing_pb::WatchEvent>> events)
      : events_(std::move(events)) {}
  asio::awaitable<absl::StatusOr<RoutingEvent>> Next() override {
    absl::StatusOr<routing_pb::WatchEvent> event = co_await events_->Next();
    if (!event.ok()) co_return event.status();
    co_return std::make_shared<const routing_pb::WatchEvent>(*std::move(event));
  }
  void End() override { events_->End(); }

 private:
  const std::shared_ptr<EventStream<routing_pb::WatchEvent>> events_;
};

}  // namespace

asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> RemoteRouting::Plan(
    CallContext call, routing_pb::PlanRequest request) {
  std::string organization = request.organization();
  co_return co_await asio::co_spawn(
      client_.loop().io(),
      RemoteCall<routing_pb::PlanResponse>(&client_, kPlan, call, std::move(organization),
                                           std::move(request)),
      asio::use_awaitable);
}

std::shared_ptr<RoutingEvents> RemoteRouting::Watch(routing_pb::WatchRequest request,
                                                    asio::any_io_executor executor) {
  return std::make_shared<SharedEvents>(
      RemoteWatch<routing_pb::WatchEvent>(client_, request, std::move(executor), kWatchLag));
}

asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> RemoteRouting::Report(
    CallContext call, routing_pb::ReportRequest request) {
  std::string organization = request.organization();
  co_return co_await asio::co_spawn(
      client_.loop().io(),
      RemoteCall<routing_pb::ReportResponse>(&client_, kReport, call, std::move(organization),
                                             std::move(request)),
      asio::use_awaitable);
}

}  // namespace weir::api
