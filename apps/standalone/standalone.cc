#include "apps/standalone/standalone.h"

#include <pthread.h>

#include <filesystem>
#include <future>

#include "apps/apply/apply.h"
#include "apps/apply/registry_sink.h"
#include "common/log/log.h"
#include "common/metrics/build_info.h"
#include "common/process/private_directory.h"
#include "common/rpc/admin_log.h"
#include "services/cache/cache_server.h"
#include "services/guardrails/guardrails_server.h"
#include "services/identity/identity_server.h"
#include "services/quota/quota_server.h"
#include "services/quota/sql_schema.h"
#include "services/routing/routing_server.h"

namespace weir::standalone {
namespace {

// What others changed is there at the latest after it; the doorbell tells most of it at once.
constexpr Duration kFollowPeriod = std::chrono::seconds(1);
constexpr Duration kCacheBeat = std::chrono::milliseconds(500);

}  // namespace

Standalone::Standalone(StandaloneConfig config)
    : config_(std::move(config)), admin_token_file_(config_.data_directory + "/admin.token") {
  metrics::ShowBuild(metrics_, WEIR_VERSION);
}

absl::StatusOr<std::unique_ptr<Standalone>> Standalone::Create(StandaloneConfig config,
                                                               const apply::SecretSource& secrets) {
  std::unique_ptr<Standalone> standalone(new Standalone(std::move(config)));
  WEIR_RETURN_IF_ERROR(standalone->Open(secrets));
  return standalone;
}

absl::Status Standalone::Open(const apply::SecretSource& secrets) {
  WEIR_RETURN_IF_ERROR(process::MakePrivateDirectory(config_.data_directory));
  WEIR_RETURN_IF_ERROR(OpenSecrets());
  WEIR_RETURN_IF_ERROR(OpenIdentity());
  WEIR_RETURN_IF_ERROR(OpenQuota());
  WEIR_RETURN_IF_ERROR(OpenRouting());
  WEIR_RETURN_IF_ERROR(OpenGuardrails());
  WEIR_RETURN_IF_ERROR(OpenCache());
  identity::RegisterIdentityAdmin(registry_, *identity_admin_);
  quota::RegisterQuotaAdmin(registry_, *quota_admin_);
  routing::RegisterRoutingAdmin(registry_, *routing_admin_);
  guardrails::RegisterGuardrailsAdmin(registry_, *guardrails_admin_);
  cache::RegisterCacheAdmin(registry_, cache_->admin());
  WEIR_RETURN_IF_ERROR(registry_.Complete());
  FollowOthers();
  StartLoop();
  WEIR_RETURN_IF_ERROR(ApplyFirst(secrets));
  LoadAnswers();
  // With the limits in force: their windows go on where the ledger says they were.
  WEIR_RETURN_IF_ERROR(RebuildWindows());
  WEIR_RETURN_IF_ERROR(WatchBootstrap(secrets));
  WEIR_RETURN_IF_ERROR(OpenEdge());
  return OpenAdmin();
}

absl::Status Standalone::OpenSecrets() {
  WEIR_RETURN_IF_ERROR(process::MakePrivateDirectory(config_.secrets_directory));
  WEIR_ASSIGN_OR_RETURN(sealer_,
                        crypto::SealerFromDirectory(config_.secrets_directory, true, random_));
  WEIR_ASSIGN_OR_RETURN(
      const std::string pepper,
      crypto::SecretFromDirectory(config_.secrets_directory, "pepper", 32, true, random_));
  hasher_ = std::make_unique<identity::KeyHasher>(pepper);
  WEIR_ASSIGN_OR_RETURN(hash_secret_, crypto::SecretFromDirectory(
                                          config_.secrets_directory, guardrails::HashKeys::kFile,
                                          guardrails::HashKeys::kBytes, true, random_));
  return absl::OkStatus();
}

absl::Status Standalone::OpenIdentity() {
  WEIR_ASSIGN_OR_RETURN(identity_database_, OpenDatabase("identity"));
  WEIR_ASSIGN_OR_RETURN(directory_, identity::SqlDirectory::Open(*identity_database_));
  WEIR_ASSIGN_OR_RETURN(feed_,
                        identity::ChangeFeed::Open({.directory = *directory_, .clock = clock_}));
  tokens_ = std::make_unique<identity::AdminTokens>(
      config_.identity,
      identity::AdminTokens::Deps{
          .directory = *directory_, .hasher = *hasher_, .clock = clock_, .random = random_});
  identity_ = std::make_unique<identity::IdentityService>(
      config_.identity, identity::IdentityService::Deps{.directory = *directory_,
                                                        .feed = *feed_,
                                                        .hasher = *hasher_,
                                                        .workers = workers_,
                                                        .clock = clock_});
  identity_admin_ = std::make_unique<identity::IdentityAdmin>(
      config_.identity, identity::IdentityAdmin::Deps{.directory = *directory_,
                                                      .feed = *feed_,
                                                      .tokens = *tokens_,
                                                      .hasher = *hasher_,
                                                      .clock = clock_,
                                                      .random = random_});
  WEIR_RETURN_IF_ERROR(identity_admin_->EnsureOrganization(config_.identity.default_organization));
  return tokens_->EnsureBootstrapToken(admin_token_file_).status();
}

absl::Status Standalone::OpenQuota() {
  WEIR_ASSIGN_OR_RETURN(quota_database_, OpenDatabase("quota"));
  WEIR_RETURN_IF_ERROR(sql::Migrate(*quota_database_, "quota", quota::QuotaMigrations()));
  ledger_ = std::make_unique<quota::SqlLedger>(*quota_database_);
  limit_store_ = std::make_unique<quota::SqlLimitStore>(*quota_database_);
  WEIR_RETURN_IF_ERROR(limits_.Reload(*limit_store_));
  WEIR_ASSIGN_OR_RETURN(
      hot_state_, quota::HotState::Open(
                      config_.quota, config_.redis,
                      {.limits = limits_, .ledger = *ledger_, .clock = clock_, .random = random_}));
  ledger_writer_ = std::make_unique<quota::LedgerWriter>(config_.quota, *ledger_);
  quota_ = std::make_unique<quota::QuotaService>(
      config_.quota, quota::QuotaService::Deps{.windows = hot_state_->windows(),
                                               .limits = limits_,
                                               .sink = *ledger_writer_,
                                               .ledger = *ledger_,
                                               .workers = workers_,
                                               .clock = clock_,
                                               .metrics = &metrics_});
  quota_admin_ = std::make_unique<quota::QuotaAdmin>(quota::QuotaAdmin::Deps{.store = *limit_store_,
                                                                             .limits = limits_,
                                                                             .ledger = *ledger_,
                                                                             .quota = *quota_,
                                                                             .clock = clock_});
  return absl::OkStatus();
}

absl::Status Standalone::OpenRouting() {
  WEIR_ASSIGN_OR_RETURN(routing_database_, OpenDatabase("routing"));
  WEIR_ASSIGN_OR_RETURN(route_store_, routing::SqlRouteStore::Open(*routing_database_));
  routing_ = std::make_unique<routing::RoutingService>(
      config_.routing,
      routing::RoutingService::Deps{.store = *route_store_, .sealer = *sealer_, .clock = clock_});
  WEIR_RETURN_IF_ERROR(routing_->Load());
  routing_admin_ = std::make_unique<routing::RoutingAdmin>(
      config_.routing,
      routing::RoutingAdmin::Deps{
          .routing = *routing_, .store = *route_store_, .sealer = *sealer_, .clock = clock_});
  return absl::OkStatus();
}

absl::Status Standalone::OpenGuardrails() {
  WEIR_ASSIGN_OR_RETURN(guardrails_database_, OpenDatabase("guardrails"));
  WEIR_ASSIGN_OR_RETURN(policy_store_, guardrails::SqlPolicyStore::Open(*guardrails_database_));
  guardrails_ = std::make_unique<guardrails::GuardrailsService>(
      config_.guardrails, guardrails::GuardrailsService::Deps{.store = *policy_store_,
                                                              .workers = workers_,
                                                              .clock = clock_,
                                                              .metrics = &metrics_,
                                                              .hash_secret = hash_secret_});
  WEIR_RETURN_IF_ERROR(guardrails_->Load());
  guardrails_admin_ = std::make_unique<guardrails::GuardrailsAdmin>(
      config_.guardrails,
      guardrails::GuardrailsAdmin::Deps{
          .guardrails = *guardrails_, .store = *policy_store_, .clock = clock_});
  return absl::OkStatus();
}

absl::Status Standalone::OpenCache() {
  WEIR_ASSIGN_OR_RETURN(cache_database_, OpenDatabase("cache"));
  WEIR_ASSIGN_OR_RETURN(cache_policies_, cache::SqlCachePolicyStore::Open(*cache_database_));
  WEIR_ASSIGN_OR_RETURN(recordings_, cache::OpenRecordings(config_.cache.store, config_.redis,
                                                           {.database = *cache_database_,
                                                            .sealer = sealer_.get(),
                                                            .workers = workers_,
                                                            .loop = loop_,
                                                            .timers = timers_,
                                                            .clock = clock_,
                                                            .random = random_,
                                                            .metrics = metrics_}));
  WEIR_ASSIGN_OR_RETURN(
      cache_, cache::AssembledCache::Open(config_.cache, {.policies = *cache_policies_,
                                                          .recordings = *recordings_.store,
                                                          .leases = recordings_.redis,
                                                          .workers = workers_,
                                                          .clock = clock_,
                                                          .random = random_,
                                                          .metrics = metrics_}));
  return absl::OkStatus();
}

void Standalone::LoadAnswers() {
  recordings_.store->Listen(&cache_->listener());
  const absl::Status loaded = Await(cache_->service().Load());
  if (!loaded.ok()) log::Warn("cache.load.failed", {{"reason", status::Message(loaded)}});
  asio::co_spawn(loop_, cache_->service().Run(timers_, kCacheBeat), asio::detached);
  if (recordings_.redis != nullptr) {
    asio::co_spawn(loop_, recordings_.redis->Run(), asio::detached);
  }
}

absl::StatusOr<std::unique_ptr<sql::Database>> Standalone::OpenDatabase(
    const std::string& component) {
  return sql::OpenDatabase(config_.database, component, config_.data_directory);
}

void Standalone::FollowOthers() {
  // A SQLite file is of this process alone.
  if (config_.database.kind == sql::StoreKind::kSqlite) return;
  follow_workers_ = std::make_unique<WorkerPool>("weir-follow", 1, 10);
  const auto follow = [this](std::string what, std::function<absl::Status()> work) {
    return std::make_unique<sql::Follower>(
        std::move(what), std::move(work), kFollowPeriod,
        sql::Follower::Deps{.loop = loop_, .timers = timers_, .workers = *follow_workers_});
  };
  follow_identity_ = follow("identity", [this] {
    absl::Status followed = feed_->Follow();
    tokens_->Forget();  // Another process may have revoked one.
    return followed;
  });
  follow_quota_ = follow("quota", [this] { return limits_.Follow(*limit_store_); });
  follow_routing_ = follow("routing", [this] { return routing_->Refresh().status(); });
  follow_guardrails_ = follow("guardrails", [this] { return guardrails_->Refresh().status(); });
  follow_cache_ = follow("cache", [this] { return cache_->Follow(); });
  doorbell_ = sql::OpenDoorbell(config_.database, [this](std::string_view component) {
    const bool all = component.empty();
    if (all || component == "identity") follow_identity_->Ring();
    if (all || component == "quota") follow_quota_->Ring();
    if (all || component == "routing") follow_routing_->Ring();
    if (all || component == "guardrails") follow_guardrails_->Ring();
    if (all || component == "cache") follow_cache_->Ring();
  });
}

void Standalone::StartLoop() {
  asio::co_spawn(loop_, feed_->RunHeartbeats(timers_, config_.identity.heartbeat), asio::detached);
  asio::co_spawn(loop_, quota_->Run(timers_), asio::detached);
  loop_thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(loop_thread_.native_handle(), "weir-loop");
}

absl::Status Standalone::ApplyBootstrap(const apply::SecretSource& secrets) {
  // A folder that is empty yet is there for later.
  std::error_code error;
  const bool nothing = std::filesystem::is_directory(config_.bootstrap, error) &&
                       std::filesystem::is_empty(config_.bootstrap, error);
  if (config_.bootstrap.empty() || nothing) return absl::OkStatus();
  apply::RegistrySink sink(
      registry_, {.actor = "bootstrap", .role = common::v1::ROLE_ADMIN, .organization = ""});
  absl::StatusOr<apply::ApplyReport> report =
      apply::Apply(config_.bootstrap, secrets, sink,
                   {.default_organization = config_.identity.default_organization});
  if (!report.ok()) {
    return status::While(report.status(), "applying the documents of '{}'", config_.bootstrap);
  }
  for (const apply::Applied& each : report->documents) {
    if (!each.changed) continue;
    log::Info("bootstrap.applied",
              {{"kind", each.kind}, {"organization", each.organization}, {"name", each.name}});
  }
  return absl::OkStatus();
}

// Nobody relies on it yet, and a start that was cut short applies it again.
absl::Status Standalone::ApplyFirst(const apply::SecretSource& secrets) {
  std::function<absl::Status()> apply = [&] { return ApplyBootstrap(secrets); };
  for (sql::Database* each :
       {identity_database_.get(), quota_database_.get(), routing_database_.get(),
        guardrails_database_.get(), cache_database_.get()}) {
    apply = [each, inner = std::move(apply)] { return each->Together(inner); };
  }
  return apply();
}

absl::Status Standalone::WatchBootstrap(const apply::SecretSource& secrets) {
  std::error_code error;
  if (!std::filesystem::is_directory(config_.bootstrap, error)) return absl::OkStatus();
  auto apply = [this, secrets] { return ApplyBootstrap(secrets); };
  WEIR_ASSIGN_OR_RETURN(bootstrap_watch_, BootstrapWatch::Start(config_.bootstrap, loop_, timers_,
                                                                workers_, std::move(apply)));
  return absl::OkStatus();
}

absl::Status Standalone::RebuildWindows() { return Await(quota_->Rebuild()); }

absl::Status Standalone::Await(asio::awaitable<absl::Status> work) {
  std::promise<absl::Status> done;
  asio::co_spawn(loop_, std::move(work), [&done](std::exception_ptr, absl::Status result) {
    done.set_value(std::move(result));
  });
  return done.get_future().get();
}

absl::Status Standalone::OpenAdmin() {
  WEIR_ASSIGN_OR_RETURN(
      admin_server_,
      rpc::AdminServer::Start(
          config_.admin,
          {.registry = registry_, .tokens = *tokens_, .workers = workers_, .clock = clock_},
          rpc::LogAdminCall));
  return absl::OkStatus();
}

absl::Status Standalone::OpenEdge() {
  WEIR_ASSIGN_OR_RETURN(
      edge_, edge::Edge::Create(
                 config_.edge,
                 {.services = edge::SharedServices(
                      {.identity = *identity_,
                       .quota = *quota_,
                       .routing = *routing_,
                       .guardrails = guardrails_.get(),
                       .cache = &cache_->service(),
                       .may_lose_holds = config_.quota.store == quota::QuotaConfig::Store::kRedis}),
                  .workers = workers_,
                  .clock = clock_,
                  .random = random_,
                  .metrics = metrics_}));
  return absl::OkStatus();
}

void Standalone::Drain() {
  cache_->service().EndWaits();
  edge_->Drain();
  Await(recordings_.store->Flush()).IgnoreError();
  admin_server_->Shutdown(std::chrono::seconds(2));
}

Standalone::~Standalone() {
  doorbell_.reset();
  // Streams end while their readers' loops are there, so that nothing posts to a loop that is gone.
  if (feed_) feed_->Close();
  if (routing_) routing_->Close();
  if (guardrails_) guardrails_->Close();
  if (cache_) cache_->service().Close();
  if (quota_) quota_->Close();
  admin_server_.reset();
  if (bootstrap_watch_) {
    std::promise<void> closed;
    asio::post(loop_, [this, &closed] {
      bootstrap_watch_.reset();
      closed.set_value();
    });
    closed.get_future().wait();
  }
  // What still runs for somebody answers to loops: they go after it.
  workers_.Stop();
  if (follow_workers_) follow_workers_->Stop();
  if (hot_state_) hot_state_->Stop();
  ledger_writer_.reset();
  edge_.reset();
  loop_.stop();
  if (loop_thread_.joinable()) loop_thread_.join();
}

}  // namespace weir::standalone
