#include "common/rpc/pipe_client.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/rpc/address.h"
#include "common/rpc/grpc_status.h"

namespace weir::rpc {
namespace {

// Told on the loop, in the coroutine's own turn.
template <typename Handler>
class HandlerWaiter final : public CallWaiter {
 public:
  explicit HandlerWaiter(Handler handler)
      : handler_(std::move(handler)), work_(asio::get_associated_executor(handler_)) {}
  void Done(PipeResult result) override {
    asio::get_associated_cancellation_slot(handler_).clear();
    asio::post(work_.get_executor(),
               [handler = std::move(handler_), work = work_, result = std::move(result)]() mutable {
                 std::move(handler)(std::move(result));
               });
  }

 private:
  Handler handler_;
  asio::executor_work_guard<asio::associated_executor_t<Handler>> work_;
};

absl::Status CheckAddresses(const PipeOptions& options) {
  if (options.addresses.empty()) {
    return status::InvalidArgument("{} has no address, want at least one", options.service);
  }
  for (const std::string& each : options.addresses) {
    WEIR_RETURN_IF_ERROR(
        status::While(CheckAddress(each, options.tls.enabled()), "reaching {}", options.service));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PipeClient>> PipeClient::Create(PipeOptions options, Deps deps) {
  WEIR_RETURN_IF_ERROR(CheckAddresses(options));
  WEIR_ASSIGN_OR_RETURN(auto credentials, ClientCredentials(options.tls));
  return std::unique_ptr<PipeClient>(
      new PipeClient(std::move(options), std::move(credentials), deps));
}

PipeClient::PipeClient(PipeOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials,
                       Deps deps)
    : options_(std::move(options)),
      deps_(deps),
      patient_until_(deps.timers.clock().Monotonic() + options_.patience),
      replicas_(options_, std::move(credentials),
                {.loop = deps.loop,
                 .timers = deps.timers,
                 .random = deps.random,
                 .resolver = deps.resolver,
                 .owner = *this}) {}

PipeClient::~PipeClient() { Abandon(); }

void PipeClient::Abandon() {
  deps_.timers.Cancel(sweep_);
  const auto all = pending_.Select([](const PendingCall&) { return true; });
  for (const uint64_t id : all) {
    if (pending_.Find(id) != nullptr) pending_.Take(id);
  }
}

void PipeClient::Start() { replicas_.Start(); }

asio::awaitable<PipeResult> PipeClient::Call(PipeMethod method, api::CallContext call,
                                             std::string organization, std::string request,
                                             std::string address) {
  PendingCall pending{.method = method,
                      .organization = std::move(organization),
                      .address = std::move(address),
                      .request = std::move(request),
                      .deadline = std::min(call.deadline, clock().Monotonic() + method.timeout)};
  auto initiate = [this](auto handler, PendingCall begun) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    begun.waiter = std::make_unique<HandlerWaiter<decltype(handler)>>(std::move(handler));
    const uint64_t id = Begin(std::move(begun));
    if (!slot.is_connected() || pending_.Find(id) == nullptr) return;
    slot.assign([this, id](asio::cancellation_type) { Cancel(id); });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(PipeResult)>(
      initiate, asio::use_awaitable, std::move(pending));
}

uint64_t PipeClient::Begin(PendingCall call) {
  if (call.request.size() > kMaxBatchBytes) call.lane = Lane::kBulk;
  if (call.method.urgent) deps_.loop.Expect(1);
  const MonotonicTime deadline = call.deadline;
  const uint64_t id = pending_.Add(std::move(call));
  WatchOver(deadline);
  Dispatch(id, *pending_.Find(id));
  return id;
}

void PipeClient::Dispatch(uint64_t id, PendingCall& call) {
  if (call.request.size() > kMaxMessageBytes) {
    return Finish(id,
                  status::InvalidArgument("a message of {} bytes to {}, want at most {}",
                                          call.request.size(), options_.service, kMaxMessageBytes));
  }
  // Whoever waits already goes first.
  if (!LineOf(call).empty()) return Wait(id, call);
  PipeReplica* replica = replicas_.Choose({.urgent = call.method.urgent, .address = call.address});
  replica == nullptr ? Wait(id, call) : SendTo(*replica, id, call);
}

void PipeClient::SendTo(PipeReplica& replica, uint64_t id, PendingCall& call) {
  pipe_pb::PipeItem item;
  item.set_id(id);
  item.set_method(call.method.name.data(), call.method.name.size());
  item.set_timeout_ms(TimeoutMs(call));
  if (call.method.idempotent && !call.resent) {
    item.set_request(call.request);
  } else {
    item.set_request(std::exchange(call.request, {}));
  }
  call.replica = &replica;
  ++replica.outstanding;
  replica.Send(call.lane, std::move(item));
}

uint32_t PipeClient::TimeoutMs(const PendingCall& call) const {
  if (call.deadline == MonotonicTime::max()) return 0;
  const Duration left = call.deadline - deps_.timers.clock().Monotonic();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(ms, 1, 3'600'000));
}

// Where from and why is for the log and the readiness of this process: what a caller is told may go
// on to somebody outside.
absl::Status PipeClient::Unreachable() const {
  return status::Unavailable("{} cannot be reached", options_.service);
}

void PipeClient::Wait(uint64_t id, PendingCall& call) {
  if (!replicas_.any_up()) {
    if (deps_.timers.clock().Monotonic() >= patient_until_) {
      return Finish(id, Unreachable());
    }
    WatchOver(patient_until_);
  }
  FairQueue<uint64_t>& line = LineOf(call);
  if (line.size() >= options_.max_waiting) {
    if (deps_.metrics != nullptr) deps_.metrics->refused.Add();
    // Not kResourceExhausted: of quota that says that a limit is reached.
    return End(id,
               status::Unavailable("{} calls wait for {} already", line.size(), options_.service));
  }
  line.Push(call.organization, id);
}

void PipeClient::Pump() {
  Pump(urgent_, true);
  Pump(patient_, false);
}

void PipeClient::Pump(FairQueue<uint64_t>& waiting, bool urgent) {
  while (!waiting.empty()) {
    PipeReplica* replica = replicas_.Choose({.urgent = urgent});
    if (replica == nullptr) return;
    const uint64_t id = waiting.Pop();
    PendingCall* call = pending_.Find(id);
    if (call == nullptr) continue;
    if (!call->address.empty()) {
      replica = replicas_.Choose({.urgent = urgent, .address = call->address});
    }
    SendTo(*replica, id, *call);
  }
}

void PipeClient::OnUp(PipeReplica& replica) {
  if (!replicas_.Admit(replica)) return;
  Count(replica, true);
  patient_until_ = MonotonicTime::max();
  log::Info("rpc.replica.up", {{"service", options_.service}, {"address", replica.address()}});
  if (hear_) hear_(nullptr);
  Pump();
}

void PipeClient::OnNotice(PipeReplica&, const pipe_pb::PipeNotice& notice) {
  if (hear_) hear_(&notice);
}

void PipeClient::OnReply(PipeReplica& replica, pipe_pb::PipeReply reply) {
  const PendingCall* call = pending_.Find(reply.id());
  // Given up, or asked again of another.
  if (call == nullptr || call->replica != &replica) return;
  if (deps_.metrics != nullptr) deps_.metrics->answered.Add();
  if (reply.has_status() && reply.status().code() != 0) {
    End(reply.id(), FromRich(reply.status()));
  } else {
    End(reply.id(), std::move(*reply.mutable_response()));
  }
  if (!urgent_.empty() || !patient_.empty()) Pump();
}

void PipeClient::Count(PipeReplica& replica, bool up) {
  if (deps_.metrics == nullptr || replica.counted == up) return;
  replica.counted = up;
  deps_.metrics->replicas_up.Add(up ? 1 : -1);
}

void PipeClient::OnLost(PipeReplica& replica, Lane lane, const absl::Status& why) {
  if (lane == Lane::kNormal) Count(replica, false);
  const auto lost = pending_.Select(
      [&](const PendingCall& each) { return each.replica == &replica && each.lane == lane; });
  if (lane == Lane::kNormal && !replicas_.any_up() && patient_until_ == MonotonicTime::max()) {
    patient_until_ = deps_.timers.clock().Monotonic() + options_.patience;
    WatchOver(patient_until_);
    log::Warn("rpc.service.lost", {{"service", options_.service},
                                   {"address", replica.address()},
                                   {"reason", status::Message(why)}});
  }
  for (const uint64_t id : lost) SendAgain(id, why);
  replicas_.OnLost(replica);  // May end it.
  Pump();
}

void PipeClient::SendAgain(uint64_t id, const absl::Status& why) {
  PendingCall& call = *pending_.Find(id);
  PipeReplica* lost = std::exchange(call.replica, nullptr);
  --lost->outstanding;
  if (!call.method.idempotent || std::exchange(call.resent, true)) {
    log::Debug("rpc.call.lost", {{"service", options_.service},
                                 {"address", lost->address()},
                                 {"reason", status::Message(why)}});
    return Finish(id, status::Unavailable("{} was lost before it answered", options_.service));
  }
  if (deps_.metrics != nullptr) deps_.metrics->resent.Add();
  PipeReplica* other = replicas_.Choose({.urgent = call.method.urgent, .but_not = lost});
  other == nullptr ? Wait(id, call) : SendTo(*other, id, call);
}

// Without the service's word.
void PipeClient::Finish(uint64_t id, const absl::Status& why) {
  CountFailure(why);
  End(id, why);
}

void PipeClient::CountFailure(const absl::Status& why) {
  if (deps_.metrics == nullptr) return;
  switch (why.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return deps_.metrics->late.Add();
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kFailedPrecondition:
      return deps_.metrics->lost.Add();
    default:
      return;
  }
}

void PipeClient::End(uint64_t id, PipeResult result) {
  const PendingCall call = pending_.Take(id);
  if (call.replica != nullptr) --call.replica->outstanding;
  if (call.method.urgent) deps_.loop.Expect(-1);
  call.waiter->Done(std::move(result));
}

void PipeClient::GiveUp(uint64_t id, absl::Status why) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return;
  if (call->replica != nullptr) call->replica->Cancel(call->lane, id);
  Finish(id, why);
}

// Ends what runs it, too.
void PipeClient::Cancel(uint64_t id) {
  GiveUp(id, status::Cancelled("nobody waits for {} any more", options_.service));
  Pump();
}

// What it waits for, at the longest.
MonotonicTime PipeClient::Until(const PendingCall& call) const {
  return call.replica == nullptr ? std::min(call.deadline, patient_until_) : call.deadline;
}

void PipeClient::WatchOver(MonotonicTime when) {
  if (when >= sweep_at_) return;
  deps_.timers.Cancel(sweep_);
  sweep_at_ = when;
  sweep_ = deps_.timers.At(when, [this] { Sweep(); });
}

void PipeClient::Sweep() {
  sweep_at_ = MonotonicTime::max();
  const MonotonicTime now = deps_.timers.clock().Monotonic();
  if (patient_until_ <= now) replicas_.AdmitAnew();
  MonotonicTime next = MonotonicTime::max();
  const auto over = pending_.Select([&](const PendingCall& each) {
    const MonotonicTime until = Until(each);
    if (until > now) next = std::min(next, until);
    return until <= now;
  });
  for (const uint64_t id : over) {
    const PendingCall* call = pending_.Find(id);
    if (call == nullptr) continue;
    if (call->deadline > now) {
      GiveUp(id, Unreachable());
    } else {
      GiveUp(id, status::DeadlineExceeded("{} did not answer {} in time", options_.service,
                                          call->method.name));
    }
  }
  // There may be room now, and no answer that would say so.
  Pump();
  WatchOver(next);
}

}  // namespace weir::rpc
