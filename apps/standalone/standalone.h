#pragma once

#include <memory>
#include <string>
#include <thread>

#include "apps/apply/secret_source.h"
#include "apps/standalone/bootstrap_watch.h"
#include "apps/standalone/config.h"
#include "common/async/worker_pool.h"
#include "common/crypto/sealer.h"
#include "common/ids/random.h"
#include "common/rpc/admin_server.h"
#include "common/sql/database.h"
#include "common/sql/follower.h"
#include "common/time/clock.h"
#include "edge/edge.h"
#include "services/cache/assembled_cache.h"
#include "services/cache/open_recordings.h"
#include "services/cache/sql_cache_policy_store.h"
#include "services/guardrails/guardrails_admin.h"
#include "services/guardrails/guardrails_service.h"
#include "services/guardrails/sql_policy_store.h"
#include "services/identity/admin_tokens.h"
#include "services/identity/identity_admin.h"
#include "services/identity/identity_service.h"
#include "services/identity/sql_directory.h"
#include "services/quota/quota_admin.h"
#include "services/quota/quota_service.h"
#include "services/quota/redis_hot_state.h"
#include "services/quota/sql_ledger.h"
#include "services/quota/sql_limit_store.h"
#include "services/routing/routing_admin.h"
#include "services/routing/routing_service.h"
#include "services/routing/sql_route_store.h"

namespace weir::standalone {

// Everything in one process: the cores behind their interfaces, SQLite under the data directory (or
// PostgreSQL), the edge, the admin port. Members are in the order of their making: each may use the
// ones above it. For one thread; it makes those that it needs.
class Standalone {
 public:
  // Opens the stores, applies the bootstrap documents (and again when they change), starts the
  // admin port, binds the listeners. The error says what an operator can mend.
  static absl::StatusOr<std::unique_ptr<Standalone>> Create(StandaloneConfig config,
                                                            const apply::SecretSource& secrets);
  ~Standalone();

  // Accepts requests from now on, once what an earlier process left is settled. Once.
  void Start() { edge_->Start(); }
  // Leaves in order (Edge::Drain, then the admin port, 2 s); returns when nothing is left to do.
  void Drain();

  const edge::Edge& edge() const { return *edge_; }
  int admin_port() const { return admin_server_->port(); }
  const std::string& admin_token_file() const { return admin_token_file_; }

 private:
  explicit Standalone(StandaloneConfig config);
  absl::Status Open(const apply::SecretSource& secrets);
  absl::Status OpenSecrets();
  absl::Status OpenIdentity();
  absl::Status OpenQuota();
  absl::Status OpenRouting();
  absl::Status OpenGuardrails();
  absl::Status OpenCache();
  // Without its store the cache begins empty, and serves.
  void LoadAnswers();
  absl::StatusOr<std::unique_ptr<sql::Database>> OpenDatabase(const std::string& component);
  void FollowOthers();
  absl::Status ApplyBootstrap(const apply::SecretSource& secrets);
  absl::Status ApplyFirst(const apply::SecretSource& secrets);
  absl::Status WatchBootstrap(const apply::SecretSource& secrets);
  absl::Status RebuildWindows();
  // On the services' own loop, which runs.
  absl::Status Await(asio::awaitable<absl::Status> work);
  absl::Status OpenAdmin();
  absl::Status OpenEdge();
  void StartLoop();

  const StandaloneConfig config_;
  const std::string admin_token_file_;
  SystemClock clock_;
  SecureRandom random_;
  metrics::Registry metrics_;
  WorkerPool workers_{"weir-work", 2, 10'000};
  std::unique_ptr<crypto::Sealer> sealer_;
  std::unique_ptr<identity::KeyHasher> hasher_;
  std::string hash_secret_;

  std::unique_ptr<sql::Database> identity_database_;
  std::unique_ptr<identity::SqlDirectory> directory_;
  std::unique_ptr<identity::ChangeFeed> feed_;
  std::unique_ptr<identity::AdminTokens> tokens_;
  std::unique_ptr<identity::IdentityService> identity_;
  std::unique_ptr<identity::IdentityAdmin> identity_admin_;

  std::unique_ptr<sql::Database> quota_database_;
  std::unique_ptr<quota::SqlLedger> ledger_;
  std::unique_ptr<quota::SqlLimitStore> limit_store_;
  quota::LiveLimits limits_;
  std::unique_ptr<quota::HotState> hot_state_;
  // The services' own loop: heartbeats and the reaper of holds.
  asio::io_context loop_{1};
  AsioTimers timers_{loop_, clock_};
  std::unique_ptr<quota::LedgerWriter> ledger_writer_;
  std::unique_ptr<quota::QuotaService> quota_;
  std::unique_ptr<quota::QuotaAdmin> quota_admin_;

  std::unique_ptr<sql::Database> routing_database_;
  std::unique_ptr<routing::SqlRouteStore> route_store_;
  std::unique_ptr<routing::RoutingService> routing_;
  std::unique_ptr<routing::RoutingAdmin> routing_admin_;

  std::unique_ptr<sql::Database> guardrails_database_;
  std::unique_ptr<guardrails::SqlPolicyStore> policy_store_;
  std::unique_ptr<guardrails::GuardrailsService> guardrails_;
  std::unique_ptr<guardrails::GuardrailsAdmin> guardrails_admin_;

  std::unique_ptr<sql::Database> cache_database_;
  std::unique_ptr<cache::SqlCachePolicyStore> cache_policies_;
  cache::OpenedRecordings recordings_;
  std::unique_ptr<cache::AssembledCache> cache_;

  // Of a database that others edit too. On a thread of its own: while the server is silent they
  // wait, and nobody behind them.
  std::unique_ptr<WorkerPool> follow_workers_;
  std::unique_ptr<sql::Follower> follow_identity_, follow_quota_, follow_routing_,
      follow_guardrails_, follow_cache_;
  std::unique_ptr<sql::Doorbell> doorbell_;

  rpc::AdminRegistry registry_;
  std::unique_ptr<rpc::AdminServer> admin_server_;
  std::unique_ptr<edge::Edge> edge_;
  std::unique_ptr<BootstrapWatch> bootstrap_watch_;
  std::thread loop_thread_;
};

}  // namespace weir::standalone
