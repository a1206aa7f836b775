// weir-guardrails: what may leave and come back. `weir-guardrails --config FILE`.

#include <unistd.h>

#include "common/crypto/sealer.h"
#include "common/process/service_host.h"
#include "common/rpc/grpc_setup.h"
#include "common/sql/others.h"
#include "services/guardrails/guardrails_admin.h"
#include "services/guardrails/guardrails_server.h"
#include "services/guardrails/guardrails_service.h"
#include "services/guardrails/process_config.h"
#include "services/guardrails/sql_policy_store.h"

namespace weir::guardrails {
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
    WEIR_ASSIGN_OR_RETURN(
        const std::string hash_secret,
        crypto::SecretFromDirectory(config_.host.secrets_directory, HashKeys::kFile,
                                    HashKeys::kBytes, make_missing, host_.random()));
    WEIR_ASSIGN_OR_RETURN(
        database_, sql::OpenDatabase(config_.database, "guardrails", config_.host.data_directory));
    WEIR_ASSIGN_OR_RETURN(store_, SqlPolicyStore::Open(*database_));
    guardrails_.emplace(config_.guardrails, GuardrailsService::Deps{.store = *store_,
                                                                    .workers = host_.workers(),
                                                                    .clock = host_.clock(),
                                                                    .metrics = &host_.metrics(),
                                                                    .hash_secret = hash_secret});
    WEIR_RETURN_IF_ERROR(guardrails_->Load());
    admin_.emplace(config_.guardrails,
                   GuardrailsAdmin::Deps{
                       .guardrails = *guardrails_, .store = *store_, .clock = host_.clock()});
    asio::co_spawn(host_.io(), guardrails_->RunHeartbeats(host_.timers(), std::chrono::seconds(1)),
                   asio::detached);
    return Serve();
  }

  void Drain() override {
    if (others_) others_->Stop();
    host_.Drain();
    if (guardrails_) guardrails_->Close();
    others_.reset();
  }

 private:
  absl::Status Serve() {
    RegisterGuardrails(hot_registry_, *guardrails_);
    RegisterGuardrailsAdmin(admin_registry_, *admin_);
    others_.emplace(
        config_.database, "guardrails", [this] { return Follow(); }, host_.io(), host_.timers());
    WEIR_ASSIGN_OR_RETURN(const std::string store, sql::StoreId(*database_));
    WEIR_ASSIGN_OR_RETURN(api::AdminTokenVerifier * tokens, host_.AskIdentity());
    return host_.Serve(
        {.hot = hot_registry_, .admin = admin_registry_, .tokens = *tokens, .store_id = store});
  }
  absl::Status Follow() {
    absl::Status followed = guardrails_->Refresh().status();
    host_.StoreAnswered(followed);
    return followed;
  }

  const ProcessConfig config_;
  process::ServiceHost host_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlPolicyStore> store_;
  std::optional<GuardrailsService> guardrails_;
  std::optional<GuardrailsAdmin> admin_;
  rpc::ServiceRegistry hot_registry_{std::string(kGuardrailsService)};
  rpc::AdminRegistry admin_registry_;
  std::optional<sql::Others> others_;
};

}  // namespace
}  // namespace weir::guardrails

int main(int argc, char** argv) {
  weir::rpc::SetUpGrpc();
  return weir::process::Main(
      {.name = "weir-guardrails",
       .service = "guardrails",
       .summary = "What may leave and come back.",
       .version = WEIR_VERSION,
       .load = weir::process::LoadService<weir::guardrails::Process,
                                          weir::guardrails::ReadProcessConfig>},
      argc, argv, environ);
}
