// weir-quota: may they spend it, and what did they spend. `weir-quota --config FILE`.

#include <unistd.h>

#include "common/process/service_host.h"
#include "common/rpc/grpc_setup.h"
#include "common/sql/others.h"
#include "services/quota/process_config.h"
#include "services/quota/quota_server.h"
#include "services/quota/quota_service.h"
#include "services/quota/redis_hot_state.h"
#include "services/quota/sql_ledger.h"
#include "services/quota/sql_limit_store.h"
#include "services/quota/sql_schema.h"

namespace weir::quota {
namespace {

// The process: its parts in the order of their making.
class Process final : public process::Running {
 public:
  using Config = ProcessConfig;
  explicit Process(ProcessConfig config)
      : config_(std::move(config)), host_(config_.host, WEIR_VERSION) {}

  absl::Status Open() {
    WEIR_RETURN_IF_ERROR(host_.Open());
    WEIR_ASSIGN_OR_RETURN(
        database_, sql::OpenDatabase(config_.database, "quota", config_.host.data_directory));
    WEIR_RETURN_IF_ERROR(sql::Migrate(*database_, "quota", QuotaMigrations()));
    ledger_.emplace(*database_);
    limit_store_.emplace(*database_);
    WEIR_RETURN_IF_ERROR(limits_.Reload(*limit_store_));
    WEIR_ASSIGN_OR_RETURN(hot_state_, HotState::Open(config_.quota, config_.redis,
                                                     {.limits = limits_,
                                                      .ledger = *ledger_,
                                                      .clock = host_.clock(),
                                                      .random = host_.random()}));
    writer_.emplace(config_.quota, *ledger_);
    quota_.emplace(config_.quota, QuotaService::Deps{.windows = hot_state_->windows(),
                                                     .limits = limits_,
                                                     .sink = *writer_,
                                                     .ledger = *ledger_,
                                                     .workers = host_.workers(),
                                                     .clock = host_.clock(),
                                                     .metrics = &host_.metrics()});
    admin_.emplace(QuotaAdmin::Deps{.store = *limit_store_,
                                    .limits = limits_,
                                    .ledger = *ledger_,
                                    .quota = *quota_,
                                    .clock = host_.clock()});
    WEIR_RETURN_IF_ERROR(host_.Await(quota_->Rebuild()));
    asio::co_spawn(host_.io(), quota_->Run(host_.timers()), asio::detached);
    return Serve();
  }

  void Drain() override {
    if (others_) others_->Stop();
    if (hot_state_) hot_state_->Stop();
    host_.Drain();
    others_.reset();
  }

 private:
  absl::Status Serve() {
    RegisterQuota(hot_registry_, *quota_);
    RegisterQuotaAdmin(admin_registry_, *admin_);
    others_.emplace(
        config_.database, "quota", [this] { return Follow(); }, host_.io(), host_.timers());
    WEIR_ASSIGN_OR_RETURN(std::string store, sql::StoreId(*database_));
    // Windows in memory are a store that no replica shares.
    store += config_.quota.store == QuotaConfig::Store::kRedis
                 ? "/" + HotStoreName(config_.redis)
                 : "/memory-" + RandomBase62(host_.random(), 12);
    WEIR_ASSIGN_OR_RETURN(api::AdminTokenVerifier * tokens, host_.AskIdentity());
    WEIR_RETURN_IF_ERROR(host_.Serve(
        {.hot = hot_registry_, .admin = admin_registry_, .tokens = *tokens, .store_id = store}));
    asio::co_spawn(host_.io(), TellOfLosses(), asio::detached);
    return absl::OkStatus();
  }
  // To the edges, whatever was missed.
  asio::awaitable<void> TellOfLosses() {
    const auto losses = quota_->WatchLosses(host_.io().get_executor());
    for (;;) {
      const absl::StatusOr<std::string> lost = co_await losses->Next();
      if (!lost.ok()) co_return;
      host_.Notify(api::kLossNotice, *lost);
    }
  }
  absl::Status Follow() {
    absl::Status followed = limits_.Follow(*limit_store_);
    host_.StoreAnswered(followed);
    return followed;
  }

  const ProcessConfig config_;
  process::ServiceHost host_;
  std::unique_ptr<sql::Database> database_;
  std::optional<SqlLedger> ledger_;
  std::optional<SqlLimitStore> limit_store_;
  LiveLimits limits_;
  std::unique_ptr<HotState> hot_state_;
  std::optional<LedgerWriter> writer_;
  std::optional<QuotaService> quota_;
  std::optional<QuotaAdmin> admin_;
  rpc::ServiceRegistry hot_registry_{std::string(kQuotaService)};
  rpc::AdminRegistry admin_registry_;
  std::optional<sql::Others> others_;
};

}  // namespace
}  // namespace weir::quota

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main(
      {.name = "weir-quota",
       .service = "quota",
       .summary = "May they spend it, and what did they spend.",
       .version = WEIR_VERSION,
       .load = weir::process::LoadService<weir::quota::Process, weir::quota::ReadProcessConfig>},
      argc, argv, environ);
}
