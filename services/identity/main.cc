// weir-identity: who is calling, and what they may do. `weir-identity --config FILE`.

#include <unistd.h>

#include "common/crypto/sealer.h"
#include "common/process/service_host.h"
#include "common/rpc/grpc_setup.h"
#include "common/sql/others.h"
#include "services/identity/admin_tokens.h"
#include "services/identity/identity_admin.h"
#include "services/identity/identity_server.h"
#include "services/identity/identity_service.h"
#include "services/identity/process_config.h"
#include "services/identity/sql_directory.h"

namespace weir::identity {
namespace {

// The process: its parts in the order of their making.
class Process final : public process::Running {
 public:
  using Config = ProcessConfig;
  explicit Process(ProcessConfig config)
      : config_(std::move(config)), host_(config_.host, WEIR_VERSION) {}

  absl::Status Open() {
    WEIR_RETURN_IF_ERROR(host_.Open());
    const std::string& secrets = config_.host.secrets_directory;
    const bool make_missing = config_.host.profile == process::Profile::kDev;
    WEIR_ASSIGN_OR_RETURN(
        const std::string pepper,
        crypto::SecretFromDirectory(secrets, "pepper", 32, make_missing, host_.random()));
    hasher_.emplace(pepper);
    WEIR_ASSIGN_OR_RETURN(
        database_, sql::OpenDatabase(config_.database, "identity", config_.host.data_directory));
    WEIR_ASSIGN_OR_RETURN(directory_, SqlDirectory::Open(*database_));
    WEIR_ASSIGN_OR_RETURN(feed_,
                          ChangeFeed::Open({.directory = *directory_, .clock = host_.clock()}));
    tokens_.emplace(config_.identity, AdminTokens::Deps{.directory = *directory_,
                                                        .hasher = *hasher_,
                                                        .clock = host_.clock(),
                                                        .random = host_.random()});
    identity_.emplace(config_.identity, IdentityService::Deps{.directory = *directory_,
                                                              .feed = *feed_,
                                                              .hasher = *hasher_,
                                                              .workers = host_.workers(),
                                                              .clock = host_.clock()});
    admin_.emplace(config_.identity, IdentityAdmin::Deps{.directory = *directory_,
                                                         .feed = *feed_,
                                                         .tokens = *tokens_,
                                                         .hasher = *hasher_,
                                                         .clock = host_.clock(),
                                                         .random = host_.random()});
    WEIR_RETURN_IF_ERROR(admin_->EnsureOrganization(config_.identity.default_organization));
    WEIR_RETURN_IF_ERROR(tokens_->EnsureBootstrapToken(secrets + "/admin.token").status());
    asio::co_spawn(host_.io(), feed_->RunHeartbeats(host_.timers(), config_.identity.heartbeat),
                   asio::detached);
    return Serve();
  }

  void Drain() override {
    if (others_) others_->Stop();
    host_.Drain();
    if (feed_) feed_->Close();
    others_.reset();
  }

 private:
  absl::Status Serve() {
    desk_.emplace(*tokens_, host_.workers());
    RegisterIdentity(hot_registry_, *identity_, *desk_);
    RegisterIdentityAdmin(admin_registry_, *admin_);
    others_.emplace(
        config_.database, "identity", [this] { return Follow(); }, host_.io(), host_.timers());
    WEIR_ASSIGN_OR_RETURN(const std::string store, sql::StoreId(*database_));
    return host_.Serve(
        {.hot = hot_registry_, .admin = admin_registry_, .tokens = *tokens_, .store_id = store});
  }
  absl::Status Follow() {
    absl::Status followed = feed_->Follow();
    // Another replica may have revoked one.
    tokens_->Forget();
    host_.StoreAnswered(followed);
    return followed;
  }

  const ProcessConfig config_;
  process::ServiceHost host_;
  std::optional<KeyHasher> hasher_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlDirectory> directory_;
  std::unique_ptr<ChangeFeed> feed_;
  std::optional<AdminTokens> tokens_;
  std::optional<IdentityService> identity_;
  std::optional<IdentityAdmin> admin_;
  std::optional<TokenDesk> desk_;
  rpc::ServiceRegistry hot_registry_{std::string(kIdentityService)};
  rpc::AdminRegistry admin_registry_;
  std::optional<sql::Others> others_;
};

}  // namespace
}  // namespace weir::identity

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main(
      {.name = "weir-identity",
       .service = "identity",
       .summary = "Who is calling, and what they may do.",
       .version = WEIR_VERSION,
       .load =
           weir::process::LoadService<weir::identity::Process, weir::identity::ReadProcessConfig>},
      argc, argv, environ);
}
