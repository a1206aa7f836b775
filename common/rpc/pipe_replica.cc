#include "common/rpc/pipe_replica.h"

#include <grpcpp/create_channel.h>

#include <algorithm>
#include <span>

namespace weir::rpc {
namespace {

// A replica that does not answer a ping is gone. Whoever waits for an answer of it hears sooner, by
// its own deadline: pings are for pipes on which nothing happens, and each wakes both ends.
constexpr int kKeepaliveMs = 3000;
constexpr int kPingTimeoutMs = 2000;
constexpr int kConnectMs = 1000;
// What one stream may send ahead: with gRPC's 64 KiB a large item would wait for a round trip each.
constexpr int kWindowBytes = 1024 * 1024;

grpc::ChannelArguments Arguments(const PipeOptions& options) {
  grpc::ChannelArguments arguments;
  // Deadlines, limits and retries are the pipe's own business.
  arguments.SetInt(GRPC_ARG_MINIMAL_STACK, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  // Else two loops would share a connection, and lock each other out.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetMaxReceiveMessageSize(-1);
  if (!options.tls_name.empty()) arguments.SetSslTargetNameOverride(options.tls_name);
  return arguments;
}

std::string Target(const std::string& address) {
  if (address.starts_with("unix:")) return address;
  return (address.starts_with('[') ? "ipv6:" : "ipv4:") + address;
}

}  // namespace

// Has the loop's queue look at the sockets of a channel that gRPC is connecting anew, which it does
// while a call waits for it, or somebody for its state: nobody else would look at them. Tells its
// replica when it is connected. Kept alive by what is under way.
class PipeReplica::Connecting final : public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(CompletionLoop& loop, std::shared_ptr<grpc::Channel> channel, PipeReplica& replica)
      : loop_(loop), channel_(std::move(channel)), replica_(&replica) {}

  void Watch() {
    if (changing_.under_way()) return;
    const auto state = channel_->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return;
    // A loop that ends waits for its end.
    const auto until = std::chrono::system_clock::now() + std::chrono::milliseconds(kConnectMs);
    channel_->NotifyOnStateChange(state, until, &loop_.queue(),
                                  changing_.Begin(shared_from_this(), &Connecting::OnChanged));
  }
  void Detach() { replica_ = nullptr; }

 private:
  void OnChanged(bool changed) {
    if (replica_ == nullptr || !changed) return;
    if (channel_->GetState(false) == GRPC_CHANNEL_READY) return replica_->ConnectNow();
    Watch();
  }

  CompletionLoop& loop_;
  const std::shared_ptr<grpc::Channel> channel_;
  PipeReplica* replica_;  // Null: gone.
  OperationTag<Connecting> changing_;
};

PipeReplica::PipeReplica(std::string address, const PipeOptions& options,
                         std::shared_ptr<grpc::ChannelCredentials> credentials, Deps deps)
    : address_(std::move(address)),
      options_(options),
      deps_(deps),
      channel_(grpc::CreateCustomChannel(Target(address_), credentials, Arguments(options))),
      backoff_(options.first_backoff),
      connecting_(std::make_shared<Connecting>(deps.loop, channel_, *this)) {}

PipeReplica::~PipeReplica() {
  connecting_->Detach();
  deps_.timers.Cancel(retry_);
  for (const StreamPtr& each : streams_) {
    if (each != nullptr) each->Close();
  }
}

void PipeReplica::Connect() { Open(Lane::kNormal); }

void PipeReplica::Open(Lane lane) {
  StreamOf(lane) =
      std::make_shared<PipeStream>(deps_.loop, *this, options_.service, options_.version);
  StreamOf(lane)->Open(channel_);
}

void PipeReplica::Send(Lane lane, pipe_pb::PipeItem item) {
  if (StreamOf(lane) == nullptr) Open(lane);
  StreamOf(lane)->Send(std::move(item));
}

void PipeReplica::Cancel(Lane lane, uint64_t id) {
  if (StreamOf(lane) != nullptr) StreamOf(lane)->Cancel(id);
}

void PipeReplica::Retire() {
  retired_ = leaving_ = true;
  for (const StreamPtr& each : streams_) {
    if (each != nullptr) each->FinishWrites();
  }
}

void PipeReplica::OnHello(PipeStream& stream, const pipe_pb::Hello& hello) {
  if (&stream != StreamOf(Lane::kNormal).get()) return;
  greeted_ = true;
  store_id_ = hello.store_id();
  backoff_ = options_.first_backoff;
  last_failure_ = absl::OkStatus();
  if (!leaving_) deps_.owner.OnUp(*this);
}

void PipeReplica::OnReply(PipeStream&, pipe_pb::PipeReply reply) {
  deps_.owner.OnReply(*this, std::move(reply));
}

void PipeReplica::OnNotice(PipeStream&, const pipe_pb::PipeNotice& notice) {
  deps_.owner.OnNotice(*this, notice);
}

void PipeReplica::OnGoodbye(PipeStream& stream) {
  leaving_ = true;
  stream.FinishWrites();
}

void PipeReplica::OnEnd(PipeStream& stream, const absl::Status& why) {
  const Lane lane = &stream == StreamOf(Lane::kNormal).get() ? Lane::kNormal : Lane::kBulk;
  const StreamPtr ended = std::exchange(StreamOf(lane), nullptr);
  if (lane == Lane::kNormal) {
    greeted_ = false;
    leaving_ = retired_;
    last_failure_ = why;
    if (!retired_) ConnectLater();
  }
  deps_.owner.OnLost(*this, lane, why);  // May end this object.
}

void PipeReplica::ConnectLater() {
  // Between three quarters and all of it: replicas that lost the same server do not come together.
  uint32_t bits = 0;
  deps_.random.Fill(std::as_writable_bytes(std::span(&bits, 1)));
  const Duration wait = backoff_ - backoff_ / 4 * (bits % 1024) / 1024;
  backoff_ = std::min(backoff_ * 2, options_.longest_backoff);
  retry_ = deps_.timers.At(deps_.timers.clock().Monotonic() + wait, [this] { ConnectNow(); });
  connecting_->Watch();
}

void PipeReplica::ConnectNow() {
  if (retry_ == 0) return;
  deps_.timers.Cancel(std::exchange(retry_, 0));
  Connect();
}

}  // namespace weir::rpc
