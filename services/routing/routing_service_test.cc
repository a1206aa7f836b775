#include "services/routing/routing_service.h"

#include "common/testing/fake_clock.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"

namespace weir::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using v1::ReportRequest;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

// Answers with an error while `down`.
class FlakyStore final : public RouteStore {
 public:
  absl::StatusOr<StoredObjects> Load() override {
    ++loads;
    if (down) return status::Unavailable("the store is down");
    return store_.Load();
  }
  absl::StatusOr<int64_t> Sequence() override {
    if (down) return status::Unavailable("the store is down");
    return store_.Sequence();
  }
  absl::StatusOr<int64_t> Put(const StoredObject& object, const EditContext& edit) override {
    return store_.Put(object, edit);
  }
  absl::StatusOr<int64_t> Delete(const ObjectId& id, const EditContext& edit) override {
    return store_.Delete(id, edit);
  }
  absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) override {
    return store_.Changes(after, limit);
  }

  bool down = false;
  int loads = 0;

 private:
  MemoryRouteStore store_;
};

class RoutingServiceTest : public ::testing::Test {
 protected:
  // What another replica does: the service hears of it by Refresh alone.
  void Put(const StoredObject& object) {
    ASSERT_THAT(store_.Put(object, {.read_at = *store_.Sequence(), .actor = "t", .at = {}}),
                IsOk());
  }
  void PutProvider(std::string_view name) {
    const std::string sealed = sealer_->Seal(kCanary, CredentialContext(kAcme, name));
    Put(ToStored(TestProvider(name), sealed));
  }
  absl::StatusOr<v1::PlanResponse> Plan(std::string_view model, uint64_t table_version = 0,
                                        api::CallContext call = {}) {
    v1::PlanRequest request;
    request.set_organization(std::string(kAcme));
    request.set_model(std::string(model));
    request.set_table_version(table_version);
    return RunUntilDone(service_.Plan(call, request));
  }
  void Report(std::string_view provider, ReportRequest::Outcome outcome,
              Duration retry_after = {}) {
    ReportRequest report;
    report.set_organization(std::string(kAcme));
    report.set_model("fast");
    report.set_provider(std::string(provider));
    report.set_upstream_model("fast");
    report.set_outcome(outcome);
    report.set_http_status(503);
    if (retry_after > Duration::zero()) *report.mutable_retry_after() = ToProto(retry_after);
    EXPECT_THAT(RunUntilDone(service_.Report({}, report)), IsOk());
  }

  testing::FakeClock clock_;
  testing::SeededRandom random_{1};
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  FlakyStore store_;
  RoutingService service_{RoutingConfig(), {.store = store_, .sealer = *sealer_, .clock = clock_}};
};

TEST_F(RoutingServiceTest, PlansNothingBeforeItHasReadTheStore) {
  EXPECT_THAT(Plan("fast"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not read yet")));
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(Plan("fast"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RoutingServiceTest, FollowsTheStore) {
  ASSERT_THAT(service_.Load(), IsOk());
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  EXPECT_THAT(Plan("fast"), StatusIs(absl::StatusCode::kNotFound)) << "not refreshed";
  ASSERT_THAT(service_.Refresh(), IsOk());
  EXPECT_EQ(Plan("fast")->attempts(0).provider(), "openai");
}

TEST_F(RoutingServiceTest, ReadsTheObjectsOnlyWhereSomethingChanged) {
  ASSERT_THAT(service_.Load(), IsOk());
  const auto before = *service_.Refresh();
  EXPECT_EQ(store_.loads, 1);
  EXPECT_EQ(*service_.Refresh(), before);
  PutProvider("openai");
  EXPECT_NE(*service_.Refresh(), before);
  EXPECT_EQ(store_.loads, 2);
}

TEST_F(RoutingServiceTest, KeepsTheLastGoodTable) {
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  ASSERT_THAT(service_.Load(), IsOk());
  store_.down = true;
  EXPECT_THAT(service_.Refresh(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Plan("fast"), IsOk());
}

TEST_F(RoutingServiceTest, NamesAnObjectThatCannotBeRead) {
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  ASSERT_THAT(service_.Load(), IsOk());
  StoredObject broken = ToStored(TestModel("broken", {"openai"}));
  broken.document = "\xff\xff";
  Put(broken);
  EXPECT_THAT(service_.Refresh(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("model 'broken'")));
  EXPECT_THAT(Plan("fast"), IsOk());
}

TEST_F(RoutingServiceTest, ACredentialOfAnotherProviderDoesNotOpen) {
  const std::string stolen = sealer_->Seal(kCanary, CredentialContext(kAcme, "openai"));
  Put(ToStored(TestProvider("thief"), stolen));
  Put(ToStored(TestModel("fast", {"thief"})));
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(Plan("fast"), StatusIs(absl::StatusCode::kUnavailable,
                                     HasSubstr("its credential cannot be opened")));
}

TEST_F(RoutingServiceTest, PlansOnTheTableInWhichTheEdgeMatched) {
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  ASSERT_THAT(service_.Load(), IsOk());
  const uint64_t old_version = Plan("fast")->attempts(0).table_version();
  // Moves openai from index 0 to 1, and the model to the new provider.
  PutProvider("azure");
  Put(ToStored(TestModel("fast", {"azure"})));
  ASSERT_THAT(service_.Refresh(), IsOk());

  const absl::StatusOr<v1::PlanResponse> old_plan = Plan("fast", old_version);
  EXPECT_EQ(old_plan->attempts(0).provider(), "openai");
  EXPECT_EQ(old_plan->attempts(0).provider_index(), 0u);
  EXPECT_EQ(old_plan->attempts(0).table_version(), old_version);
  EXPECT_EQ(Plan("fast")->attempts(0).provider(), "azure");
  EXPECT_GT(Plan("fast")->attempts(0).table_version(), old_version);
  EXPECT_EQ(Plan("fast", 12345)->attempts(0).provider(), "azure") << "unknown: the newest";
}

TEST_F(RoutingServiceTest, ForgetsATableAfterEightChanges) {
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  ASSERT_THAT(service_.Load(), IsOk());
  const uint64_t old_version = Plan("fast")->attempts(0).table_version();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(Plan("fast", old_version)->attempts(0).table_version(), old_version) << i;
    Put(ToStored(TestProxy("p")));
    ASSERT_THAT(service_.Refresh(), IsOk());
  }
  EXPECT_NE(Plan("fast", old_version)->attempts(0).table_version(), old_version);
}

TEST_F(RoutingServiceTest, DoesNotPlanForACallerWhoIsGone) {
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(Plan("fast", 0, {.deadline = clock_.Monotonic()}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(RoutingServiceTest, WatchGivesTheNewestTableAndThenEachNewOne) {
  PutProvider("openai");
  ASSERT_THAT(service_.Load(), IsOk());
  asio::io_context loop;
  const auto stream = service_.Watch({}, loop.get_executor());
  const auto first = RunUntilDone(loop, stream->Next());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT((*first)->table().providers(), SizeIs(1));
  EXPECT_EQ((*first)->table().providers(0).auth_value(), kCanary);

  Put(ToStored(TestModel("fast", {"openai"})));
  ASSERT_THAT(service_.Refresh(), IsOk());
  const auto second = RunUntilDone(loop, stream->Next());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->table().models(), SizeIs(1));
  EXPECT_GT((*second)->table().version(), (*first)->table().version());
}

TEST_F(RoutingServiceTest, HeartbeatsTellOfTheTableAndOfWhatFailedSince) {
  PutProvider("openai");
  PutProvider("azure");
  Put(ToStored(TestModel("fast", {"openai", "azure"})));
  ASSERT_THAT(service_.Load(), IsOk());
  asio::io_context loop;
  testing::FakeTimers timers(clock_);
  asio::co_spawn(loop, service_.RunHeartbeats(timers, milliseconds(250)), asio::detached);
  const auto stream = service_.Watch({}, loop.get_executor());
  const uint64_t version = (*RunUntilDone(loop, stream->Next()))->table().version();
  timers.Advance(milliseconds(250), loop);
  EXPECT_EQ((*RunUntilDone(loop, stream->Next()))->heartbeat(), version);

  clock_.Advance(milliseconds(50));
  Report("openai", ReportRequest::OUTCOME_RATE_LIMITED);
  timers.Advance(milliseconds(200), loop);
  const auto failed = RunUntilDone(loop, stream->Next());
  ASSERT_THAT((*failed)->suspensions().suspensions(), SizeIs(1));
  EXPECT_EQ((*failed)->suspensions().suspensions(0).provider(), "openai");
  EXPECT_EQ(FromProto((*failed)->suspensions().suspensions(0).age()), milliseconds(200));
  EXPECT_EQ((*RunUntilDone(loop, stream->Next()))->heartbeat(), version);
  timers.Advance(milliseconds(250), loop);
  EXPECT_EQ((*RunUntilDone(loop, stream->Next()))->heartbeat(), version) << "told once";

  const auto late = service_.Watch({}, loop.get_executor());
  EXPECT_TRUE((*RunUntilDone(loop, late->Next()))->has_table());
  EXPECT_TRUE((*RunUntilDone(loop, late->Next()))->has_suspensions()) << "it is still out";
}

TEST_F(RoutingServiceTest, ReportsLeaveATargetOutWhateverTheProviderAsksFor) {
  PutProvider("openai");
  PutProvider("azure");
  Put(ToStored(TestModel("fast", {"openai", "azure"})));
  ASSERT_THAT(service_.Load(), IsOk());
  Report("openai", ReportRequest::OUTCOME_RATE_LIMITED, std::chrono::hours(1));
  EXPECT_EQ(Plan("fast")->attempts(0).provider(), "azure");
  clock_.Advance(seconds(30));
  EXPECT_EQ(Plan("fast")->attempts(0).provider(), "openai");
}

TEST_F(RoutingServiceTest, ShowsHealth) {
  PutProvider("openai");
  PutProvider("azure");
  Put(ToStored(TestModel("fast", {"openai", "azure"})));
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(service_.Health(kAcme).targets(), IsEmpty());

  Report("openai", ReportRequest::OUTCOME_SERVER_ERROR);
  Report("openai", ReportRequest::OUTCOME_SERVER_ERROR);
  ASSERT_THAT(service_.Health(kAcme).targets(), SizeIs(1));
  const v1::GetHealthResponse::TargetHealth row = service_.Health(kAcme).targets(0);
  EXPECT_EQ(row.provider(), "openai");
  EXPECT_EQ(row.upstream_model(), "fast");
  EXPECT_EQ(row.last_failure(), "503");
  EXPECT_EQ(row.consecutive_failures(), 2);
  EXPECT_EQ(row.proxy(), "");
  EXPECT_EQ(row.suspended_until().seconds(), ToProto(clock_.Now() + seconds(30)).seconds());
  EXPECT_THAT(service_.Health("zeta").targets(), IsEmpty());

  Report("openai", ReportRequest::OUTCOME_OK);
  clock_.Advance(seconds(31));
  ASSERT_THAT(service_.Health(kAcme).targets(), SizeIs(1)) << "it failed lately";
  EXPECT_FALSE(service_.Health(kAcme).targets(0).has_suspended_until());
  clock_.Advance(std::chrono::minutes(15));
  EXPECT_THAT(service_.Health(kAcme).targets(), IsEmpty());
}

TEST_F(RoutingServiceTest, IgnoresReportsOfUnknownTargets) {
  ASSERT_THAT(service_.Load(), IsOk());
  Report("nobody", ReportRequest::OUTCOME_SERVER_ERROR);
  EXPECT_THAT(service_.Health(kAcme).targets(), IsEmpty());
}

TEST_F(RoutingServiceTest, HealthNamesTheProxyWhoseRotationItIs) {
  PutProvider("openai");
  Put(ToStored(TestModel("fast", {"openai"})));
  Put(ToStored(RotationProxy("turns", {"fast"}, seconds(10))));
  ASSERT_THAT(service_.Load(), IsOk());
  ReportRequest report;
  report.set_organization(std::string(kAcme));
  report.set_proxy("turns");
  report.set_model("fast");
  report.set_provider("openai");
  report.set_upstream_model("fast");
  report.set_outcome(ReportRequest::OUTCOME_TIMEOUT);
  ASSERT_THAT(RunUntilDone(service_.Report({}, report)), IsOk());
  ASSERT_THAT(service_.Health(kAcme).targets(), SizeIs(1));
  EXPECT_EQ(service_.Health(kAcme).targets(0).proxy(), "turns");
  EXPECT_EQ(service_.Health(kAcme).targets(0).last_failure(), "timeout");
}

}  // namespace
}  // namespace weir::routing
