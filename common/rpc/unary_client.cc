#include "common/rpc/unary_client.h"

#include <absl/cleanup/cleanup.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <boost/asio/steady_timer.hpp>

#include "common/rpc/address.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/pem_file.h"

namespace weir::rpc {
namespace {

// A server that was restarted is found again within this time.
constexpr int kReconnectMs = 1000;

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const std::string& address,
                                                                      const PeerTls& tls) {
  if (tls.enabled()) return ClientCredentials(tls);
  if (tls.ca_file.empty()) {
    WEIR_RETURN_IF_ERROR(CheckAddress(address, /*tls=*/false));
    return grpc::InsecureChannelCredentials();
  }
  WEIR_ASSIGN_OR_RETURN(std::string ca, ReadPemFile(tls.ca_file));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(ca);
  return grpc::SslCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenAdminChannel(const std::string& address,
                                                                const PeerTls& tls) {
  WEIR_ASSIGN_OR_RETURN(auto credentials, Credentials(address, tls));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // It wakes both ends.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, kReconnectMs);
  arguments.SetLoadBalancingPolicyName("round_robin");
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

// One call. Keeps itself alive until gRPC is done with it.
class UnaryClient::Calling final : public std::enable_shared_from_this<Calling> {
 public:
  Calling(CompletionLoop& loop, std::shared_ptr<std::unordered_set<Calling*>> under_way)
      : loop_(loop),
        under_way_(std::move(under_way)),
        over_(loop.io(), asio::steady_timer::time_point::max()) {}

  void Begin(const std::shared_ptr<grpc::Channel>& channel, const api::UnaryCall& call) {
    loop_.Expect(+1);
    under_way_->insert(this);
    context_.set_deadline(std::chrono::system_clock::now() + call.timeout);
    if (!call.authorization.empty()) context_.AddMetadata("authorization", call.authorization);
    grpc::GenericStub stub(channel);
    call_ = stub.PrepareUnaryCall(&context_, fmt::format("/{}", call.method),
                                  ToByteBuffer(call.request), &loop_.queue());
    call_->StartCall();
    call_->Finish(&answer_, &status_, finishing_.Begin(shared_from_this(), &Calling::OnFinished));
  }
  void Cancel() { context_.TryCancel(); }
  bool finished() const { return finished_; }
  asio::steady_timer& over() { return over_; }

  absl::StatusOr<std::string> TakeAnswer() {
    if (status_.ok()) return TakeBytes(answer_);
    return FromGrpc(status_);
  }

 private:
  void OnFinished(bool) {
    finished_ = true;
    under_way_->erase(this);
    loop_.Expect(-1);
    over_.cancel();
  }

  CompletionLoop& loop_;
  const std::shared_ptr<std::unordered_set<Calling*>> under_way_;
  asio::steady_timer over_;  // Cancelled at the end.
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  OperationTag<Calling> finishing_;
  bool finished_ = false;
};

UnaryClient::UnaryClient(CompletionLoop& loop, std::shared_ptr<grpc::Channel> channel)
    : loop_(loop),
      channel_(std::move(channel)),
      under_way_(std::make_shared<std::unordered_set<Calling*>>()) {}

UnaryClient::~UnaryClient() { Close(); }

void UnaryClient::Close() {
  closed_ = true;
  for (Calling* each : *under_way_) each->Cancel();
}

asio::awaitable<absl::StatusOr<std::string>> UnaryClient::Call(api::UnaryCall call) {
  if (closed_) co_return status::Cancelled("this process is about to end");
  // gRPC lets such a call begin, and it may be answered before its end is noticed.
  if (call.timeout <= Duration::zero()) co_return status::DeadlineExceeded("no time is left");
  const auto calling = std::make_shared<Calling>(loop_, under_way_);
  const absl::Cleanup cancel = [&calling] {
    if (!calling->finished()) calling->Cancel();
  };
  const std::shared_ptr<grpc::Channel> channel = channel_;  // This object may go meanwhile.
  calling->Begin(channel, call);
  while (!calling->finished()) co_await calling->over().async_wait(kTuple);
  absl::StatusOr<std::string> answer = calling->TakeAnswer();
  // gRPC's own words name addresses inside, to callers who have shown no token yet.
  const bool connected = channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  if (!connected && absl::IsUnavailable(answer.status())) {
    co_return status::Unavailable("the server cannot be reached");
  }
  co_return answer;
}

}  // namespace weir::rpc
