#include "common/api/remote_loop.h"

#include <array>
#include <optional>

#include "common/api/announcing_quota.h"
#include "common/api/leasing_quota.h"
#include "common/api/remote_cache.h"
#include "common/api/remote_guardrails.h"
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
        guardrails_metrics(deps.metrics, "guardrails"),
        cache_metrics(deps.metrics, "cache"),
        lease_metrics(deps.metrics) {}

  asio::io_context& io;
  rpc::PolledLoop loop;
  rpc::PipeMetrics identity_metrics;
  rpc::PipeMetrics quota_metrics;
  rpc::PipeMetrics guardrails_metrics;
  rpc::PipeMetrics cache_metrics;
  LeaseMetrics lease_metrics;
  std::unique_ptr<rpc::PipeClient> identity_client;
  std::unique_ptr<rpc::PipeClient> quota_client;
  std::unique_ptr<rpc::PipeClient> guardrails_client;  // Null: there are none, as for the next.
  std::unique_ptr<rpc::PipeClient> cache_client;
  std::optional<RemoteIdentity> identity;
  std::optional<RemoteQuota> quota;
  std::optional<LeasingQuota> leasing;  // Unset: everything is asked.
  std::optional<AnnouncingQuota> announcing;
  std::optional<RemoteGuardrails> guardrails;
  std::optional<RemoteCache> cache;

  std::array<rpc::PipeClient*, 4> clients() const {
    return {identity_client.get(), quota_client.get(), guardrails_client.get(), cache_client.get()};
  }
};

absl::StatusOr<std::unique_ptr<RemoteLoop>> RemoteLoop::Create(const RemoteAddresses& addresses,
                                                               Deps deps) {
  auto parts = std::make_unique<Parts>(deps);
  const auto connect = [&](std::string service, std::string tls_name,
                           const std::vector<std::string>& to, rpc::PipeMetrics& metrics,
                           Duration patience = rpc::PipeOptions().patience) {
    return rpc::PipeClient::Create({.service = std::move(service),
                                    .addresses = to,
                                    .tls = addresses.tls,
                                    .tls_name = std::move(tls_name),
                                    .version = addresses.version,
                                    .patience = patience},
                                   {.loop = parts->loop,
                                    .timers = deps.timers,
                                    .random = deps.random,
                                    .resolver = deps.resolver,
                                    .metrics = &metrics});
  };
  WEIR_ASSIGN_OR_RETURN(parts->identity_client,
                        connect("weir.identity.v1.IdentityService", "identity.weir",
                                addresses.identity, parts->identity_metrics));
  WEIR_ASSIGN_OR_RETURN(parts->quota_client, connect("weir.quota.v1.QuotaService", "quota.weir",
                                                     addresses.quota, parts->quota_metrics));
  if (!addresses.guardrails.empty()) {
    WEIR_ASSIGN_OR_RETURN(parts->guardrails_client,
                          connect("weir.guardrails.v1.GuardrailsService", "guardrails.weir",
                                  addresses.guardrails, parts->guardrails_metrics));
    parts->guardrails.emplace(*parts->guardrails_client);
  }
  if (!addresses.cache.empty()) {
    // What is only faster is not worth waiting for.
    WEIR_ASSIGN_OR_RETURN(parts->cache_client,
                          connect("weir.cache.v1.CacheService", "cache.weir", addresses.cache,
                                  parts->cache_metrics, Duration::zero()));
    parts->cache.emplace(*parts->cache_client);
  }
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
Guardrails* RemoteLoop::guardrails() { return parts_->guardrails ? &*parts_->guardrails : nullptr; }
Cache* RemoteLoop::cache() { return parts_->cache ? &*parts_->cache : nullptr; }
void RemoteLoop::StopLeasing() {
  if (parts_->leasing) parts_->leasing->Stop();
}
size_t RemoteLoop::leases() const { return parts_->leasing ? parts_->leasing->leases() : 0; }

void RemoteLoop::Run() {
  asio::co_spawn(parts_->io, parts_->announcing->Run(), asio::detached);
  for (rpc::PipeClient* each : parts_->clients()) {
    if (each != nullptr) each->Start();
  }
  parts_->loop.Run();
}

std::string RemoteLoop::WhyNotReady() const {
  // Without the cache everything is a miss.
  for (const rpc::PipeClient* each : {parts_->identity_client.get(), parts_->quota_client.get(),
                                      parts_->guardrails_client.get()}) {
    if (each == nullptr) continue;
    const absl::Status health = each->replicas().Health();
    if (!health.ok()) return std::string(status::Message(health));
  }
  return {};
}

void RemoteLoop::Abandon() {
  for (rpc::PipeClient* each : parts_->clients()) {
    if (each != nullptr) each->Abandon();
  }
}

}  // namespace weir::api
