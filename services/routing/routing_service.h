#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/api/routing.h"
#include "common/async/mutex.h"
#include "common/async/timers.h"
#include "common/crypto/sealer.h"
#include "common/routing/live_planner.h"
#include "common/time/clock.h"
#include "services/routing/catalog.h"
#include "services/routing/config.h"
#include "services/routing/route_store.h"

namespace weir::routing {

// Says who answers a request, in which order, and learns from how it went. Thread-safe; owns no
// thread.
//
// Plan and Report work on tables in memory: they never suspend, ask nobody and cost about a
// microsecond. Load and Refresh read the store and block: call them on a WorkerPool.
class RoutingService final : public api::Routing {
 public:
  struct Deps {
    RouteStore& store;  // All three must outlive this object.
    const crypto::Sealer& sealer;
    const Clock& clock;
  };
  RoutingService(RoutingConfig config, Deps deps);

  // Ends all streams of Watch, as its end does; their loops must still be there.
  void Close() { planner_.Close(); }

  // The first Refresh. Until then Plan answers kUnavailable and Watch shows nothing.
  absl::Status Load();

  // The objects as they are now: where somebody (another replica, too) has changed them since,
  // reads them, and publishes the new table before it returns. Cheap where nothing has changed:
  // what a replica does once a second, and an editor after an edit.
  //
  // kUnavailable, kDataLoss: as ReadCatalog; the last good table stays.
  absl::StatusOr<std::shared_ptr<const Catalog>> Refresh();

  // Tells watchers each `period` (500 ms) which targets failed since and that the table is theirs,
  // as long as `timers`'s loop runs. For watchers in other processes; those in this one see the
  // same states.
  asio::awaitable<void> RunHeartbeats(Timers& timers, Duration period);

  // `told` is called on the loop of RunHeartbeats when targets have failed since the last
  // heartbeat, here or, the first time, elsewhere. Before RunHeartbeats.
  void OnFailures(std::function<void()> told) { told_of_failures_ = std::move(told); }
  // All targets that are out.
  v1::Suspensions Out() const { return planner_.Out(); }
  // What another replica saw fail; watchers are told.
  void Learn(const v1::Suspensions& suspensions) { planner_.PassOn(suspensions); }

  // Each target of `organization` that is out or failed lately.
  v1::GetHealthResponse Health(std::string_view organization) const;

  // kDeadlineExceeded past the call's deadline; else as PlanOn.
  asio::awaitable<absl::StatusOr<v1::PlanResponse>> Plan(api::CallContext call,
                                                         v1::PlanRequest request) override;
  // Heartbeats, and suspensions after the first event, are RunHeartbeats's.
  std::shared_ptr<api::RoutingEvents> Watch(v1::WatchRequest request,
                                            asio::any_io_executor executor) override;
  // A target that the newest table does not know is ignored.
  asio::awaitable<absl::StatusOr<v1::ReportResponse>> Report(api::CallContext call,
                                                             v1::ReportRequest request) override;

 private:
  const RoutingConfig config_;
  RouteStore& store_;
  const crypto::Sealer& sealer_;
  const Clock& clock_;
  LivePlanner planner_;
  std::function<void()> told_of_failures_;  // May be empty.

  // One reader of the store at a time: who waited finds its work done.
  Mutex refresh_mutex_;
  std::shared_ptr<const Catalog> catalog_ ABSL_GUARDED_BY(refresh_mutex_);
};

}  // namespace weir::routing
