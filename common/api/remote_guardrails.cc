#include "common/api/remote_guardrails.h"

#include "common/api/remote_call.h"
#include "common/api/remote_watch.h"

namespace weir::api {
namespace {

// Both keep nothing: to ask again changes nothing.
constexpr rpc::PipeMethod kInspect{.name = "Inspect", .idempotent = true};
constexpr rpc::PipeMethod kInspectDelta{.name = "InspectDelta", .idempotent = true};
// Tables may be large: who lags more watches again, and gets the newest alone.
constexpr size_t kWatchLag = 16;

// Events as the readers of one process share them.
class SharedEvents final : public GuardrailsEvents {
 public:
  explicit SharedEvents(std::shared_ptr<EventStream<guardrails_pb::WatchEvent>> events)
      : events_(std::move(events)) {}
  asio::awaitable<absl::StatusOr<GuardrailsEvent>> Next() override {
    absl::StatusOr<guardrails_pb::WatchEvent> event = co_await events_->Next();
    if (!event.ok()) co_return event.status();
    co_return std::make_shared<const guardrails_pb::WatchEvent>(*std::move(event));
  }
  void End() override { events_->End(); }

 private:
  const std::shared_ptr<EventStream<guardrails_pb::WatchEvent>> events_;
};

}  // namespace

asio::awaitable<absl::StatusOr<guardrails_pb::InspectResponse>> RemoteGuardrails::Inspect(
    CallContext call, guardrails_pb::InspectRequest request) {
  std::string organization = request.organization();
  co_return co_await asio::co_spawn(
      client_.loop().io(),
      RemoteCall<guardrails_pb::InspectResponse>(&client_, kInspect, call, std::move(organization),
                                                 std::move(request)),
      asio::use_awaitable);
}

asio::awaitable<absl::StatusOr<guardrails_pb::InspectDeltaResponse>> RemoteGuardrails::InspectDelta(
    CallContext call, guardrails_pb::InspectDeltaRequest request) {
  std::string organization = request.organization();
  co_return co_await asio::co_spawn(
      client_.loop().io(),
      RemoteCall<guardrails_pb::InspectDeltaResponse>(&client_, kInspectDelta, call,
                                                      std::move(organization), std::move(request)),
      asio::use_awaitable);
}

std::shared_ptr<GuardrailsEvents> RemoteGuardrails::Watch(guardrails_pb::WatchRequest request,
                                                          asio::any_io_executor executor) {
  return std::make_shared<SharedEvents>(
      RemoteWatch<guardrails_pb::WatchEvent>(client_, request, std::move(executor), kWatchLag));
}

}  // namespace weir::api
