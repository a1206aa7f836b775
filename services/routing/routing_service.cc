#include "services/routing/routing_service.h"

#include <utility>

#include "services/routing/edge_table.h"
#include "services/routing/health_view.h"

namespace weir::routing {
namespace {

// A failure may be recorded a little after the time that it bears. Who is told of one twice takes
// the second for an echo.
constexpr Duration kOverlap = std::chrono::milliseconds(10);

}  // namespace

RoutingService::RoutingService(RoutingConfig config, Deps deps)
    : config_(config),
      store_(deps.store),
      sealer_(deps.sealer),
      clock_(deps.clock),
      planner_(static_cast<size_t>(config.tables_kept), deps.clock) {}

absl::Status RoutingService::Load() { return Refresh().status(); }

absl::StatusOr<std::shared_ptr<const Catalog>> RoutingService::Refresh() {
  MutexLock lock(refresh_mutex_);
  if (catalog_ != nullptr) {
    WEIR_ASSIGN_OR_RETURN(const int64_t sequence, store_.Sequence());
    if (sequence == catalog_->sequence) return catalog_;
  }
  WEIR_ASSIGN_OR_RETURN(Catalog catalog, ReadCatalog(store_, sealer_));
  catalog_ = std::make_shared<const Catalog>(std::move(catalog));
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_table() = MakeEdgeTable(*catalog_, config_);
  planner_.Use(std::move(event));
  return catalog_;
}

asio::awaitable<void> RoutingService::RunHeartbeats(Timers& timers, Duration period) {
  for (MonotonicTime since = clock_.Monotonic();;) {
    co_await SleepFor(timers, period);
    const MonotonicTime now = clock_.Monotonic();
    const bool failed = planner_.Beat(since - kOverlap);
    if (failed && told_of_failures_) told_of_failures_();
    since = now;
  }
}

v1::GetHealthResponse RoutingService::Health(std::string_view organization) const {
  const std::shared_ptr<const CompiledTable> table = planner_.Newest();
  if (table == nullptr) return {};
  return HealthOf(*table, organization, clock_, config_.health_memory);
}

asio::awaitable<absl::StatusOr<v1::PlanResponse>> RoutingService::Plan(api::CallContext call,
                                                                       v1::PlanRequest request) {
  co_return planner_.Plan(call.deadline, request);
}

std::shared_ptr<api::RoutingEvents> RoutingService::Watch(v1::WatchRequest,
                                                          asio::any_io_executor executor) {
  return planner_.Watch(std::move(executor));
}

asio::awaitable<absl::StatusOr<v1::ReportResponse>> RoutingService::Report(
    api::CallContext, v1::ReportRequest request) {
  planner_.Record(request);
  co_return v1::ReportResponse();
}

}  // namespace weir::routing
