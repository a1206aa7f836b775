// weir-edge: the HTTP face of a suite; asks the services in other processes.
// `weir-edge --config FILE`.

#include <unistd.h>

#include "common/api/remote_routes.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/process/private_directory.h"
#include "common/rpc/grpc_setup.h"
#include "edge/edge.h"
#include "edge/suite_config.h"
#include "edge/suite_services.h"

namespace weir::edge {
namespace {

// The process: its parts in the order of their making.
class Process final : public process::Running {
 public:
  explicit Process(SuiteConfig config) : config_(std::move(config)) {
    config_.services.version = WEIR_VERSION;
    metrics::ShowBuild(metrics_, WEIR_VERSION);
  }
  ~Process() override {
    edge_ = nullptr;
    workers_.Stop();
  }

  absl::Status Open() {
    WEIR_RETURN_IF_ERROR(process::MakePrivateDirectory(config_.data_directory));
    WEIR_RETURN_IF_ERROR(process::MakePrivateDirectory(config_.secrets_directory));
    // A key that is lost costs a table that routing sends again.
    WEIR_ASSIGN_OR_RETURN(sealer_,
                          crypto::SealerFromDirectory(config_.secrets_directory, true, random_));
    kept_.emplace(config_.data_directory + "/routes.sealed", *sealer_, workers_);
    WEIR_ASSIGN_OR_RETURN(routes_,
                          api::RemoteRoutes::Start(config_.services, {.clock = clock_,
                                                                      .random = random_,
                                                                      .resolver = resolver_,
                                                                      .metrics = metrics_,
                                                                      .kept = &*kept_}));
    WEIR_ASSIGN_OR_RETURN(
        edge_, Edge::Create(config_.edge,
                            {.services = [this](asio::io_context& io,
                                                Timers& timers) { return Connect(io, timers); },
                             .workers = workers_,
                             .clock = clock_,
                             .random = random_,
                             .metrics = metrics_,
                             .remark = [this] { return Remark(); }}));
    edge_->Start();
    log::Info("weir.started", {{"version", WEIR_VERSION},
                               {"port", edge_->ports().front()},
                               {"ops_port", edge_->ops_port()}});
    return absl::OkStatus();
  }

  void Drain() override { edge_->Drain(); }

 private:
  absl::StatusOr<std::unique_ptr<LoopServices>> Connect(asio::io_context& io, Timers& timers) {
    WEIR_ASSIGN_OR_RETURN(auto remote,
                          api::RemoteLoop::Create(config_.services, {.io = io,
                                                                     .timers = timers,
                                                                     .random = random_,
                                                                     .resolver = resolver_,
                                                                     .metrics = metrics_}));
    return std::make_unique<SuiteServices>(std::move(remote), routes_->routing());
  }

  std::string Remark() const {
    const std::string why = routes_->WhyStale();
    return why.empty() ? "" : "stale: " + why;
  }

  SuiteConfig config_;
  const SystemClock clock_;
  SecureRandom random_;
  metrics::Registry metrics_;
  Resolver resolver_;
  std::unique_ptr<crypto::Sealer> sealer_;
  WorkerPool workers_{"weir-work", 2, 10'000};
  std::optional<api::KeptTable> kept_;
  std::unique_ptr<api::RemoteRoutes> routes_;
  std::unique_ptr<Edge> edge_;
};

absl::StatusOr<process::Loaded> Load(const std::string& path,
                                     const config::Environment& environment) {
  SuiteConfig config;
  WEIR_ASSIGN_OR_RETURN(config::Settings settings, ReadSuiteConfig(path, environment, config));
  return process::Loaded{.settings = std::move(settings),
                         .log = config.log,
                         .banner = process::Banner(config.profile, config.edge.open_auth),
                         .start = [config] { return process::Begin<Process>(config); }};
}

}  // namespace
}  // namespace weir::edge

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main({.name = "weir-edge",
                              .service = "edge",
                              .summary = "The HTTP face of a suite.",
                              .version = WEIR_VERSION,
                              .load = weir::edge::Load},
                             argc, argv, environ);
}
