#pragma once

#include <cstddef>
#include <memory>

#include "common/async/event_stream.h"
#include "common/async/mutex.h"
#include "common/routing/compiled_table.h"
#include "common/routing/table_history.h"
#include "common/time/clock.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// Plans on the newest of the tables that it is given, keeps turns and suspensions from one to the
// next, and shows the tables to watchers. What routing and an edge that has its tables have in
// common. Thread-safe; owns no thread; nothing here waits.
class LivePlanner {
 public:
  using Event = std::shared_ptr<const v1::WatchEvent>;

  // Keeps `tables_kept` tables, 1 or more, for requests that were matched in an older one. `clock`
  // must outlive it.
  LivePlanner(size_t tables_kept, const Clock& clock);
  // Ends all streams of Watch.
  ~LivePlanner() { Close(); }

  // The table of `event`, which has one, is the newest from now on.
  void Use(Event event);

  // Null before the first.
  std::shared_ptr<const CompiledTable> Newest() const { return tables_.Newest(); }

  // On the table that the request names; where it is not kept any more, on the newest.
  // kUnavailable before the first table; kDeadlineExceeded past `deadline`; else as PlanOn.
  absl::StatusOr<v1::PlanResponse> Plan(MonotonicTime deadline, const v1::PlanRequest& request);

  // How an attempt went. A target that the newest table does not know is ignored.
  void Record(const v1::ReportRequest& report);
  // What others saw fail.
  void Learn(const v1::Suspensions& suspensions);
  // The same, and tells watchers: a later Beat would take it for old.
  void PassOn(const v1::Suspensions& suspensions);

  // The newest table, or the first as soon as there is one, with what is out now; then each new one
  // and what Beat tells. Read on `executor`.
  std::shared_ptr<EventStream<Event>> Watch(asio::any_io_executor executor);
  // Tells watchers which targets failed after `since`, and which table is the newest. Whether any
  // did.
  bool Beat(MonotonicTime since);
  // All targets that are out now.
  v1::Suspensions Out() const;
  // Ends all streams of Watch; their loops must still be there.
  void Close() { watchers_.Close(); }

 private:
  const Clock& clock_;
  RouteStates states_;
  TableHistory tables_;
  Broadcaster<Event> watchers_;
  // Makes "the newest table, then each new one" one step for a watcher.
  Mutex publish_mutex_;
  Event table_event_ ABSL_GUARDED_BY(publish_mutex_);
};

}  // namespace weir::routing
