#include "common/rpc/service_server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <condition_variable>
#include <vector>

#include "common/async/mutex.h"
#include "common/rpc/address.h"
#include "common/rpc/pipe_codec.h"
#include "common/rpc/service_call.h"
#include "common/rpc/threaded_loop.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

// A caller whose pings are not answered is gone, and one that only holds its stream sends pings.
constexpr int kKeepaliveMs = 1000;
constexpr int kWindowBytes = 1024 * 1024;
constexpr auto kGlance = std::chrono::milliseconds(10);

void Configure(grpc::ServerBuilder& builder) {
  // Two servers on one port would share it silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kKeepaliveMs / 4);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 10 * kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5 * kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes + kMaxBatchBytes));
}

}  // namespace

class ServiceServer::Impl {
 public:
  Impl(ServiceServerOptions options, Deps deps)
      : shared_{.options = std::move(options), .deps = std::move(deps)} {}
  ~Impl() { Shutdown(Duration::zero()); }

  absl::Status Start();
  void Shutdown(Duration grace);
  void Notify(std::string_view kind, std::string_view subject);
  int port() const { return port_; }

 private:
  // The call that is awaited next.
  class Arrival final : public CompletionTag {
   public:
    Arrival(Impl& server, std::unique_ptr<ServiceCall> call)
        : server_(server), call_(std::move(call)) {}
    void Await() {
      server_.service_.RequestCall(&call_->context, &call_->stream, &server_.loop_->queue(),
                                   server_.server_queue_, this);
    }
    void Complete(bool ok) override {
      const std::unique_ptr<Arrival> self(this);
      if (ok) server_.OnArrived(std::move(call_));
    }

   private:
    Impl& server_;
    std::unique_ptr<ServiceCall> call_;
  };

  void AwaitNext();
  void OnArrived(std::unique_ptr<ServiceCall> call);
  std::shared_ptr<LiveCall> Answer(std::unique_ptr<ServiceCall> call);
  void Tell(void (LiveCall::*what)());
  void WaitForCalls(size_t calls, MonotonicTime until);

  ServiceCall::Shared shared_;
  grpc::AsyncGenericService service_;
  grpc::ServerCompletionQueue* server_queue_ = nullptr;
  std::unique_ptr<ThreadedLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool leaving_ = false;                          // On the loop.
  std::vector<std::weak_ptr<LiveCall>> answers_;  // On the loop.

  Mutex mutex_;
  std::condition_variable_any left_;
  // Alive; one of them waits for the next.
  size_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ = false;
};

absl::Status ServiceServer::Impl::Start() {
  const ServiceServerOptions& options = shared_.options;
  WEIR_RETURN_IF_ERROR(CheckAddress(options.address, options.tls.enabled()));
  WEIR_ASSIGN_OR_RETURN(auto credentials, ServerCredentials(options.tls));
  grpc::ServerBuilder builder;
  Configure(builder);
  builder.AddListeningPort(options.address, credentials, &port_);
  builder.RegisterAsyncGenericService(&service_);
  auto queue = builder.AddCompletionQueue();
  server_queue_ = queue.get();
  loop_ = std::make_unique<ThreadedLoop>(shared_.deps.io, std::move(queue));
  shared_.loop = loop_.get();
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return status::Unavailable(
        "cannot listen on '{}': in use, or its certificate and key do not fit",
        text::Excerpt(options.address));
  }
  if (options.address.starts_with("unix:")) port_ = 0;
  AwaitNext();
  loop_->Start();
  return absl::OkStatus();
}

void ServiceServer::Impl::AwaitNext() {
  {
    MutexLock lock(mutex_);
    ++calls_;
  }
  auto leave = [this] {
    MutexLock lock(mutex_);
    --calls_;
    left_.notify_all();
  };
  auto* arrival = new Arrival(*this, std::make_unique<ServiceCall>(shared_, std::move(leave)));
  arrival->Await();
}

void ServiceServer::Impl::OnArrived(std::unique_ptr<ServiceCall> call) {
  AwaitNext();
  std::shared_ptr<LiveCall> answer = Answer(std::move(call));
  if (leaving_) answer->OnLeaving();
  std::erase_if(answers_, [](const auto& each) { return each.expired(); });
  answers_.push_back(answer);
}

std::shared_ptr<LiveCall> ServiceServer::Impl::Answer(std::unique_ptr<ServiceCall> call) {
  const ServiceRegistry& registry = shared_.deps.registry;
  const std::string path = call->context.method();
  const std::string name(call->method());
  {
    MutexLock lock(mutex_);
    if (calls_ > shared_.options.max_calls) {
      return Refuse(std::move(call), status::ResourceExhausted("too many calls are under way"));
    }
  }
  const bool ours = path == fmt::format("/{}/{}", registry.service(), name);
  const ServiceRegistry::Method* method = ours ? registry.Find(name) : nullptr;
  if (!ours || (method == nullptr && name != "Pipe")) {
    return Refuse(std::move(call),
                  status::Unimplemented("no method '{}'", text::Excerpt(path, 128)));
  }
  if (absl::Status may = call->MayCall(name); !may.ok()) return Refuse(std::move(call), may);
  if (method == nullptr) {
    // Whoever was told goodbye would be back at once, and work would never end.
    if (leaving_) return Refuse(std::move(call), status::Unavailable("the server is leaving"));
    return AnswerPipe(std::move(call));
  }
  return method->call ? AnswerUnary(std::move(call), *method)
                      : AnswerStream(std::move(call), *method);
}

void ServiceServer::Impl::Tell(void (LiveCall::*what)()) {
  leaving_ = true;
  const std::vector<std::weak_ptr<LiveCall>> all = answers_;  // Others may arrive meanwhile.
  for (const auto& each : all) {
    if (auto answer = each.lock()) (answer.get()->*what)();
  }
}

void ServiceServer::Impl::Notify(std::string_view kind, std::string_view subject) {
  pipe_pb::PipeNotice notice;
  notice.set_kind(kind.data(), kind.size());
  notice.set_subject(subject.data(), subject.size());
  for (const auto& each : answers_) {
    if (auto answer = each.lock()) answer->Notify(notice);
  }
}

// Until `calls` are left at most.
void ServiceServer::Impl::WaitForCalls(size_t calls, MonotonicTime until) {
  asio::io_context& io = shared_.deps.io;
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (calls_ <= calls || shared_.Now() >= until) return;
      left_.wait_for(mutex_, kGlance);
    }
    // A loop that has ended meanwhile leaves its last steps to this thread.
    if (!io.stopped()) continue;
    io.restart();
    io.poll();
    io.stop();
  }
}

void ServiceServer::Impl::Shutdown(Duration grace) {
  if (server_ == nullptr || std::exchange(stopped_, true)) return;
  asio::post(shared_.deps.io, [this] { Tell(&LiveCall::OnLeaving); });
  WaitForCalls(1, shared_.Now() + grace);
  asio::post(shared_.deps.io, [this] { Tell(&LiveCall::Cut); });
  server_->Shutdown(std::chrono::system_clock::now() + kGlance);
  // Each must have had its last word with gRPC before the queue goes.
  WaitForCalls(0, MonotonicTime::max());
  loop_ = nullptr;
}

ServiceServer::ServiceServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServiceServer::~ServiceServer() = default;

absl::StatusOr<std::unique_ptr<ServiceServer>> ServiceServer::Start(ServiceServerOptions options,
                                                                    Deps deps) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(deps));
  WEIR_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<ServiceServer>(new ServiceServer(std::move(impl)));
}

int ServiceServer::port() const { return impl_->port(); }

void ServiceServer::Shutdown(Duration grace) { impl_->Shutdown(grace); }

void ServiceServer::Notify(std::string_view kind, std::string_view subject) {
  impl_->Notify(kind, subject);
}

}  // namespace weir::rpc
