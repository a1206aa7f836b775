#include "common/routing/live_planner.h"

#include <atomic>
#include <thread>

#include "common/routing/table_fixtures.h"
#include "common/testing/fake_clock.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"

namespace weir::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using v1::ReportRequest;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

class LivePlannerTest : public ::testing::Test {
 protected:
  void Use(const TableBuilder& builder) {
    auto event = std::make_shared<v1::WatchEvent>();
    *event->mutable_table() = *builder.table();
    planner_.Use(std::move(event));
  }
  absl::StatusOr<v1::PlanResponse> Plan(uint64_t table_version = 0) {
    v1::PlanRequest request;
    request.set_organization(std::string(kAcme));
    request.set_model("fast");
    request.set_table_version(table_version);
    return planner_.Plan(MonotonicTime::max(), request);
  }
  LivePlanner::Event Next(EventStream<LivePlanner::Event>& stream) {
    const auto event = RunUntilDone(loop_, stream.Next());
    return event.ok() ? *event : nullptr;
  }

  asio::io_context loop_;
  testing::FakeClock clock_;
  LivePlanner planner_{2, clock_};
  TableBuilder builder_ = TableBuilder().AddProvider("openai").AddModel("fast", {"openai"});
};

TEST_F(LivePlannerTest, PlansNothingBeforeTheFirstTable) {
  EXPECT_THAT(Plan(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not read yet")));
  planner_.Record({});
  planner_.Learn({});
  planner_.Beat(MonotonicTime::min());
}

TEST_F(LivePlannerTest, PlansOnTheTableThatARequestWasMatchedIn) {
  Use(builder_);
  const uint64_t old = Plan()->attempts(0).table_version();
  Use(builder_.AddProxy("new"));
  EXPECT_EQ(Plan(old)->attempts(0).table_version(), old);
  EXPECT_EQ(Plan()->attempts(0).table_version(), old + 1);
}

TEST_F(LivePlannerTest, WatchersShareOneTable) {
  const auto early = planner_.Watch(loop_.get_executor());
  Use(builder_);
  const auto late = planner_.Watch(loop_.get_executor());
  const LivePlanner::Event event = Next(*early);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->table().version(), 2U);
  EXPECT_EQ(Next(*late), event);
}

TEST_F(LivePlannerTest, ASuspensionIsLearnedByAnother) {
  Use(builder_);
  ReportRequest report;
  report.set_organization(std::string(kAcme));
  report.set_model("fast");
  report.set_provider("openai");
  report.set_upstream_model("fast");
  report.set_outcome(ReportRequest::OUTCOME_TIMEOUT);
  planner_.Record(report);
  const auto stream = planner_.Watch(loop_.get_executor());
  Next(*stream);
  const LivePlanner::Event out = Next(*stream);
  ASSERT_THAT(out->suspensions().suspensions(), SizeIs(1));

  LivePlanner other(2, clock_);
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_table() = *builder_.table();
  other.Use(event);
  v1::PlanRequest request;
  request.set_organization(std::string(kAcme));
  request.set_model("fast");
  EXPECT_THAT(other.Plan(MonotonicTime::max(), request), IsOk());
  other.Learn(out->suspensions());
  EXPECT_THAT(other.Plan(MonotonicTime::max(), request), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LivePlannerTest, ManyThreadsPlanWhileTablesChange) {
  Use(builder_);
  std::atomic<bool> done = false;
  std::vector<std::thread> planners;
  for (int i = 0; i < 4; ++i) {
    planners.emplace_back([&] {
      const uint64_t first = Plan()->attempts(0).table_version();
      ReportRequest good;
      good.set_organization(std::string(kAcme));
      good.set_model("fast");
      good.set_provider("openai");
      good.set_upstream_model("fast");
      good.set_outcome(ReportRequest::OUTCOME_OK);
      while (!done) {
        EXPECT_GE(Plan()->attempts(0).table_version(), first);
        planner_.Record(good);
        planner_.Learn({});
        const auto stream = planner_.Watch(loop_.get_executor());
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    Use(builder_.AddProxy("p"));
    planner_.Beat(MonotonicTime::min());
  }
  done = true;
  for (std::thread& each : planners) each.join();
}

TEST_F(LivePlannerTest, ItsEndEndsTheStreams) {
  const auto stream = planner_.Watch(loop_.get_executor());
  planner_.Close();
  EXPECT_THAT(RunUntilDone(loop_, stream->Next()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LivePlannerTest, AReaderMayEndItsStream) {
  const auto stream = planner_.Watch(loop_.get_executor());
  stream->End();
  EXPECT_THAT(RunUntilDone(loop_, stream->Next()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace weir::routing
