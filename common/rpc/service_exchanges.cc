#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/service_call.h"

namespace weir::rpc {
namespace {

MonotonicTime DeadlineOf(const grpc::ServerContext& context, const Clock& clock) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return MonotonicTime::max();
  const auto left = std::chrono::duration_cast<Duration>(deadline - clock.Now());
  // Far off is never: it must not overflow.
  return left > std::chrono::hours(24) ? MonotonicTime::max() : clock.Monotonic() + left;
}

absl::Status Left() { return status::Unavailable("the server has left"); }

// One request, one answer.
class Unary final : public LiveCall, public std::enable_shared_from_this<Unary> {
 public:
  Unary(std::unique_ptr<ServiceCall> call, const ServiceRegistry::Method& method)
      : call_(std::move(call)), method_(method) {}

  void Begin() {
    kept_ = shared_from_this();
    call_->stream.Read(&request_, operation_.Begin(shared_from_this(), &Unary::OnRequest));
  }
  void OnLeaving() override {}
  void Cut() override {
    if (!operation_.under_way()) Finish(Left());
  }

 private:
  void OnRequest(bool ok) {
    if (!ok) return Finish(status::InvalidArgument("the call ended without a request"));
    api::CallContext context;
    context.deadline = DeadlineOf(call_->context, call_->shared.deps.clock);
    asio::co_spawn(call_->shared.deps.io,
                   Run(weak_from_this(), &method_, context, TakeBytes(request_)), asio::detached);
  }
  // Does not own the call, which may be cut off before the work is done.
  static asio::awaitable<void> Run(std::weak_ptr<Unary> weak, const ServiceRegistry::Method* method,
                                   api::CallContext context, std::string request) {
    absl::StatusOr<std::string> answer = co_await method->call(context, std::move(request));
    if (const std::shared_ptr<Unary> self = weak.lock()) self->Answer(answer);
  }
  void Answer(const absl::StatusOr<std::string>& answer) {
    if (!answer.ok()) return Finish(answer.status());
    if (std::exchange(finished_, true)) return;
    call_->stream.WriteAndFinish(
        ToByteBuffer(*answer), grpc::WriteOptions(), grpc::Status::OK,
        operation_.Begin(std::exchange(kept_, nullptr), &Unary::OnFinished));
  }
  void Finish(const absl::Status& why) {
    if (std::exchange(finished_, true)) return;
    call_->stream.Finish(ToGrpc(why),
                         operation_.Begin(std::exchange(kept_, nullptr), &Unary::OnFinished));
  }
  void OnFinished(bool) {}

  const std::unique_ptr<ServiceCall> call_;
  const ServiceRegistry::Method& method_;
  OperationTag<Unary> operation_;
  std::shared_ptr<Unary> kept_;  // Until its last word.
  grpc::ByteBuffer request_;
  bool finished_ = false;
};

// One request, and events until either side leaves.
class Events final : public LiveCall, public std::enable_shared_from_this<Events> {
 public:
  Events(std::unique_ptr<ServiceCall> call, const ServiceRegistry::Method& method)
      : call_(std::move(call)), method_(method) {}

  void Begin() {
    kept_ = shared_from_this();
    call_->stream.Read(&request_, operation_.Begin(shared_from_this(), &Events::OnRequest));
  }
  void OnLeaving() override {
    leaving_ = true;
    if (events_ == nullptr) return;
    Hurry();
    if (!operation_.under_way()) Finish(Left());
  }
  void Cut() override { OnLeaving(); }

 private:
  void OnRequest(bool ok) {
    if (!ok) return Finish(status::InvalidArgument("the call ended without a request"));
    auto events = method_.watch(TakeBytes(request_), call_->shared.deps.io.get_executor());
    if (!events.ok()) return Finish(events.status());
    events_ = *std::move(events);
    if (leaving_) return Finish(Left());
    Wait();
  }
  void Wait() {
    asio::co_spawn(call_->shared.deps.io, Next(weak_from_this(), events_), asio::detached);
  }
  // Does not own the call, which may end first.
  static asio::awaitable<void> Next(std::weak_ptr<Events> weak,
                                    std::shared_ptr<EventStream<std::string>> events) {
    absl::StatusOr<std::string> event = co_await events->Next();
    const std::shared_ptr<Events> self = weak.lock();
    if (self == nullptr || self->finished_) co_return;
    self->next_ = std::move(event);
    self->Hurry();
    if (self->next_ && !self->operation_.under_way()) self->SendNext();
  }
  // What is under way is over now, or its end is told without delay.
  void Hurry() {
    if (operation_.under_way()) call_->shared.loop->CompleteNow(&operation_);
  }
  void SendNext() {
    const absl::StatusOr<std::string> event = *std::exchange(next_, std::nullopt);
    if (!event.ok()) return Finish(event.status());
    // An idle process would wake for nothing but to hear that its heartbeat was sent.
    call_->stream.Write(ToByteBuffer(*event),
                        operation_.BeginPatiently(shared_from_this(), &Events::OnSent));
    Wait();
  }
  void OnSent(bool ok) {
    if (!ok) return Finish(status::Cancelled("the caller went away"));
    if (leaving_) return Finish(Left());
    if (next_) SendNext();
  }
  void Finish(const absl::Status& why) {
    if (std::exchange(finished_, true)) return;
    call_->stream.Finish(ToGrpc(why),
                         operation_.Begin(std::exchange(kept_, nullptr), &Events::OnFinished));
  }
  void OnFinished(bool) {}

  const std::unique_ptr<ServiceCall> call_;
  const ServiceRegistry::Method& method_;
  OperationTag<Events> operation_;
  grpc::ByteBuffer request_;
  std::shared_ptr<EventStream<std::string>> events_;
  // Waits until the one before is sent.
  std::optional<absl::StatusOr<std::string>> next_;
  // Between two events nothing of gRPC holds it.
  std::shared_ptr<Events> kept_;
  bool leaving_ = false;
  bool finished_ = false;
};

// A call that is not answered at all.
class Refusal final : public LiveCall, public std::enable_shared_from_this<Refusal> {
 public:
  explicit Refusal(std::unique_ptr<ServiceCall> call) : call_(std::move(call)) {}
  void Begin(const absl::Status& why) {
    call_->stream.Finish(ToGrpc(why), operation_.Begin(shared_from_this(), &Refusal::OnFinished));
  }
  void OnLeaving() override {}
  void Cut() override {}

 private:
  void OnFinished(bool) {}
  const std::unique_ptr<ServiceCall> call_;
  OperationTag<Refusal> operation_;
};

}  // namespace

std::shared_ptr<LiveCall> AnswerUnary(std::unique_ptr<ServiceCall> call,
                                      const ServiceRegistry::Method& method) {
  auto unary = std::make_shared<Unary>(std::move(call), method);
  unary->Begin();
  return unary;
}

std::shared_ptr<LiveCall> AnswerStream(std::unique_ptr<ServiceCall> call,
                                       const ServiceRegistry::Method& method) {
  auto events = std::make_shared<Events>(std::move(call), method);
  events->Begin();
  return events;
}

std::shared_ptr<LiveCall> Refuse(std::unique_ptr<ServiceCall> call, const absl::Status& why) {
  auto refusal = std::make_shared<Refusal>(std::move(call));
  refusal->Begin(why);
  return refusal;
}

}  // namespace weir::rpc
