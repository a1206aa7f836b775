#include "common/api/snapshot_routing.h"

#include <absl/cleanup/cleanup.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "common/log/log.h"

namespace weir::api {
namespace {

// Between two looks at a stream that is silent.
constexpr Duration kLook = std::chrono::milliseconds(250);

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// How far the table can be trusted to be the newest. Shared with what the metrics registry runs
// before a scrape.
struct SnapshotRouting::Freshness {
  enum class Standing { kNone, kKept, kMissed, kHeard };

  Freshness(Duration most_silence, const Clock& its_clock, metrics::Registry& metrics)
      : silence(most_silence),
        clock(its_clock),
        age_seconds(metrics.NewGauge("weir_routing_snapshot_age_seconds",
                                     "Since the routing service last said that the routing table "
                                     "is its newest.")),
        is_stale(metrics.NewGauge("weir_routing_snapshot_stale",
                                  "1: the routing table may not be the newest. 0: it is.")),
        became_stale(metrics.NewCounter("weir_routing_snapshot_stale_total",
                                        "Times that the routing table became stale.")) {}

  Duration Age() const { return clock.Monotonic() - MonotonicTime(Duration(confirmed_ns.load())); }
  // The table is the service's, now.
  void Confirm() {
    confirmed_ns = clock.Monotonic().time_since_epoch().count();
    standing = Standing::kHeard;
  }
  bool IsStale() const { return standing != Standing::kHeard || Age() >= silence; }
  std::string WhyStale() const {
    switch (standing.load()) {
      case Standing::kNone:
        return "the routing service has not sent its table yet";
      case Standing::kKept:
        return "the routing table is the one of an earlier run";
      case Standing::kMissed:
        return "a change of the routing table was missed";
      case Standing::kHeard:
        break;
    }
    const Duration age = Age();
    if (age < silence) return {};
    return fmt::format("the routing service has been silent for {} s",
                       std::chrono::duration_cast<std::chrono::seconds>(age).count());
  }
  void Show() const {
    age_seconds.Set(Seconds(Age()));
    is_stale.Set(IsStale() ? 1 : 0);
  }

  const Duration silence;
  const Clock& clock;
  metrics::Gauge& age_seconds;
  metrics::Gauge& is_stale;
  metrics::Counter& became_stale;
  std::atomic<Standing> standing{Standing::kNone};
  // Before the first word: since the start.
  std::atomic<int64_t> confirmed_ns{clock.Monotonic().time_since_epoch().count()};
  // As the log has it; for the loop alone.
  bool told_stale = false;
};

// One stream of the service's events.
struct SnapshotRouting::Session {
  explicit Session(const asio::any_io_executor& executor)
      : wake(executor, asio::steady_timer::time_point::max()) {}

  std::shared_ptr<RoutingEvents> events;
  // Ends the wait of who looks after it.
  asio::steady_timer wake;
  MonotonicTime heard_at;
  // Of the last table that came on it; 0: none yet.
  uint64_t version = 0;
  bool over = false;
};

SnapshotRouting::SnapshotRouting(Options options, Deps deps)
    : options_(options),
      deps_(deps),
      clock_(deps.timers.clock()),
      planner_(options.tables_kept, clock_),
      freshness_(std::make_shared<Freshness>(options.silence, clock_, deps.metrics)),
      dropped_reports_(deps.metrics.NewCounter(
          "weir_routing_reports_dropped_total",
          "Outcomes of attempts that the routing service was not told of.")) {
  deps.metrics.BeforeScrape([freshness = freshness_] { freshness->Show(); });
}

void SnapshotRouting::Restore() {
  if (deps_.kept == nullptr) return;
  absl::StatusOr<KeptTable::Table> kept = deps_.kept->Read();
  if (!kept.ok()) {
    if (absl::IsNotFound(kept.status())) return;
    log::Warn("routing.snapshot.kept_ignored", {{"reason", status::Message(kept.status())}});
    return;
  }
  log::Info("routing.snapshot.restored", {{"version", (*kept)->version()}});
  auto event = std::make_shared<routing_pb::WatchEvent>();
  *event->mutable_table() = **kept;
  planner_.Use(std::move(event));
  freshness_->standing = Freshness::Standing::kKept;
}

asio::awaitable<void> SnapshotRouting::Run() {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    auto session = std::make_shared<Session>(executor);
    session->events = deps_.inner.Watch({}, executor);
    session->heard_at = clock_.Monotonic();
    asio::co_spawn(executor, Follow(session), asio::detached);
    do {
      co_await AwaitSilence(session);
      LookAround(*session);
    } while (!session->over);
    co_await SleepFor(deps_.timers, options_.watch_pause);
  }
}

asio::awaitable<void> SnapshotRouting::AwaitSilence(std::shared_ptr<Session> session) {
  if (session->over) co_return;
  const MonotonicTime due =
      std::max(session->heard_at + options_.silence, clock_.Monotonic() + kLook);
  // The loop may end before the timer, which must not keep the stream.
  const Timers::Id timer = deps_.timers.At(due, [weak = std::weak_ptr(session)] {
    if (const auto waiting = weak.lock()) waiting->wake.cancel();
  });
  co_await session->wake.async_wait(kTuple);
  deps_.timers.Cancel(timer);
}

asio::awaitable<void> SnapshotRouting::Follow(std::shared_ptr<Session> session) {
  for (;;) {
    absl::StatusOr<RoutingEvent> event = co_await session->events->Next();
    if (!event.ok()) break;
    Apply(*session, *std::move(event));
    LookAround(*session);
  }
  session->over = true;
  session->wake.cancel();
}

void SnapshotRouting::Apply(Session& session, RoutingEvent event) {
  session.heard_at = clock_.Monotonic();
  if (event->has_table()) {
    session.version = event->table().version();
    Keep(event);
    // Also where its version is lower than the last one's: the service's store may have been
    // brought back from a copy.
    planner_.Use(std::move(event));
    freshness_->Confirm();
  } else if (event->has_suspensions()) {
    planner_.Learn(event->suspensions());
  } else if (event->heartbeat() != 0 && event->heartbeat() == session.version) {
    freshness_->Confirm();
  } else if (event->event_case() == routing_pb::WatchEvent::kHeartbeat) {
    freshness_->standing = Freshness::Standing::kMissed;
    session.events->End();
  }
}

void SnapshotRouting::Keep(const RoutingEvent& event) {
  // The same one comes again with each new stream.
  const uint64_t version = event->table().version();
  if (deps_.kept == nullptr || std::exchange(kept_version_, version) == version) return;
  deps_.kept->Keep(TableOf(event));
}

void SnapshotRouting::LookAround(Session& session) {
  if (!session.over && clock_.Monotonic() - session.heard_at >= options_.silence) {
    session.events->End();
  }
  const std::string why = freshness_->WhyStale();
  if (why.empty() != freshness_->told_stale) return;
  freshness_->told_stale = !why.empty();
  if (why.empty()) {
    log::Info("routing.snapshot.fresh", {{"version", session.version}});
    return;
  }
  freshness_->became_stale.Add();
  log::Warn("routing.snapshot.stale", {{"reason", why}});
}

std::string SnapshotRouting::WhyStale() const { return freshness_->WhyStale(); }

asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> SnapshotRouting::Plan(
    CallContext call, routing_pb::PlanRequest request) {
  co_return planner_.Plan(call.deadline, request);
}

std::shared_ptr<RoutingEvents> SnapshotRouting::Watch(routing_pb::WatchRequest,
                                                      asio::any_io_executor executor) {
  return planner_.Watch(std::move(executor));
}

asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> SnapshotRouting::Report(
    CallContext call, routing_pb::ReportRequest request) {
  planner_.Record(request);
  const absl::Cleanup leave = [this] { --reports_; };
  // A service that is away is not waited for: what it misses is gone within the suspend time.
  if (++reports_ > options_.max_reports || freshness_->IsStale()) {
    dropped_reports_.Add();
    co_return routing_pb::ReportResponse();
  }
  call.deadline = std::min(call.deadline, clock_.Monotonic() + options_.report_timeout);
  const absl::StatusOr<routing_pb::ReportResponse> told =
      co_await deps_.inner.Report(call, std::move(request));
  if (!told.ok()) dropped_reports_.Add();
  co_return routing_pb::ReportResponse();
}

}  // namespace weir::api
