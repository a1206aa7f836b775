#include "services/routing/routing_service.h"

#include <utility>
#include <vector>

#include "common/routing/planner.h"
#include "common/routing/table_health.h"
#include "services/routing/edge_table.h"
#include "services/routing/health_view.h"
namespace weir::routing {
namespace {

// Tables that a watcher may lag behind. One that lags more watches again, and gets the newest
// alone.
constexpr size_t kWatcherLag = 16;

absl::Status NotLoaded() { return status::Unavailable("the routing table is not read yet"); }

}  // namespace

RoutingService::RoutingService(RoutingConfig config, Deps deps)
    : config_(config),
      store_(deps.store),
      sealer_(deps.sealer),
      clock_(deps.clock),
      tables_(static_cast<size_t>(config.tables_kept)),
      watchers_(kWatcherLag) {}

RoutingService::~RoutingService() { watchers_.Close(); }

absl::Status RoutingService::Load() { return Refresh().status(); }

absl::StatusOr<std::shared_ptr<const Catalog>> RoutingService::Refresh() {
  MutexLock lock(refresh_mutex_);
  if (catalog_ != nullptr) {
    WEIR_ASSIGN_OR_RETURN(const int64_t sequence, store_.Sequence());
    if (sequence == catalog_->sequence) return catalog_;
  }
  WEIR_ASSIGN_OR_RETURN(Catalog catalog, ReadCatalog(store_, sealer_));
  catalog_ = std::make_shared<const Catalog>(std::move(catalog));
  Publish(*catalog_);
  return catalog_;
}

void RoutingService::Publish(const Catalog& catalog) {
  auto made = std::make_shared<const v1::RoutingTable>(MakeEdgeTable(catalog, config_));
  std::shared_ptr<const CompiledTable> table = CompiledTable::Compile(std::move(made), states_);
  MutexLock lock(publish_mutex_);
  tables_.Add(table);
  watchers_.Publish(table->source());
}

v1::GetHealthResponse RoutingService::Health(std::string_view organization) const {
  const std::shared_ptr<const CompiledTable> table = tables_.Newest();
  if (table == nullptr) return {};
  return HealthOf(*table, organization, clock_, config_.health_memory);
}

asio::awaitable<absl::StatusOr<v1::PlanResponse>> RoutingService::Plan(api::CallContext call,
                                                                       v1::PlanRequest request) {
  const MonotonicTime now = clock_.Monotonic();
  if (now >= call.deadline) co_return status::DeadlineExceeded("planning came too late");
  const std::shared_ptr<const CompiledTable> table = tables_.At(request.table_version());
  if (table == nullptr) co_return NotLoaded();
  co_return PlanOn(*table, request, now);
}

std::shared_ptr<EventStream<std::shared_ptr<const v1::RoutingTable>>> RoutingService::Watch(
    v1::WatchRequest, asio::any_io_executor executor) {
  MutexLock lock(publish_mutex_);
  std::vector<SharedTable> first;
  if (const auto table = tables_.Newest()) first.push_back(table->source());
  return watchers_.Subscribe(std::move(executor), std::move(first));
}

asio::awaitable<absl::StatusOr<v1::ReportResponse>> RoutingService::Report(
    api::CallContext, v1::ReportRequest request) {
  const std::shared_ptr<const CompiledTable> table = tables_.Newest();
  TargetHealth* health = table == nullptr ? nullptr : FindHealth(*table, NameOf(request));
  if (health != nullptr) {
    health->Record(request.outcome(), request.http_status(), clock_.Monotonic());
  }
  co_return v1::ReportResponse();
}

}  // namespace weir::routing
