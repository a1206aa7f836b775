// weir-cache: has this been answered before. `weir-cache --config FILE`.

#include <unistd.h>

#include "common/crypto/sealer.h"
#include "common/log/log.h"
#include "common/process/service_host.h"
#include "common/rpc/grpc_setup.h"
#include "common/sql/others.h"
#include "services/cache/assembled_cache.h"
#include "services/cache/cache_server.h"
#include "services/cache/open_recordings.h"
#include "services/cache/process_config.h"
#include "services/cache/sql_cache_policy_store.h"

namespace weir::cache {
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
        database_, sql::OpenDatabase(config_.database, "cache", config_.host.data_directory));
    WEIR_ASSIGN_OR_RETURN(policies_, SqlCachePolicyStore::Open(*database_));
    WEIR_RETURN_IF_ERROR(OpenStore());
    WEIR_ASSIGN_OR_RETURN(cache_,
                          AssembledCache::Open(config_.cache, {.policies = *policies_,
                                                               .recordings = *recordings_.store,
                                                               .leases = recordings_.redis,
                                                               .workers = host_.workers(),
                                                               .clock = host_.clock(),
                                                               .random = host_.random(),
                                                               .metrics = host_.metrics()}));
    WEIR_RETURN_IF_ERROR(LoadAnswers());
    asio::co_spawn(host_.io(),
                   cache_->service().Run(host_.timers(), std::chrono::milliseconds(500)),
                   asio::detached);
    return Serve();
  }

  void Drain() override {
    if (others_) others_->Stop();
    if (cache_) cache_->service().EndWaits();
    if (recordings_.store) host_.Await(recordings_.store->Flush()).IgnoreError();
    host_.Drain();
    if (cache_) cache_->service().Close();
    others_.reset();
  }

 private:
  absl::Status OpenStore() {
    const bool make_missing = config_.host.profile == process::Profile::kDev;
    if (config_.cache.store != CacheConfig::Store::kMemory) {
      WEIR_ASSIGN_OR_RETURN(sealer_, crypto::SealerFromDirectory(config_.host.secrets_directory,
                                                                 make_missing, host_.random()));
    }
    WEIR_ASSIGN_OR_RETURN(recordings_, OpenRecordings(config_.cache.store, config_.redis,
                                                      {.database = *database_,
                                                       .sealer = sealer_.get(),
                                                       .workers = host_.workers(),
                                                       .loop = host_.io(),
                                                       .timers = host_.timers(),
                                                       .clock = host_.clock(),
                                                       .random = host_.random(),
                                                       .metrics = host_.metrics()}));
    return absl::OkStatus();
  }
  // Without its store the cache begins empty, and serves.
  absl::Status LoadAnswers() {
    recordings_.store->Listen(&cache_->listener());
    const absl::Status loaded = host_.Await(cache_->service().Load());
    if (!loaded.ok()) log::Warn("cache.load.failed", {{"reason", status::Message(loaded)}});
    if (recordings_.redis != nullptr) {
      asio::co_spawn(host_.io(), recordings_.redis->Run(), asio::detached);
    }
    return absl::OkStatus();
  }
  absl::Status Serve() {
    RegisterCache(hot_registry_, cache_->service());
    RegisterCacheAdmin(admin_registry_, cache_->admin());
    others_.emplace(
        config_.database, "cache", [this] { return Follow(); }, host_.io(), host_.timers());
    WEIR_ASSIGN_OR_RETURN(std::string store, sql::StoreId(*database_));
    WEIR_ASSIGN_OR_RETURN(api::AdminTokenVerifier * tokens, host_.AskIdentity());
    return host_.Serve(
        {.hot = hot_registry_, .admin = admin_registry_, .tokens = *tokens, .store_id = store});
  }
  absl::Status Follow() {
    absl::Status followed = cache_->Follow();
    host_.StoreAnswered(followed);
    return followed;
  }

  const ProcessConfig config_;
  process::ServiceHost host_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlCachePolicyStore> policies_;
  std::unique_ptr<crypto::Sealer> sealer_;
  OpenedRecordings recordings_;
  std::unique_ptr<AssembledCache> cache_;
  rpc::ServiceRegistry hot_registry_{std::string(kCacheService)};
  rpc::AdminRegistry admin_registry_;
  std::optional<sql::Others> others_;
};

}  // namespace
}  // namespace weir::cache

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main(
      {.name = "weir-cache",
       .service = "cache",
       .summary = "Has this been answered before.",
       .version = WEIR_VERSION,
       .load = weir::process::LoadService<weir::cache::Process, weir::cache::ReadProcessConfig>},
      argc, argv, environ);
}
