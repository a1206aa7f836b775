#include "common/rpc/admin_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <pthread.h>

#include <condition_variable>
#include <thread>

#include "common/async/mutex.h"
#include "common/rpc/address.h"
#include "common/rpc/admin_exchange.h"
#include "common/rpc/pem_file.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(
    const AdminServerOptions& options) {
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return status::InvalidArgument("admin TLS has a certificate or a key alone, want both");
  }
  if (options.tls_key_file.empty()) return grpc::InsecureServerCredentials();
  WEIR_ASSIGN_OR_RETURN(std::string key, ReadPemFile(options.tls_key_file));
  WEIR_ASSIGN_OR_RETURN(std::string certificate, ReadPemFile(options.tls_certificate_file));
  grpc::SslServerCredentialsOptions tls(options.peer_ca_file.empty()
                                            ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                            : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  if (!options.peer_ca_file.empty()) {
    WEIR_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPemFile(options.peer_ca_file));
  }
  tls.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
  return grpc::SslServerCredentials(tls);
}

absl::Status Validate(const AdminServerOptions& options) {
  if (options.max_concurrent_calls < 1 || options.max_request_bytes < 1) {
    return status::InvalidArgument("admin port takes {} calls of {} bytes, want at least 1",
                                   options.max_concurrent_calls, options.max_request_bytes);
  }
  return CheckAddress(options.address, !options.tls_key_file.empty());
}

}  // namespace

// The generic *async* service, not the callback one: gRPC 1.51 runs callbacks on threads of its
// own, which nap up to 100 ms when idle and are not ours to name or bound. Here one thread of ours
// sleeps in the completion queue until there is work.
class AdminServer::Impl {
 public:
  Impl(AdminServerOptions options, Deps deps, AdminCallObserver on_call)
      : health_(deps.registry.Services()),
        shared_{.options = std::move(options),
                .deps = deps,
                .on_call = std::move(on_call),
                .reflection = Reflection(deps.registry.Services()),
                .health = health_} {}
  ~Impl() { Shutdown(Duration::zero()); }

  absl::Status Start();
  void Shutdown(Duration grace);
  int port() const { return port_; }

 private:
  void Build(grpc::ServerBuilder& builder);
  void Poll();
  void AwaitNext();
  void OnArrived(const std::shared_ptr<AdminExchange>& exchange);

  Health health_;
  AdminExchange::Shared shared_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::thread poller_;
  int port_ = 0;

  Mutex mutex_;
  std::condition_variable_any left_;
  // Exchanges alive; one of them waits for the next call.
  int exchanges_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

void AdminServer::Impl::Build(grpc::ServerBuilder& builder) {
  // Two servers on one port would share it silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.SetMaxReceiveMessageSize(shared_.options.max_request_bytes);
  builder.RegisterAsyncGenericService(&service_);
  queue_ = builder.AddCompletionQueue();
  shared_.queue = queue_.get();
  server_ = builder.BuildAndStart();
}

absl::Status AdminServer::Impl::Start() {
  const AdminServerOptions& options = shared_.options;
  WEIR_RETURN_IF_ERROR(Validate(options));
  WEIR_ASSIGN_OR_RETURN(auto credentials, Credentials(options));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.address, credentials, &port_);
  Build(builder);
  if (server_ == nullptr) {
    return status::Unavailable(
        "admin port cannot listen on '{}': in use, or its certificate and "
        "key do not fit",
        text::Excerpt(options.address));
  }
  if (options.address.starts_with("unix:")) port_ = 0;
  health_.SetServing(true);
  AwaitNext();
  poller_ = std::thread([this] { Poll(); });
  pthread_setname_np(poller_.native_handle(), "admin-rpc");
  return absl::OkStatus();
}

void AdminServer::Impl::Poll() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) Completion::Run(tag, ok);
}

void AdminServer::Impl::AwaitNext() {
  {
    MutexLock lock(mutex_);
    ++exchanges_;
  }
  auto leave = [this] {
    MutexLock lock(mutex_);
    --exchanges_;
    left_.notify_all();
  };
  auto exchange = std::make_shared<AdminExchange>(shared_, leave);
  std::weak_ptr<AdminExchange> weak = exchange;
  exchange->Await(service_, [this, weak](bool came) {
    if (came) OnArrived(weak.lock());
  });
}

void AdminServer::Impl::OnArrived(const std::shared_ptr<AdminExchange>& exchange) {
  bool room = true;
  {
    MutexLock lock(mutex_);
    room = exchanges_ <= shared_.options.max_concurrent_calls;
  }
  AwaitNext();
  room ? exchange->Begin() : exchange->TurnAway();
}

void AdminServer::Impl::Shutdown(Duration grace) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  if (server_ != nullptr) {
    health_.SetServing(false);
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    MutexLock lock(mutex_);
    while (exchanges_ > 0) left_.wait(mutex_);
  }
  // Only now: an exchange at work would still have put its next step into the queue.
  if (queue_ != nullptr) queue_->Shutdown();
  if (poller_.joinable()) return poller_.join();
  // Never started: what the queue holds is thrown away, as gRPC wants it.
  void* tag = nullptr;
  bool ok = false;
  while (queue_ != nullptr && queue_->Next(&tag, &ok)) Completion::Run(tag, ok);
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(AdminServerOptions options,
                                                                Deps deps,
                                                                AdminCallObserver on_call) {
  WEIR_RETURN_IF_ERROR(deps.registry.Complete());
  auto impl = std::make_unique<Impl>(std::move(options), deps, std::move(on_call));
  WEIR_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

int AdminServer::port() const { return impl_->port(); }

void AdminServer::Shutdown(Duration grace) { impl_->Shutdown(grace); }

}  // namespace weir::rpc
