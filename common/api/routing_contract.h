#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/routing.h"
#include "common/status/detail.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::api {

// All objects of the organisation "acme"; each is valid.
struct RoutingObjects {
  std::vector<routing_pb::Provider> providers;
  std::vector<routing_pb::Model> models;
  std::vector<routing_pb::Proxy> proxies;
};

// An implementation and what it stands on, fresh for each test, on virtual time. One thread.
class RoutingUnderTest {
 public:
  virtual ~RoutingUnderTest() = default;
  virtual Routing& routing() = 0;
  // Adds or replaces these; returns when plans are made of them.
  virtual void Put(const RoutingObjects& objects) = 0;
  virtual asio::io_context& loop() = 0;
  // Goes on by `step`, and does what is due.
  virtual void Advance(Duration step) = 0;
  virtual const Clock& clock() = 0;
};
using MakeRouting = std::function<std::unique_ptr<RoutingUnderTest>()>;

// What every api::Routing does. An implementation joins by INSTANTIATE_TEST_SUITE_P with a
// MakeRouting.
class RoutingContract : public ::testing::TestWithParam<MakeRouting> {
 protected:
  static constexpr Duration kSuspend = std::chrono::seconds(20);

  static routing_pb::Provider ProviderNamed(const std::string& name) {
    routing_pb::Provider provider;
    provider.set_organization("acme");
    provider.set_name(name);
    provider.set_base_url("https://" + name + ".example.com/v1");
    return provider;
  }
  // Every target asks for "up-PROVIDER".
  static routing_pb::Model ModelNamed(const std::string& name,
                                      const std::vector<std::string>& providers) {
    routing_pb::Model model;
    model.set_organization("acme");
    model.set_name(name);
    model.mutable_suspend_duration()->set_seconds(kSuspend / std::chrono::seconds(1));
    for (const std::string& each : providers) {
      model.add_targets()->set_provider(each);
      model.mutable_targets()->rbegin()->set_upstream_model("up-" + each);
    }
    return model;
  }
  static routing_pb::Proxy ProxyNamed(const std::string& name) {
    routing_pb::Proxy proxy;
    proxy.set_organization("acme");
    proxy.set_name(name);
    proxy.set_context("/" + name);
    return proxy;
  }
  static routing_pb::Proxy RotationNamed(const std::string& name,
                                         const std::vector<std::string>& models) {
    routing_pb::Proxy proxy = ProxyNamed(name);
    for (const std::string& each : models) proxy.mutable_model_rotation()->add_models(each);
    proxy.mutable_model_rotation()->mutable_suspend_duration()->set_seconds(20);
    return proxy;
  }
  // Two providers, and the model "fast" of both.
  static RoutingObjects TwoTargets() {
    return {.providers = {ProviderNamed("alpha"), ProviderNamed("bravo")},
            .models = {ModelNamed("fast", {"alpha", "bravo"})},
            .proxies = {}};
  }

  absl::StatusOr<routing_pb::PlanResponse> Plan(const std::string& model,
                                                const std::string& proxy = "",
                                                uint64_t table_version = 0, CallContext call = {}) {
    routing_pb::PlanRequest request;
    request.set_organization("acme");
    request.set_kind(routing_pb::API_KIND_CHAT);
    request.set_model(model);
    request.set_proxy(proxy);
    request.set_table_version(table_version);
    return testing::RunUntilDone(loop(), routing().Plan(call, std::move(request)));
  }
  // Providers of the plan, in order; empty where there is none.
  std::vector<std::string> Providers(const std::string& model, const std::string& proxy = "") {
    std::vector<std::string> providers;
    const absl::StatusOr<routing_pb::PlanResponse> plan = Plan(model, proxy);
    if (!plan.ok()) return providers;
    for (const auto& each : plan->attempts()) providers.push_back(each.provider());
    return providers;
  }
  absl::StatusOr<routing_pb::ReportResponse> Report(const std::string& provider,
                                                    routing_pb::ReportRequest::Outcome outcome,
                                                    const std::string& proxy = "",
                                                    const std::string& model = "fast") {
    routing_pb::ReportRequest report;
    report.set_organization("acme");
    report.set_proxy(proxy);
    report.set_model(model);
    report.set_provider(provider);
    report.set_upstream_model("up-" + provider);
    report.set_outcome(outcome);
    return testing::RunUntilDone(loop(), routing().Report({}, std::move(report)));
  }
  // The next event that has a table.
  std::shared_ptr<const routing_pb::RoutingTable> NextTable(RoutingEvents& events) {
    for (;;) {
      const absl::StatusOr<RoutingEvent> event = testing::RunUntilDone(loop(), events.Next());
      if (!event.ok()) return nullptr;
      if ((*event)->has_table()) return TableOf(*event);
    }
  }
  std::shared_ptr<RoutingEvents> Watch() { return routing().Watch({}, loop().get_executor()); }

  Routing& routing() { return under_test_->routing(); }
  asio::io_context& loop() { return under_test_->loop(); }

  const std::unique_ptr<RoutingUnderTest> under_test_ = GetParam()();
};

TEST_P(RoutingContract, PlansNothingBeforeThereIsATable) {
  EXPECT_THAT(Plan("fast"), testing::StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Report("alpha", routing_pb::ReportRequest::OUTCOME_TIMEOUT), testing::IsOk());
}

TEST_P(RoutingContract, GivesTheAttemptsInOrderByTheTableOfWatch) {
  RoutingObjects objects = TwoTargets();
  objects.models[0].set_output_tokens_max(4096);
  objects.models[0].add_aliases("quick");
  under_test_->Put(objects);
  const auto table = NextTable(*Watch());
  ASSERT_NE(table, nullptr);
  const auto plan = Plan("quick");
  ASSERT_THAT(plan, testing::IsOk());
  EXPECT_EQ(plan->model(), "fast");
  EXPECT_EQ(plan->output_tokens_max(), 4096);
  ASSERT_EQ(plan->attempts_size(), 2);
  const std::string wanted[] = {"alpha", "bravo"};
  for (int i = 0; i < 2; ++i) {
    const routing_pb::Attempt& attempt = plan->attempts(i);
    EXPECT_EQ(attempt.provider(), wanted[i]);
    EXPECT_EQ(attempt.upstream_model(), "up-" + wanted[i]);
    EXPECT_EQ(attempt.model(), "fast");
    EXPECT_EQ(attempt.table_version(), table->version());
    EXPECT_EQ(table->providers(static_cast<int>(attempt.provider_index())).name(), wanted[i]);
  }
}

TEST_P(RoutingContract, RefusesWhatItDoesNotServe) {
  RoutingObjects objects = TwoTargets();
  objects.models.push_back(ModelNamed("broken", {"gone"}));
  objects.proxies = {RotationNamed("degraded", {"broken"})};
  under_test_->Put(objects);
  EXPECT_THAT(Plan("nope"), testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan("fast", "nope"), testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan("broken"), testing::StatusIs(absl::StatusCode::kUnavailable,
                                                ::testing::HasSubstr("provider 'gone'")));
  EXPECT_THAT(Plan("", "degraded"), testing::StatusIs(absl::StatusCode::kUnavailable,
                                                      ::testing::HasSubstr("model 'broken'")));
  EXPECT_THAT(Plan(""), testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(RoutingContract, DoesNotPlanForACallerWhoIsGone) {
  under_test_->Put(TwoTargets());
  EXPECT_THAT(Plan("fast", "", 0, {.deadline = under_test_->clock().Monotonic()}),
              testing::StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_P(RoutingContract, PlansOnTheTableThatARequestWasMatchedIn) {
  under_test_->Put(TwoTargets());
  const uint64_t old = Plan("fast")->attempts(0).table_version();
  under_test_->Put({.providers = {}, .models = {ModelNamed("fast", {"bravo"})}, .proxies = {}});
  EXPECT_EQ(Plan("fast", "", old)->attempts(0).provider(), "alpha");
  EXPECT_EQ(Plan("fast", "", old)->attempts(0).table_version(), old);
  EXPECT_EQ(Plan("fast")->attempts(0).provider(), "bravo");
  EXPECT_GT(Plan("fast")->attempts(0).table_version(), old);
  EXPECT_EQ(Plan("fast", "", 12345)->attempts(0).provider(), "bravo") << "unknown: the newest";
}

TEST_P(RoutingContract, GivesEachModelOfARotationItsTurn) {
  RoutingObjects objects = TwoTargets();
  objects.models = {ModelNamed("m1", {"alpha"}), ModelNamed("m2", {"bravo"})};
  objects.proxies = {RotationNamed("turns", {"m1", "m2"})};
  under_test_->Put(objects);
  EXPECT_THAT(Providers("x", "turns"), ::testing::ElementsAre("alpha", "bravo"));
  EXPECT_THAT(Providers("x", "turns"), ::testing::ElementsAre("bravo", "alpha"));
  EXPECT_THAT(Providers("x", "turns"), ::testing::ElementsAre("alpha", "bravo"));
}

TEST_P(RoutingContract, ATargetThatFailedIsOutForItsTimeAndInItsRoute) {
  RoutingObjects objects = TwoTargets();
  objects.proxies = {RotationNamed("turns", {"fast"})};
  under_test_->Put(objects);
  EXPECT_THAT(Report("alpha", routing_pb::ReportRequest::OUTCOME_RATE_LIMITED), testing::IsOk());
  EXPECT_THAT(Providers("fast"), ::testing::ElementsAre("bravo"));
  EXPECT_THAT(Providers("", "turns"), ::testing::ElementsAre("alpha", "bravo"));
  under_test_->Advance(kSuspend - std::chrono::milliseconds(1));
  EXPECT_THAT(Providers("fast"), ::testing::ElementsAre("bravo"));
  under_test_->Advance(std::chrono::milliseconds(1));
  EXPECT_THAT(Providers("fast"), ::testing::ElementsAre("alpha", "bravo"));
}

TEST_P(RoutingContract, AllOutSaysWhenTheFirstIsBack) {
  under_test_->Put(TwoTargets());
  std::ignore = Report("alpha", routing_pb::ReportRequest::OUTCOME_TIMEOUT);
  under_test_->Advance(std::chrono::seconds(5));
  std::ignore = Report("bravo", routing_pb::ReportRequest::OUTCOME_SERVER_ERROR);
  const auto plan = Plan("fast");
  EXPECT_THAT(plan, testing::StatusIs(absl::StatusCode::kUnavailable,
                                      "All models are currently unavailable"));
  const auto later = status::Detail<common::v1::RetryLater>(plan.status());
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->retry_after().seconds(), 15);
}

TEST_P(RoutingContract, AReportOfNobodyIsNoError) {
  under_test_->Put(TwoTargets());
  EXPECT_THAT(Report("nobody", routing_pb::ReportRequest::OUTCOME_TIMEOUT), testing::IsOk());
  EXPECT_THAT(Report("alpha", routing_pb::ReportRequest::OUTCOME_OK), testing::IsOk());
  EXPECT_THAT(Providers("fast"), ::testing::ElementsAre("alpha", "bravo"));
}

TEST_P(RoutingContract, WatchGivesTheTableAtOnceAndThenEachNewOne) {
  under_test_->Put(TwoTargets());
  const auto events = Watch();
  const auto first = NextTable(*events);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->providers_size(), 2);
  under_test_->Put({.providers = {ProviderNamed("carol")}, .models = {}, .proxies = {}});
  const auto second = NextTable(*events);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->providers_size(), 3);
  EXPECT_GT(second->version(), first->version());
}

TEST_P(RoutingContract, AWatcherThatIsEarlyGetsTheFirstTable) {
  const auto events = Watch();
  under_test_->Put(TwoTargets());
  EXPECT_NE(NextTable(*events), nullptr);
}

TEST_P(RoutingContract, AReaderMayEndItsStream) {
  const auto events = Watch();
  events->End();
  EXPECT_EQ(NextTable(*events), nullptr);
}

}  // namespace weir::api
