#include "common/api/routing_contract.h"

#include "common/api/snapshot_routing.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/routing_service.h"

namespace weir::api {
namespace {

using routing::MemoryRouteStore;
using routing::RoutingService;
using routing::StoredObject;

// The core, in this process.
class CoreUnderTest : public RoutingUnderTest {
 public:
  Routing& routing() override { return service_; }
  void Put(const RoutingObjects& objects) override {
    for (const auto& each : objects.providers) Store(routing::ToStored(each, ""));
    for (const auto& each : objects.models) Store(routing::ToStored(each));
    for (const auto& each : objects.proxies) Store(routing::ToStored(each));
    ASSERT_THAT(service_.Refresh(), testing::IsOk());
    Advance({});
  }
  asio::io_context& loop() override { return loop_; }
  void Advance(Duration step) override { timers_.Advance(step, loop_); }
  const Clock& clock() override { return clock_; }

 protected:
  void Store(const StoredObject& object) {
    ASSERT_THAT(store_.Put(object, {.read_at = *store_.Sequence(), .actor = "t", .at = {}}),
                testing::IsOk());
  }

  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  asio::io_context loop_;
  testing::SeededRandom random_{1};
  std::unique_ptr<crypto::Sealer> sealer_ = routing::TestSealer(random_);
  MemoryRouteStore store_;
  RoutingService service_{routing::RoutingConfig(),
                          {.store = store_, .sealer = *sealer_, .clock = clock_}};
};

// An edge that follows it.
class SnapshotUnderTest final : public CoreUnderTest {
 public:
  SnapshotUnderTest() {
    asio::co_spawn(loop_, service_.RunHeartbeats(timers_, std::chrono::milliseconds(250)),
                   asio::detached);
    asio::co_spawn(loop_, snapshot_.Run(), asio::detached);
    Advance({});
  }
  ~SnapshotUnderTest() override { loop_.stop(); }
  Routing& routing() override { return snapshot_; }

 private:
  metrics::Registry metrics_;
  SnapshotRouting snapshot_{SnapshotRouting::Options(),
                            {.inner = service_, .timers = timers_, .metrics = metrics_}};
};

// Another edge beside it, on the same loop.
class SecondEdgeUnderTest final : public CoreUnderTest {
 public:
  SecondEdgeUnderTest() {
    asio::co_spawn(loop_, service_.RunHeartbeats(timers_, std::chrono::milliseconds(250)),
                   asio::detached);
    asio::co_spawn(loop_, first_.Run(), asio::detached);
    asio::co_spawn(loop_, second_.Run(), asio::detached);
    Advance({});
  }
  ~SecondEdgeUnderTest() override { loop_.stop(); }
  Routing& routing() override { return first_; }
  Routing& second() { return second_; }

 private:
  metrics::Registry metrics_;
  SnapshotRouting first_{SnapshotRouting::Options(),
                         {.inner = service_, .timers = timers_, .metrics = metrics_}};
  SnapshotRouting second_{SnapshotRouting::Options(),
                          {.inner = service_, .timers = timers_, .metrics = metrics_}};
};

TEST(TwoEdgesTest, WhatOneSawFailIsOutAtTheOtherWithinAHeartbeat) {
  SecondEdgeUnderTest edges;
  RoutingObjects objects{.providers = {routing::TestProvider("openai")},
                         .models = {routing::TestModel("fast", {"openai"})}};
  edges.Put(objects);
  const auto plan = [&edges](Routing& edge) {
    routing_pb::PlanRequest request;
    request.set_organization(std::string(routing::kAcme));
    request.set_model("fast");
    return testing::RunUntilDone(edges.loop(), edge.Plan({}, std::move(request))).status();
  };
  routing_pb::ReportRequest report;
  report.set_organization(std::string(routing::kAcme));
  report.set_model("fast");
  report.set_provider("openai");
  report.set_upstream_model("fast");
  report.set_outcome(routing_pb::ReportRequest::OUTCOME_TIMEOUT);
  EXPECT_THAT(testing::RunUntilDone(edges.loop(), edges.routing().Report({}, report)),
              testing::IsOk());
  EXPECT_THAT(plan(edges.routing()), testing::StatusIs(absl::StatusCode::kUnavailable))
      << "at once";
  EXPECT_THAT(plan(edges.second()), testing::IsOk());
  edges.Advance(std::chrono::milliseconds(250));
  EXPECT_THAT(plan(edges.second()), testing::StatusIs(absl::StatusCode::kUnavailable));
  // Both are back at the same time, however long the news took.
  edges.Advance(std::chrono::seconds(30) - std::chrono::milliseconds(250));
  EXPECT_THAT(plan(edges.routing()), testing::IsOk());
  EXPECT_THAT(plan(edges.second()), testing::IsOk());
}

template <typename UnderTest>
std::unique_ptr<RoutingUnderTest> Make() {
  return std::make_unique<UnderTest>();
}
INSTANTIATE_TEST_SUITE_P(Core, RoutingContract,
                         ::testing::Values(MakeRouting(Make<CoreUnderTest>)));
INSTANTIATE_TEST_SUITE_P(Snapshot, RoutingContract,
                         ::testing::Values(MakeRouting(Make<SnapshotUnderTest>)));

}  // namespace
}  // namespace weir::api
