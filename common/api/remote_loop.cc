#include "common/api/remote_loop.h"

#include <optional>

#include "common/api/announcing_quota.h"
#include "common/api/leasing_quota.h"
#include "common/api/remote_identity.h"
#include "common/api/remote_quota.h"
#include "common/rpc/polled_loop.h"

namespace weir::api {

struct RemoteLoop::Parts {
  explicit Parts(const Deps& deps)
      : io(deps.io),
        loop(deps.io),
        identity_metrics(deps.metrics, "identity"),
        quota_metrics(deps.metrics, "quota"),
        lease_metrics(deps.metrics) {}

  asio::io_context& io;
  rpc::PolledLoop loop;
  rpc::PipeMetrics identity_metrics;
  rpc::PipeMetrics quota_metrics;
  LeaseMetrics lease_metrics;
  std::unique_ptr<rpc::PipeClient> identity_client;
  std::unique_ptr<rpc::PipeClient> quota_client;
  std::optional<RemoteIdentity> identity;
  std::optional<RemoteQuota> quota;
  std::optional<LeasingQuota> leasing;  // Unset: everything is asked.
  std::optional<AnnouncingQuota> announcing;
};

absl::StatusOr<std::unique_ptr<RemoteLoop>> RemoteLoop::Create(const RemoteAddresses& addresses,
                                                               Deps deps) {
  auto parts = std::make_unique<Parts>(deps);
  rpc::PipeClient::Deps client_deps{.loop = parts->loop,
                                    .timers = deps.timers,
                                    .random = deps.random,
                                    .resolver = deps.resolver,
                                    .metrics = &parts->identity_metrics};
  WEIR_ASSIGN_OR_RETURN(parts->identity_client,
                        rpc::PipeClient::Create({.service = "weir.identity.v1.IdentityService",
                                                 .addresses = addresses.identity,
                                                 .tls = addresses.tls,
                                                 .tls_name = "identity.weir",
                                                 .version = addresses.version},
                                                client_deps));
  client_deps.metrics = &parts->quota_metrics;
  WEIR_ASSIGN_OR_RETURN(parts->quota_client,
                        rpc::PipeClient::Create({.service = "weir.quota.v1.QuotaService",
                                                 .addresses = addresses.quota,
                                                 .tls = addresses.tls,
                                                 .tls_name = "quota.weir",
                                                 .version = addresses.version},
                                                client_deps));
  parts->identity.emplace(*parts->identity_client);
  parts->quota.emplace(*parts->quota_client);
  if (addresses.leases) {
    parts->leasing.emplace(LeasingQuota::Options{},
                           LeasingQuota::Deps{.inner = *parts->quota,
                                              .timers = deps.timers,
                                              .random = deps.random,
                                              .executor = deps.io.get_executor(),
                                              .metrics = parts->lease_metrics,
                                              .is_reachable = [client = parts->quota_client.get()] {
                                                return client->replicas().any_up();
                                              }});
    parts->announcing.emplace(*parts->leasing, deps.timers);
  } else {
    parts->announcing.emplace(*parts->quota, deps.timers);
  }
  return std::unique_ptr<RemoteLoop>(new RemoteLoop(std::move(parts)));
}

RemoteLoop::RemoteLoop(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RemoteLoop::~RemoteLoop() = default;

Identity& RemoteLoop::identity() { return *parts_->identity; }
Quota& RemoteLoop::quota() { return *parts_->announcing; }
void RemoteLoop::StopLeasing() {
  if (parts_->leasing) parts_->leasing->Stop();
}
size_t RemoteLoop::leases() const { return parts_->leasing ? parts_->leasing->leases() : 0; }

void RemoteLoop::Run() {
  asio::co_spawn(parts_->io, parts_->announcing->Run(), asio::detached);
  parts_->identity_client->Start();
  parts_->quota_client->Start();
  parts_->loop.Run();
}

std::string RemoteLoop::WhyNotReady() const {
  for (const rpc::PipeClient* each : {parts_->identity_client.get(), parts_->quota_client.get()}) {
    const absl::Status health = each->replicas().Health();
    if (!health.ok()) return std::string(status::Message(health));
  }
  return {};
}

void RemoteLoop::Abandon() {
  parts_->identity_client->Abandon();
  parts_->quota_client->Abandon();
}

}  // namespace weir::api
