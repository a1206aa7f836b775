#include "apps/admin/admin_door.h"

#include <pthread.h>

#include <future>

#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "edge/http/server_tls.h"
#include "weir/cache/v1/cache_admin.pb.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::admin {
namespace {

constexpr Duration kDrain = std::chrono::seconds(10);
constexpr Duration kCancelWait = std::chrono::seconds(1);
constexpr Duration kPoll = std::chrono::milliseconds(10);
constexpr size_t kMostConnections = 1000;

// The admin service in whose file `Message` is.
template <typename Message>
const google::protobuf::ServiceDescriptor* ServiceBeside() {
  return Message::descriptor()->file()->service(0);
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> Tls(const edge::ListenerConfig& listener) {
  if (listener.tls.self_signed) return edge::SelfSignedServerTls(listener.host);
  if (!listener.tls.enabled) return std::shared_ptr<asio::ssl::context>();
  return edge::LoadServerTls(listener.tls.certificate_file, listener.tls.key_file);
}

}  // namespace

AdminDoor::AdminDoor(AdminConfig config) : config_(std::move(config)) {
  metrics::ShowBuild(metrics_, WEIR_VERSION);
}

AdminDoor::~AdminDoor() { Stop(); }

absl::Status AdminDoor::Open() {
  WEIR_RETURN_IF_ERROR(Connect());
  WEIR_RETURN_IF_ERROR(Listen());
  absl::StatusOr<std::unique_ptr<http::OpsServer>> ops =
      http::OpsServer::Start(io_, config_.ops,
                             {.not_ready = [this] { return WhyNotReady(); },
                              .remark = [this] { return health_->Remark(); },
                              .metrics = [this] { return metrics_.Render(); }});
  if (!ops.ok()) return status::While(ops.status(), "opening the ops listener");
  ops_ = *std::move(ops);
  asio::co_spawn(io_, health_->Run(), asio::detached);
  listener_->Start();
  loop_->Start();
  thread_ = std::thread([this] { io_.run(); });
  pthread_setname_np(thread_.native_handle(), "weir-loop");
  log::Info("weir.started",
            {{"version", WEIR_VERSION}, {"port", port()}, {"ops_port", ops_port()}});
  return absl::OkStatus();
}

absl::Status AdminDoor::Connect() {
  struct Service {
    std::string_view name;
    const google::protobuf::ServiceDescriptor* descriptor;
    const std::string& address;
  };
  const Service services[] = {
      {"identity", ServiceBeside<identity::v1::Key>(), config_.identity},
      {"quota", ServiceBeside<quota::v1::Limit>(), config_.quota},
      {"routing", ServiceBeside<routing::v1::Provider>(), config_.routing},
      {"guardrails", ServiceBeside<guardrails::v1::GuardrailPolicy>(), config_.guardrails},
      {"cache", ServiceBeside<cache::v1::CachePolicy>(), config_.cache}};
  std::vector<edge::Door::Backend> backends;
  std::vector<edge::BackendHealth::Backend> checked;
  for (const Service& each : services) {
    if (each.address.empty()) continue;  // The suite has none.
    auto channel = rpc::OpenAdminChannel(each.address, config_.tls);
    if (!channel.ok()) return status::While(channel.status(), "calling {}", each.name);
    auto& client = *clients_.emplace_back(std::make_unique<rpc::UnaryClient>(*loop_, *channel));
    backends.push_back({.service = each.descriptor, .caller = client});
    checked.push_back({.name = std::string(each.name), .caller = client});
  }
  health_.emplace(std::move(checked), timers_);
  door_ = std::make_unique<edge::Door>(
      edge::Door::Deps{.backends = std::move(backends), .workers = workers_, .metrics = metrics_});
  return absl::OkStatus();
}

absl::Status AdminDoor::Listen() {
  const edge::ListenerConfig& listener = config_.door.listener;
  WEIR_ASSIGN_OR_RETURN(tls_, Tls(listener));
  absl::StatusOr<std::unique_ptr<edge::Listener>> opened =
      edge::Listener::Open(io_,
                           {.host = listener.host,
                            .port = listener.port,
                            .tls = tls_.get(),
                            .max_connections = kMostConnections},
                           {.limits = config_.door.http,
                            .deadlines = deadlines_,
                            .peer_watch = peer_watch_,
                            .clock = clock_,
                            .handler = *door_});
  if (!opened.ok()) return status::While(opened.status(), "opening the door");
  listener_ = *std::move(opened);
  door_->Admit(config_.door.Rules(port()));
  return absl::OkStatus();
}

std::string AdminDoor::WhyNotReady() const {
  return draining_ ? "draining" : health_->WhyNotReady();
}

void AdminDoor::OnLoop(std::function<void()> work) {
  std::promise<void> done;
  asio::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

bool AdminDoor::WaitUntil(Duration limit, const std::function<bool()>& done) {
  const MonotonicTime end = clock_.Monotonic() + limit;
  while (!done()) {
    if (clock_.Monotonic() >= end) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

void AdminDoor::Drain() {
  draining_ = true;
  OnLoop([this] { listener_->Drain(); });
  const auto no_connection = [this] { return listener_->connections() == 0; };
  if (!WaitUntil(kDrain, no_connection)) {
    OnLoop([this] {
      for (auto& each : clients_) each->Close();
    });
    WaitUntil(kCancelWait, no_connection);
  }
  OnLoop([this] {
    listener_->CloseAll();
    ops_->Close();
  });
  WaitUntil(kCancelWait, no_connection);
  Stop();
}

void AdminDoor::Stop() {
  workers_.Stop();
  work_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
  // What is still under way ends now, so that the queue has an end.
  for (auto& each : clients_) each->Close();
  loop_.reset();
  ops_ = nullptr;
  io_.Abandon();
}

}  // namespace weir::admin
