#include "common/routing/live_planner.h"

#include <utility>
#include <vector>

#include "common/routing/planner.h"
#include "common/routing/table_health.h"

namespace weir::routing {
namespace {

// Events that a watcher may lag behind. One that lags more watches again, and gets the newest table
// alone.
constexpr size_t kWatcherLag = 32;

// Null where nothing is to be told.
LivePlanner::Event SuspensionEvent(const CompiledTable& table, MonotonicTime since,
                                   MonotonicTime now) {
  v1::Suspensions suspensions = SuspensionsSince(table, since, now);
  if (suspensions.suspensions().empty()) return nullptr;
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_suspensions() = std::move(suspensions);
  return event;
}

}  // namespace

LivePlanner::LivePlanner(size_t tables_kept, const Clock& clock)
    : clock_(clock), tables_(tables_kept), watchers_(kWatcherLag) {}

void LivePlanner::Use(Event event) {
  std::shared_ptr<const v1::RoutingTable> source(event, &event->table());
  std::shared_ptr<const CompiledTable> table = CompiledTable::Compile(std::move(source), states_);
  MutexLock lock(publish_mutex_);
  tables_.Add(std::move(table));
  watchers_.Publish(event);
  table_event_ = std::move(event);
}

absl::StatusOr<v1::PlanResponse> LivePlanner::Plan(MonotonicTime deadline,
                                                   const v1::PlanRequest& request) {
  const MonotonicTime now = clock_.Monotonic();
  if (now >= deadline) return status::DeadlineExceeded("planning came too late");
  const std::shared_ptr<const CompiledTable> table = tables_.At(request.table_version());
  if (table == nullptr) return status::Unavailable("the routing table is not read yet");
  return PlanOn(*table, request, now);
}

void LivePlanner::Record(const v1::ReportRequest& report) {
  const std::shared_ptr<const CompiledTable> table = Newest();
  TargetHealth* health = table == nullptr ? nullptr : FindHealth(*table, NameOf(report));
  if (health == nullptr) return;
  health->Record(report.outcome(), report.http_status(), clock_.Monotonic());
}

void LivePlanner::Learn(const v1::Suspensions& suspensions) {
  const std::shared_ptr<const CompiledTable> table = Newest();
  if (table != nullptr) routing::Learn(*table, suspensions, clock_.Monotonic());
}

void LivePlanner::PassOn(const v1::Suspensions& suspensions) {
  Learn(suspensions);
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_suspensions() = suspensions;
  MutexLock lock(publish_mutex_);
  watchers_.Publish(std::move(event));
}

std::shared_ptr<EventStream<LivePlanner::Event>> LivePlanner::Watch(
    asio::any_io_executor executor) {
  MutexLock lock(publish_mutex_);
  std::vector<Event> first;
  if (const auto table = Newest()) {
    first.push_back(table_event_);
    Event out = SuspensionEvent(*table, MonotonicTime::min(), clock_.Monotonic());
    if (out != nullptr) first.push_back(std::move(out));
  }
  return watchers_.Subscribe(std::move(executor), std::move(first));
}

v1::Suspensions LivePlanner::Out() const {
  const std::shared_ptr<const CompiledTable> table = Newest();
  if (table == nullptr) return {};
  return SuspensionsSince(*table, MonotonicTime::min(), clock_.Monotonic());
}

bool LivePlanner::Beat(MonotonicTime since) {
  MutexLock lock(publish_mutex_);
  const std::shared_ptr<const CompiledTable> table = Newest();
  if (table == nullptr) return false;
  const Event failed = SuspensionEvent(*table, since, clock_.Monotonic());
  if (failed != nullptr) watchers_.Publish(failed);
  auto heartbeat = std::make_shared<v1::WatchEvent>();
  heartbeat->set_heartbeat(table->version());
  watchers_.Publish(std::move(heartbeat));
  return failed != nullptr;
}

}  // namespace weir::routing
