#include "common/api/snapshot_routing.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/routing/table_fixtures.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/scoped_log.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::api {
namespace {

using routing::kAcme;
using routing::TableBuilder;
using routing_pb::ReportRequest;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

// The service as it is seen over a network: silent, away, late.
class DistantRouting final : public Routing {
 public:
  void Send(RoutingEvent event) { events_.Publish(event); }
  void SendTable(const TableBuilder& builder) {
    auto event = std::make_shared<routing_pb::WatchEvent>();
    *event->mutable_table() = *builder.table();
    newest_ = event;
    Send(std::move(event));
  }
  void Beat(uint64_t version) {
    auto event = std::make_shared<routing_pb::WatchEvent>();
    event->set_heartbeat(version);
    Send(std::move(event));
  }
  void BreakOff() { events_.Close(); }

  asio::awaitable<absl::StatusOr<routing_pb::PlanResponse>> Plan(CallContext,
                                                                 routing_pb::PlanRequest) override {
    ADD_FAILURE() << "planned over the network";
    co_return status::Unavailable("far away");
  }
  std::shared_ptr<RoutingEvents> Watch(routing_pb::WatchRequest,
                                       asio::any_io_executor executor) override {
    ++watches;
    std::vector<RoutingEvent> first;
    if (newest_ != nullptr && !away) first.push_back(newest_);
    auto events = events_.Subscribe(std::move(executor), std::move(first));
    if (away) events->End();
    return events;
  }
  asio::awaitable<absl::StatusOr<routing_pb::ReportResponse>> Report(
      CallContext call, routing_pb::ReportRequest report) override {
    reports.push_back(std::move(report));
    deadline = call.deadline;
    while (hold_back_reports) {
      asio::steady_timer wait(co_await asio::this_coro::executor, milliseconds(1));
      co_await wait.async_wait(kTuple);
    }
    co_return status::Unavailable("the service is restarting");
  }

  bool away = false;
  bool hold_back_reports = false;
  int watches = 0;
  std::vector<ReportRequest> reports;
  MonotonicTime deadline;

 private:
  Broadcaster<RoutingEvent> events_;
  RoutingEvent newest_;
};

class SnapshotRoutingTest : public ::testing::Test {
 protected:
  ~SnapshotRoutingTest() override { std::filesystem::remove_all(folder_); }

  // From an edge's start on. `options` as a test wants them.
  void Start(SnapshotRouting::Options options = {}, KeptTable* kept = nullptr) {
    snapshot_.emplace(options,
                      SnapshotRouting::Deps{
                          .inner = distant_, .timers = timers_, .metrics = metrics_, .kept = kept});
    snapshot_->Restore();
    asio::co_spawn(loop_, snapshot_->Run(), asio::detached);
    Advance({});
  }
  void Advance(Duration step) { timers_.Advance(step, loop_); }
  // Goes on with a heartbeat each 250 ms.
  void Live(Duration time, uint64_t version) {
    for (Duration gone{}; gone < time; gone += milliseconds(250)) {
      Advance(milliseconds(250));
      distant_.Beat(version);
      Advance({});
    }
  }
  absl::StatusOr<routing_pb::PlanResponse> Plan() {
    routing_pb::PlanRequest request;
    request.set_organization(std::string(kAcme));
    request.set_model("fast");
    return RunUntilDone(loop_, snapshot_->Plan({}, std::move(request)));
  }
  ReportRequest Failure(ReportRequest::Outcome outcome = ReportRequest::OUTCOME_TIMEOUT) {
    ReportRequest report;
    report.set_organization(std::string(kAcme));
    report.set_model("fast");
    report.set_provider("openai");
    report.set_upstream_model("fast");
    report.set_outcome(outcome);
    return report;
  }
  // Where the metric's line in a scrape is.
  std::string Metric(std::string_view name) {
    const std::string text = metrics_.Render();
    const size_t at = text.find(fmt::format("\n{} ", name));
    if (at == std::string::npos) return "none";
    const size_t value = at + 2 + name.size();
    return text.substr(value, text.find('\n', value) - value);
  }

  FakeClock clock_;
  FakeTimers timers_{clock_};
  asio::io_context loop_;
  metrics::Registry metrics_;
  DistantRouting distant_;
  std::optional<SnapshotRouting> snapshot_;
  // Version 2.
  TableBuilder builder_ = TableBuilder().AddProvider("openai").AddModel("fast", {"openai"});
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_snapshot_{}", ::getpid());
};

TEST_F(SnapshotRoutingTest, PlansOnWhatWasPushed) {
  Start();
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(snapshot_->WhyStale(), HasSubstr("has not sent its table"));
  distant_.SendTable(builder_);
  Advance({});
  EXPECT_THAT(Plan(), IsOk());
  EXPECT_EQ(snapshot_->WhyStale(), "");
}

TEST_F(SnapshotRoutingTest, IsFreshWhileTheHeartbeatsFlow) {
  Start();
  distant_.SendTable(builder_);
  Live(seconds(60), 2);
  EXPECT_EQ(snapshot_->WhyStale(), "");
  EXPECT_EQ(distant_.watches, 1);
  EXPECT_EQ(Metric("weir_routing_snapshot_stale"), "0");
  EXPECT_EQ(Metric("weir_routing_snapshot_age_seconds"), "0");
  EXPECT_EQ(Metric("weir_routing_snapshot_stale_total"), "0");
}

TEST_F(SnapshotRoutingTest, TwoSecondsOfSilenceMakeItStaleAndItServesOn) {
  const testing::ScopedLog log;
  Start();
  distant_.SendTable(builder_);
  Live(seconds(1), 2);
  Advance(milliseconds(1999));
  EXPECT_EQ(snapshot_->WhyStale(), "");
  Advance(milliseconds(1));
  EXPECT_EQ(snapshot_->WhyStale(), "the routing service has been silent for 2 s");
  EXPECT_THAT(Plan(), IsOk());
  EXPECT_EQ(Metric("weir_routing_snapshot_stale"), "1");
  EXPECT_EQ(Metric("weir_routing_snapshot_age_seconds"), "2");
  EXPECT_THAT(log.WithEvent("routing.snapshot.stale"), SizeIs(1));
}

TEST_F(SnapshotRoutingTest, WatchesAnewAfterSilence) {
  Start();
  distant_.SendTable(builder_);
  Advance(seconds(3));
  EXPECT_GE(distant_.watches, 2);
  EXPECT_EQ(snapshot_->WhyStale(), "") << "the new stream began with the table";
  EXPECT_EQ(Metric("weir_routing_snapshot_stale_total"), "1");
}

TEST_F(SnapshotRoutingTest, AVersionThatItDoesNotHaveMakesItStale) {
  Start();
  distant_.SendTable(builder_);
  Advance({});
  distant_.Beat(3);
  Advance({});
  EXPECT_THAT(snapshot_->WhyStale(), HasSubstr("was missed"));
  EXPECT_THAT(Plan(), IsOk());
  distant_.SendTable(builder_.AddProxy("new"));
  Advance(milliseconds(500));
  EXPECT_EQ(distant_.watches, 2);
  EXPECT_EQ(snapshot_->WhyStale(), "");
  EXPECT_EQ(Plan()->attempts(0).table_version(), 3U);
}

TEST_F(SnapshotRoutingTest, AStreamThatBreaksOffIsWatchedAnewAndNotStaleAtOnce) {
  Start();
  distant_.SendTable(builder_);
  Live(seconds(1), 2);
  distant_.BreakOff();
  Advance(milliseconds(500));
  EXPECT_EQ(distant_.watches, 2);
  EXPECT_EQ(snapshot_->WhyStale(), "");
}

TEST_F(SnapshotRoutingTest, AServiceThatIsAwayIsAskedNowAndThen) {
  distant_.away = true;
  Start();
  Advance(seconds(10));
  EXPECT_GE(distant_.watches, 10);
  EXPECT_LE(distant_.watches, 30);
  distant_.away = false;
  distant_.SendTable(builder_);
  Advance(seconds(1));
  EXPECT_THAT(Plan(), IsOk());
}

TEST_F(SnapshotRoutingTest, TakesATableOfAStoreThatWasBroughtBack) {
  Start();
  distant_.SendTable(TableBuilder(builder_).AddProxy("a").AddProxy("b"));
  distant_.SendTable(builder_);
  Live(seconds(1), 2);
  EXPECT_EQ(snapshot_->WhyStale(), "");
  EXPECT_EQ(Plan()->attempts(0).table_version(), 2U);
}

TEST_F(SnapshotRoutingTest, LeavesOutWhatOthersSawFail) {
  Start();
  distant_.SendTable(builder_);
  auto event = std::make_shared<routing_pb::WatchEvent>();
  routing_pb::Suspension& failed = *event->mutable_suspensions()->add_suspensions();
  failed.set_organization(std::string(kAcme));
  failed.set_model("fast");
  failed.set_provider("openai");
  failed.set_upstream_model("fast");
  failed.set_outcome(ReportRequest::OUTCOME_RATE_LIMITED);
  failed.mutable_age()->set_seconds(10);
  distant_.Send(event);
  Advance({});
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("All models")));
  Live(seconds(20), 2);
  EXPECT_THAT(Plan(), IsOk());
}

TEST_F(SnapshotRoutingTest, AReportCountsHereAndIsPassedOn) {
  Start();
  distant_.SendTable(builder_);
  Advance({});
  EXPECT_THAT(RunUntilDone(loop_, snapshot_->Report({}, Failure())), IsOk())
      << "whatever the service says to it";
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(distant_.reports, SizeIs(1));
  EXPECT_EQ(distant_.reports[0].provider(), "openai");
  EXPECT_EQ(distant_.deadline, clock_.Monotonic() + seconds(1));
  EXPECT_EQ(Metric("weir_routing_reports_dropped_total"), "1");
}

TEST_F(SnapshotRoutingTest, AReportIsNotPassedOnToAServiceThatIsAway) {
  Start();
  distant_.SendTable(builder_);
  distant_.away = true;
  Advance(seconds(3));
  distant_.BreakOff();
  Advance(seconds(3));
  EXPECT_THAT(RunUntilDone(loop_, snapshot_->Report({}, Failure())), IsOk());
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable)) << "it counts here";
  EXPECT_THAT(distant_.reports, IsEmpty());
  EXPECT_EQ(Metric("weir_routing_reports_dropped_total"), "1");
}

TEST_F(SnapshotRoutingTest, SoManyReportsAreUnderWayAndNoMore) {
  Start({.max_reports = 3});
  distant_.SendTable(builder_);
  Advance({});
  distant_.hold_back_reports = true;
  int done = 0;
  for (int i = 0; i < 5; ++i) {
    asio::co_spawn(loop_, snapshot_->Report({}, Failure()),
                   [&](std::exception_ptr, const auto&) { ++done; });
  }
  Advance({});
  EXPECT_THAT(distant_.reports, SizeIs(3));
  EXPECT_EQ(done, 2);
  distant_.hold_back_reports = false;
  const auto end = std::chrono::steady_clock::now() + seconds(10);
  while (done < 5 && std::chrono::steady_clock::now() < end) {
    loop_.restart();
    loop_.run_one_for(milliseconds(10));
  }
  EXPECT_EQ(done, 5);
}

TEST_F(SnapshotRoutingTest, AnEdgesLoopsWatchIt) {
  Start();
  const auto early = snapshot_->Watch({}, loop_.get_executor());
  distant_.SendTable(builder_);
  Advance({});
  const auto late = snapshot_->Watch({}, loop_.get_executor());
  const auto event = RunUntilDone(loop_, early->Next());
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ((*event)->table().version(), 2U);
  EXPECT_EQ(*RunUntilDone(loop_, late->Next()), *event) << "shared";
}

class RestartTest : public SnapshotRoutingTest {
 protected:
  RestartTest() {
    std::filesystem::create_directories(folder_);
    builder_ = TableBuilder().AddProvider("openai", routing::kCanary).AddModel("fast", {"openai"});
  }
  ~RestartTest() override { workers_.Stop(); }

  const std::string path_ = (folder_ / "routing.table").string();
  testing::SeededRandom random_{3};
  const std::unique_ptr<crypto::Sealer> sealer_ =
      *crypto::Sealer::Create({{"test", std::string(32, 'k')}}, "test", random_);
  WorkerPool workers_{"kept", 1, 10};
  KeptTable kept_{path_, *sealer_, workers_};
};

TEST_F(RestartTest, StartsFromTheKeptTableWhereTheServiceIsAway) {
  Start({}, &kept_);
  distant_.SendTable(builder_);
  Advance({});
  workers_.Stop();

  DistantRouting away;
  away.away = true;
  SnapshotRouting next({}, {.inner = away, .timers = timers_, .metrics = metrics_, .kept = &kept_});
  next.Restore();
  EXPECT_EQ(next.WhyStale(), "the routing table is the one of an earlier run");
  routing_pb::PlanRequest request;
  request.set_organization(std::string(kAcme));
  request.set_model("fast");
  EXPECT_THAT(RunUntilDone(loop_, next.Plan({}, request)), IsOk());
  const auto events = next.Watch({}, loop_.get_executor());
  EXPECT_EQ((*RunUntilDone(loop_, events->Next()))->table().providers(0).auth_value(),
            routing::kCanary);
}

TEST_F(RestartTest, TheServicesTableReplacesTheKeptOne) {
  kept_.Keep(builder_.table());
  workers_.Stop();
  Start({}, &kept_);
  EXPECT_EQ(Plan()->attempts(0).table_version(), 2U);
  distant_.SendTable(builder_.AddProxy("new"));
  Advance({});
  EXPECT_EQ(snapshot_->WhyStale(), "");
  EXPECT_EQ(Plan()->attempts(0).table_version(), 3U);
}

TEST_F(RestartTest, AFileThatCannotBeUsedIsAsNone) {
  std::ofstream(path_) << "of somebody else";
  std::filesystem::permissions(path_, std::filesystem::perms(0600));
  const testing::ScopedLog log;
  Start({}, &kept_);
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log.WithEvent("routing.snapshot.kept_ignored"), SizeIs(1));
  distant_.SendTable(builder_);
  Advance({});
  EXPECT_THAT(Plan(), IsOk());
}

}  // namespace
}  // namespace weir::api
