// weir-routing: who answers, in which order, how healthy they are. `weir-routing --config FILE`.

#include <unistd.h>

#include "common/crypto/sealer.h"
#include "common/process/service_host.h"
#include "common/rpc/grpc_setup.h"
#include "common/sql/others.h"
#include "services/routing/process_config.h"
#include "services/routing/redis_suspensions.h"
#include "services/routing/routing_admin.h"
#include "services/routing/routing_server.h"
#include "services/routing/routing_service.h"
#include "services/routing/sql_route_store.h"

namespace weir::routing {
namespace {

// The process: its parts in the order of their making.
class Process final : public process::Running {
 public:
  using Config = ProcessConfig;
  explicit Process(ProcessConfig config)
      : config_(std::move(config)), host_(config_.host, WEIR_VERSION) {}

  absl::Status Open() {
    WEIR_RETURN_IF_ERROR(host_.Open());
    const bool make_missing = config_.host.profile == process::Profile::kDev;
    WEIR_ASSIGN_OR_RETURN(sealer_, crypto::SealerFromDirectory(config_.host.secrets_directory,
                                                               make_missing, host_.random()));
    WEIR_ASSIGN_OR_RETURN(
        database_, sql::OpenDatabase(config_.database, "routing", config_.host.data_directory));
    WEIR_ASSIGN_OR_RETURN(store_, SqlRouteStore::Open(*database_));
    routing_.emplace(
        config_.routing,
        RoutingService::Deps{.store = *store_, .sealer = *sealer_, .clock = host_.clock()});
    WEIR_RETURN_IF_ERROR(routing_->Load());
    admin_.emplace(
        config_.routing,
        RoutingAdmin::Deps{
            .routing = *routing_, .store = *store_, .sealer = *sealer_, .clock = host_.clock()});
    WEIR_RETURN_IF_ERROR(ShareSuspensions());
    asio::co_spawn(host_.io(),
                   routing_->RunHeartbeats(host_.timers(), std::chrono::milliseconds(500)),
                   asio::detached);
    return Serve();
  }

  void Drain() override {
    if (others_) others_->Stop();
    host_.Drain();
    if (routing_) routing_->Close();
    others_.reset();
  }

 private:
  absl::Status Serve() {
    RegisterRouting(hot_registry_, *routing_);
    RegisterRoutingAdmin(admin_registry_, *admin_);
    others_.emplace(
        config_.database, "routing", [this] { return Follow(); }, host_.io(), host_.timers());
    WEIR_ASSIGN_OR_RETURN(const std::string store, sql::StoreId(*database_));
    WEIR_ASSIGN_OR_RETURN(api::AdminTokenVerifier * tokens, host_.AskIdentity());
    return host_.Serve(
        {.hot = hot_registry_, .admin = admin_registry_, .tokens = *tokens, .store_id = store});
  }
  absl::Status ShareSuspensions() {
    if (!config_.redis.is_set()) return absl::OkStatus();
    WEIR_ASSIGN_OR_RETURN(std::shared_ptr<const redis::Route> route,
                          redis::MakeRoute(config_.redis));
    suspensions_.emplace(RedisSuspensions::Deps{.routing = *routing_,
                                                .loop = host_.io(),
                                                .timers = host_.timers(),
                                                .random = host_.random(),
                                                .route = std::move(route)});
    asio::co_spawn(host_.io(), suspensions_->Run(), asio::detached);
    return absl::OkStatus();
  }
  absl::Status Follow() {
    absl::Status followed = routing_->Refresh().status();
    host_.StoreAnswered(followed);
    return followed;
  }

  const ProcessConfig config_;
  process::ServiceHost host_;
  std::unique_ptr<crypto::Sealer> sealer_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlRouteStore> store_;
  std::optional<RoutingService> routing_;
  std::optional<RedisSuspensions> suspensions_;
  std::optional<RoutingAdmin> admin_;
  rpc::ServiceRegistry hot_registry_{std::string(kRoutingService)};
  rpc::AdminRegistry admin_registry_;
  std::optional<sql::Others> others_;
};

}  // namespace
}  // namespace weir::routing

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main(
      {.name = "weir-routing",
       .service = "routing",
       .summary = "Who answers, in which order, how healthy they are.",
       .version = WEIR_VERSION,
       .load =
           weir::process::LoadService<weir::routing::Process, weir::routing::ReadProcessConfig>},
      argc, argv, environ);
}
