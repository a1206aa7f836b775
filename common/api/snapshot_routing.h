#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/api/kept_table.h"
#include "common/api/routing.h"
#include "common/async/timers.h"
#include "common/metrics/registry.h"
#include "common/routing/live_planner.h"

namespace weir::api {

// Routing for an edge whose routing service is a network away: follows its Watch, and plans here,
// on the newest table that came. Turns are this process's own; suspensions too, but for what the
// service says that others saw. Thread-safe; must outlive whatever runs on its loop.
//
// The table serves on whatever becomes of the service. It is stale, which WhyStale and the metrics
// say, once nothing has been heard for a second, where a change was missed, and where it is one
// that was kept on disk.
class SnapshotRouting final : public Routing {
 public:
  struct Options {
    // Without a word of the service. Then the table is stale, and it is watched anew.
    Duration silence = std::chrono::seconds(2);
    // Between the end of a stream of events and the next.
    Duration watch_pause = std::chrono::milliseconds(400);
    // For requests that were matched in an older one, 1 or more.
    size_t tables_kept = 8;
    // Reports under way to the service; more are dropped, which is counted.
    int max_reports = 64;
    // How long one may take.
    Duration report_timeout = std::chrono::seconds(1);
  };
  struct Deps {
    Routing& inner;  // All must outlive this object.
    Timers& timers;  // Of the loop that Run is on; its clock outlives `metrics`, too.
    metrics::Registry& metrics;
    KeptTable* kept = nullptr;  // Null: nothing is kept on disk.
  };
  SnapshotRouting(Options options, Deps deps);

  // Serves the kept table, where there is one, until the service's comes. One that cannot be used
  // is as none, which the log says. Blocks: before Run.
  void Restore();

  // Follows the service until the loop ends.
  asio::awaitable<void> Run();

  // Ends all streams of Watch; their loops must still be there.
  void Close() { planner_.Close(); }

  // Empty: the table is the newest as far as anybody can tell. Else why that is not known. Any
  // thread.
  std::string WhyStale() const;

  // kUnavailable before the first table, else as the service would on the same table.
  asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> Plan(
      CallContext call, routing_pb::PlanRequest request) override;
  // The tables, as they come.
  std::shared_ptr<RoutingEvents> Watch(routing_pb::WatchRequest request,
                                       asio::any_io_executor executor) override;
  // Takes effect here at once; passed on where the service can be reached. Never an error.
  asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> Report(
      CallContext call, routing_pb::ReportRequest request) override;

 private:
  struct Freshness;
  struct Session;
  asio::awaitable<void> Follow(std::shared_ptr<Session> session);
  // Returns when nothing came for too long, or the stream is over.
  asio::awaitable<void> AwaitSilence(std::shared_ptr<Session> session);
  void Apply(Session& session, RoutingEvent event);
  void Keep(const RoutingEvent& event);
  void LookAround(Session& session);

  const Options options_;
  const Deps deps_;
  const Clock& clock_;
  routing::LivePlanner planner_;
  const std::shared_ptr<Freshness> freshness_;
  metrics::Counter& dropped_reports_;
  std::atomic<int> reports_{0};
  // Of the table that was kept last; for the loop alone.
  uint64_t kept_version_ = 0;
};

}  // namespace weir::api
