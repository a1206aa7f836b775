#include "common/process/service_host.h"

#include <pthread.h>

#include "common/api/remote_admin_tokens.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/process/private_directory.h"
#include "common/rpc/access_table.h"
#include "common/rpc/admin_log.h"
#include "common/rpc/service_server.h"
#include "common/rpc/threaded_loop.h"

namespace weir::process {
namespace {

constexpr Duration kAdminGrace = std::chrono::seconds(2);

}  // namespace

// Its pipe to identity.
class ServiceHost::Identity {
 public:
  static absl::StatusOr<std::unique_ptr<Identity>> Connect(ServiceHost& host) {
    std::unique_ptr<Identity> identity(new Identity(host.io_, host.metrics_));
    WEIR_ASSIGN_OR_RETURN(identity->client_,
                          rpc::PipeClient::Create({.service = "weir.identity.v1.IdentityService",
                                                   .addresses = host.config_.identity,
                                                   .tls = host.config_.rpc.tls,
                                                   .tls_name = "identity.weir",
                                                   .version = host.version_},
                                                  {.loop = identity->loop_,
                                                   .timers = host.timers_,
                                                   .random = host.random_,
                                                   .resolver = host.resolver_,
                                                   .metrics = &identity->metrics_}));
    identity->tokens_.emplace(*identity->client_);
    identity->loop_.Start();
    asio::post(host.io_, [client = identity->client_.get()] { client->Start(); });
    return identity;
  }
  api::AdminTokenVerifier& tokens() { return *tokens_; }

 private:
  Identity(asio::io_context& io, metrics::Registry& registry)
      : loop_(io), metrics_(registry, "identity") {}
  rpc::ThreadedLoop loop_;
  rpc::PipeMetrics metrics_;
  std::unique_ptr<rpc::PipeClient> client_;
  std::optional<api::RemoteAdminTokens> tokens_;
};

// The ports of both APIs.
class ServiceHost::Ports {
 public:
  std::unique_ptr<rpc::ServiceServer> hot;
  std::unique_ptr<rpc::AdminServer> admin;
};

ServiceHost::ServiceHost(const HostConfig& config, std::string_view version)
    : config_(config), version_(version), work_(asio::make_work_guard(io_)) {
  metrics::ShowBuild(metrics_, version);
}

ServiceHost::~ServiceHost() {
  if (thread_.joinable()) Drain();  // Also where the start failed.
}

absl::Status ServiceHost::Open() {
  if (!config_.data_directory.empty()) {
    WEIR_RETURN_IF_ERROR(MakePrivateDirectory(config_.data_directory));
  }
  WEIR_RETURN_IF_ERROR(MakePrivateDirectory(config_.secrets_directory));
  absl::StatusOr<std::unique_ptr<http::OpsServer>> ops =
      http::OpsServer::Start(io_, config_.ops,
                             {.not_ready = [this] { return WhyNotReady(); },
                              .metrics = [this] { return metrics_.Render(); }});
  if (!ops.ok()) return status::While(ops.status(), "opening the ops listener");
  ops_ = *std::move(ops);
  thread_ = std::thread([this] { io_.run(); });
  pthread_setname_np(thread_.native_handle(), "weir-loop");
  return absl::OkStatus();
}

std::string ServiceHost::WhyNotReady() const {
  MutexLock lock(mutex_);
  return state_.empty() ? store_ : state_;
}

void ServiceHost::SetState(std::string why_not) {
  MutexLock lock(mutex_);
  state_ = std::move(why_not);
}

void ServiceHost::StoreAnswered(const absl::Status& answer) {
  MutexLock lock(mutex_);
  store_ = status::Message(answer);
}

absl::StatusOr<api::AdminTokenVerifier*> ServiceHost::AskIdentity() {
  WEIR_ASSIGN_OR_RETURN(identity_, Identity::Connect(*this));
  return &identity_->tokens();
}

absl::Status ServiceHost::Serve(const Api& api) {
  WEIR_RETURN_IF_ERROR(api.admin.Complete());
  auto ports = std::make_unique<Ports>();
  WEIR_ASSIGN_OR_RETURN(
      ports->hot, rpc::ServiceServer::Start(
                      {.address = config_.rpc.address,
                       .tls = config_.rpc.tls,
                       .version = version_,
                       .store_id = api.store_id},
                      {.io = io_, .registry = api.hot, .clock = clock_, .access = rpc::MayCall}));
  ports_ = std::move(ports);
  rpc::AdminServerOptions admin = config_.admin;
  admin.peer_ca_file = config_.rpc.tls.ca_file;
  WEIR_ASSIGN_OR_RETURN(
      ports_->admin,
      rpc::AdminServer::Start(
          std::move(admin),
          {.registry = api.admin, .tokens = api.tokens, .workers = workers_, .clock = clock_},
          rpc::LogAdminCall));
  SetState("");
  log::Info("weir.started", {{"version", version_},
                             {"port", ports_->hot->port()},
                             {"admin_port", ports_->admin->port()},
                             {"ops_port", ops_->port()}});
  return absl::OkStatus();
}

void ServiceHost::Notify(std::string_view kind, std::string_view subject) {
  ports_->hot->Notify(kind, subject);
}

void ServiceHost::Drain() {
  SetState("draining");
  if (ports_ != nullptr) {
    ports_->hot->Shutdown(config_.drain);
    if (ports_->admin != nullptr) ports_->admin->Shutdown(kAdminGrace);
  }
  workers_.Stop();
  work_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
  ports_ = nullptr;
  identity_ = nullptr;
  ops_ = nullptr;
  io_.Abandon();
}

}  // namespace weir::process
