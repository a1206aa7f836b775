#include "common/routing/planner.h"

#include <array>
#include <map>
#include <thread>

#include "common/routing/table_fixtures.h"
#include "common/routing/table_health.h"
#include "common/status/detail.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::routing {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using v1::ReportRequest;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

v1::PlanRequest Ask(std::string_view model, std::string_view proxy = "") {
  v1::PlanRequest request;
  request.set_organization(std::string(kAcme));
  request.set_kind(v1::API_KIND_CHAT);
  request.set_proxy(std::string(proxy));
  request.set_model(std::string(model));
  return request;
}

// Plans on one table and reports to it, on virtual time.
class PlannerTest : public ::testing::Test {
 protected:
  void Use(const TableBuilder& builder) {
    table_ = CompiledTable::Compile(builder.table(), states_);
  }
  absl::StatusOr<v1::PlanResponse> Plan(const v1::PlanRequest& request) {
    return PlanOn(*table_, request, clock_.Monotonic());
  }
  // The attempts as "provider/upstream-model"; empty where there is no plan.
  std::vector<std::string> Attempts(const v1::PlanRequest& request) {
    const absl::StatusOr<v1::PlanResponse> plan = Plan(request);
    std::vector<std::string> attempts;
    if (!plan.ok()) return attempts;
    for (const v1::Attempt& each : plan->attempts()) {
      attempts.push_back(each.provider() + "/" + each.upstream_model());
    }
    return attempts;
  }
  // The first attempt's model.
  std::string Head(const v1::PlanRequest& request) {
    const absl::StatusOr<v1::PlanResponse> plan = Plan(request);
    return plan.ok() ? plan->attempts(0).model() : plan.status().ToString();
  }
  void Report(std::string_view proxy, std::string_view model, std::string_view provider,
              std::string_view upstream_model, ReportRequest::Outcome outcome) {
    ReportRequest report;
    report.set_organization(std::string(kAcme));
    report.set_proxy(std::string(proxy));
    report.set_model(std::string(model));
    report.set_provider(std::string(provider));
    report.set_upstream_model(std::string(upstream_model));
    TargetHealth* health = FindHealth(*table_, NameOf(report));
    ASSERT_NE(health, nullptr);
    health->Record(outcome, 0, clock_.Monotonic());
  }
  // The suspension of the last plan that was refused for it.
  std::optional<Duration> RetryAfter(const v1::PlanRequest& request) {
    const auto detail = status::Detail<common::v1::RetryLater>(Plan(request).status());
    return detail ? FromProto(detail->retry_after()) : std::nullopt;
  }

  testing::FakeClock clock_;
  RouteStates states_;
  std::shared_ptr<const CompiledTable> table_;
};

TableBuilder ThreeProviders() {
  return TableBuilder().AddProvider("alpha").AddProvider("bravo").AddProvider("carol");
}

TableBuilder ThreeModels() {
  return ThreeProviders()
      .AddModel("m1", {"alpha/up-1"})
      .AddModel("m2", {"bravo/up-2"})
      .AddModel("m3", {"carol/up-3"});
}

TEST_F(PlannerTest, TriesTargetsInOrder) {
  v1::ModelEntry model;
  model.set_output_tokens_max(4096);
  Use(ThreeProviders().AddModel("fast", {"carol", "alpha/gpt-4o"}, model));
  const absl::StatusOr<v1::PlanResponse> plan = Plan(Ask("fast"));
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->model(), "fast");
  EXPECT_EQ(plan->output_tokens_max(), 4096);
  ASSERT_THAT(plan->attempts(), SizeIs(2));
  const v1::Attempt& first = plan->attempts(0);
  EXPECT_EQ(first.provider(), "carol");
  EXPECT_EQ(first.upstream_model(), "fast");
  EXPECT_EQ(first.model(), "fast");
  EXPECT_EQ(first.table_version(), table_->version());
  EXPECT_EQ(table_->source()->providers(static_cast<int>(first.provider_index())).name(), "carol");
  EXPECT_EQ(plan->attempts(1).upstream_model(), "gpt-4o");
}

TEST_F(PlannerTest, ResolvesAliases) {
  Use(ThreeProviders().AddModel("fast", {"alpha/gpt-4o"}, WithAlias("quick")));
  EXPECT_EQ(Plan(Ask("quick"))->model(), "fast");
  EXPECT_THAT(Attempts(Ask("quick")), ElementsAre("alpha/gpt-4o"));
}

TEST_F(PlannerTest, GivesEachTargetOfAModelItsTurn) {
  Use(ThreeProviders().AddModel("fast", {"alpha", "bravo", "carol"}, RoundRobin()));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("alpha/fast", "bravo/fast", "carol/fast"));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("bravo/fast", "carol/fast", "alpha/fast"));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("carol/fast", "alpha/fast", "bravo/fast"));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("alpha/fast", "bravo/fast", "carol/fast"));
}

TEST_F(PlannerTest, S2_8_NineCallsOverThreeModelsGiveThreeEachInOrder) {
  Use(ThreeModels().AddRotation("turns", {"m1", "m2", "m3"}, seconds(30)));
  std::string heads;
  for (int call = 0; call < 9; ++call) heads += Head(Ask("whatever", "turns")) + " ";
  EXPECT_EQ(heads, "m1 m2 m3 m1 m2 m3 m1 m2 m3 ");
}

TEST_F(PlannerTest, S2_8_EachAttemptOverwritesTheModel) {
  Use(ThreeModels().AddRotation("turns", {"m1", "m2", "m3"}, seconds(30)));
  ASSERT_EQ(Head(Ask("gpt-of-the-client", "turns")), "m1");
  const absl::StatusOr<v1::PlanResponse> plan = Plan(Ask("gpt-of-the-client", "turns"));
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->model(), "m2");
  std::vector<std::string> models;
  std::vector<std::string> upstream_models;
  for (const v1::Attempt& each : plan->attempts()) {
    models.push_back(each.model());
    upstream_models.push_back(each.upstream_model());
  }
  EXPECT_THAT(models, ElementsAre("m2", "m3", "m1"));
  EXPECT_THAT(upstream_models, ElementsAre("up-2", "up-3", "up-1"));
}

TEST_F(PlannerTest, S2_8_TurnsAreSharedByAllLoops) {
  Use(ThreeModels().AddRotation("turns", {"m1", "m2", "m3"}, seconds(30)));
  constexpr int kThreads = 8;
  constexpr int kCalls = 300;  // Each.
  std::array<std::atomic<int>, 3> shares{};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const v1::PlanRequest request = Ask("", "turns");
      for (int call = 0; call < kCalls; ++call) {
        const auto plan = PlanOn(*table_, request, clock_.Monotonic());
        ++shares[static_cast<size_t>(plan->model().back() - '1')];
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(shares[0], kThreads * kCalls / 3);
  EXPECT_EQ(shares[1], kThreads * kCalls / 3);
  EXPECT_EQ(shares[2], kThreads * kCalls / 3);
}

TEST_F(PlannerTest, ATurnOutlivesItsTable) {
  TableBuilder builder = ThreeModels();
  Use(builder.AddRotation("turns", {"m1", "m2", "m3"}, seconds(30)));
  EXPECT_EQ(Head(Ask("", "turns")), "m1");
  Use(builder.AddProvider("dora").AddProxy("unrelated"));
  EXPECT_EQ(Head(Ask("", "turns")), "m2");
}

TEST_F(PlannerTest, TwoProxiesHaveTurnsOfTheirOwn) {
  Use(ThreeModels()
          .AddRotation("one", {"m1", "m2"}, seconds(30))
          .AddRotation("two", {"m1", "m2"}, seconds(30)));
  EXPECT_EQ(Head(Ask("", "one")), "m1");
  EXPECT_EQ(Head(Ask("", "two")), "m1");
  EXPECT_EQ(Head(Ask("", "one")), "m2");
}

struct FailureCase {
  std::string_view name;
  ReportRequest::Outcome outcome;
};
class SuspensionTest : public PlannerTest, public ::testing::WithParamInterface<FailureCase> {};

TEST_P(SuspensionTest, S2_9b_AModelIsSkippedForExactlyTheTimeThenBack) {
  Use(ThreeModels().AddRotation("turns", {"m1", "m2", "m3"}, seconds(20)));
  ASSERT_EQ(Head(Ask("", "turns")), "m1");
  Report("turns", "m1", "alpha", "up-1", GetParam().outcome);
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("bravo/up-2", "carol/up-3"));
  EXPECT_EQ(Head(Ask("", "turns")), "m3");
  EXPECT_EQ(Head(Ask("", "turns")), "m2");

  clock_.Advance(seconds(20) - nanoseconds(1));
  EXPECT_EQ(Head(Ask("", "turns")), "m3");
  EXPECT_EQ(Head(Ask("", "turns")), "m2") << "m1 is out for one more nanosecond";
  clock_.Advance(nanoseconds(1));
  EXPECT_EQ(Head(Ask("", "turns")), "m3");
  EXPECT_EQ(Head(Ask("", "turns")), "m1");
}

TEST_P(SuspensionTest, S2_9b_ATargetOfAModelIsSkippedForExactlyTheTimeThenBack) {
  Use(ThreeProviders().AddModel("fast", {"alpha", "bravo"}, Suspending(seconds(20))));
  Report("", "fast", "alpha", "fast", GetParam().outcome);
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("bravo/fast"));
  clock_.Advance(seconds(20) - nanoseconds(1));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("bravo/fast"));
  clock_.Advance(nanoseconds(1));
  EXPECT_THAT(Attempts(Ask("fast")), ElementsAre("alpha/fast", "bravo/fast"));
}
INSTANTIATE_TEST_SUITE_P(Failures, SuspensionTest,
                         ::testing::ValuesIn<FailureCase>({
                             {"RateLimited", ReportRequest::OUTCOME_RATE_LIMITED},
                             {"ServerError", ReportRequest::OUTCOME_SERVER_ERROR},
                             {"Timeout", ReportRequest::OUTCOME_TIMEOUT},
                             {"Unreachable", ReportRequest::OUTCOME_UNREACHABLE},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(PlannerTest, S2_9b_AllOutSaysSoAndWhenTheFirstIsBack) {
  Use(ThreeModels().AddRotation("turns", {"m1", "m2", "m3"}, seconds(20)));
  Report("turns", "m1", "alpha", "up-1", ReportRequest::OUTCOME_RATE_LIMITED);
  clock_.Advance(seconds(5));
  Report("turns", "m2", "bravo", "up-2", ReportRequest::OUTCOME_SERVER_ERROR);
  Report("turns", "m3", "carol", "up-3", ReportRequest::OUTCOME_TIMEOUT);
  EXPECT_THAT(Plan(Ask("", "turns")),
              StatusIs(absl::StatusCode::kUnavailable, "All models are currently unavailable"));
  EXPECT_EQ(RetryAfter(Ask("", "turns")), seconds(15));
  clock_.Advance(seconds(15));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("alpha/up-1"));
}

TEST_F(PlannerTest, S2_9b_AllTargetsOfAModelOutSaysSoToo) {
  Use(ThreeProviders().AddModel("fast", {"alpha", "bravo"}));
  Report("", "fast", "alpha", "fast", ReportRequest::OUTCOME_SERVER_ERROR);
  Report("", "fast", "bravo", "fast", ReportRequest::OUTCOME_SERVER_ERROR);
  EXPECT_THAT(Plan(Ask("fast")),
              StatusIs(absl::StatusCode::kUnavailable, "All models are currently unavailable"));
  EXPECT_EQ(RetryAfter(Ask("fast")), seconds(30));
}

TEST_F(PlannerTest, ASuspensionStaysInItsRoute) {
  Use(ThreeModels()
          .AddRotation("one", {"m1", "m2"}, seconds(20))
          .AddRotation("two", {"m1", "m2"}, seconds(20)));
  Report("one", "m1", "alpha", "up-1", ReportRequest::OUTCOME_RATE_LIMITED);
  EXPECT_EQ(Head(Ask("", "one")), "m2");
  EXPECT_EQ(Head(Ask("", "two")), "m1");
  EXPECT_THAT(Attempts(Ask("m1")), ElementsAre("alpha/up-1"));
}

TEST_F(PlannerTest, ASuspensionOutlivesItsTable) {
  TableBuilder builder = ThreeModels();
  Use(builder.AddRotation("turns", {"m1", "m2"}, seconds(20)));
  Report("turns", "m1", "alpha", "up-1", ReportRequest::OUTCOME_RATE_LIMITED);
  Use(builder.AddProxy("unrelated"));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("bravo/up-2"));
}

TEST_F(PlannerTest, ZeroNeverLeavesATargetOut) {
  Use(ThreeModels().AddRotation("turns", {"m1"}, Duration::zero()));
  Report("turns", "m1", "alpha", "up-1", ReportRequest::OUTCOME_SERVER_ERROR);
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("alpha/up-1"));
}

TEST_F(PlannerTest, AModelOfARotationIsOutWhenAllItsTargetsAre) {
  Use(ThreeProviders()
          .AddModel("wide", {"alpha", "bravo"})
          .AddModel("slim", {"carol"})
          .AddRotation("turns", {"wide", "slim"}, seconds(20)));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("alpha/wide", "bravo/wide", "carol/slim"));
  Report("turns", "wide", "alpha", "wide", ReportRequest::OUTCOME_TIMEOUT);
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("carol/slim", "bravo/wide"));
  Report("turns", "wide", "bravo", "wide", ReportRequest::OUTCOME_TIMEOUT);
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("carol/slim"));
}

TEST_F(PlannerTest, AModelsOwnRoundRobinTurnsInsideARotation) {
  Use(ThreeProviders()
          .AddModel("wide", {"alpha", "bravo"}, RoundRobin())
          .AddModel("slim", {"carol"})
          .AddRotation("turns", {"wide", "slim"}, seconds(20)));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("alpha/wide", "bravo/wide", "carol/slim"));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("carol/slim", "bravo/wide", "alpha/wide"));
  EXPECT_THAT(Attempts(Ask("", "turns")), ElementsAre("bravo/wide", "alpha/wide", "carol/slim"));
}

TEST_F(PlannerTest, BoundsTheAttempts) {
  TableBuilder builder = ThreeProviders().AddModel("fast", {"alpha", "bravo", "carol"});
  builder.Changed().set_max_attempts(2);
  Use(builder);
  EXPECT_THAT(Plan(Ask("fast"))->attempts(), SizeIs(2));
}

TEST_F(PlannerTest, PassesNamesOnUnchangedToAProvider) {
  Use(ThreeProviders().AddPassThrough("through", "bravo"));
  const absl::StatusOr<v1::PlanResponse> plan = Plan(Ask("any-model-at-all", "through"));
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->model(), "any-model-at-all");
  EXPECT_THAT(Attempts(Ask("any-model-at-all", "through")), ElementsAre("bravo/any-model-at-all"));
  EXPECT_THAT(Plan(Ask(std::string(201, 'x'), "through")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PlannerTest, NeverLeavesOutThePassThroughsProvider) {
  Use(ThreeProviders().AddPassThrough("through", "bravo"));
  Report("through", "any", "bravo", "any", ReportRequest::OUTCOME_RATE_LIMITED);
  EXPECT_THAT(Attempts(Ask("any", "through")), ElementsAre("bravo/any"));
}

struct RefusalCase {
  std::string_view name, model, proxy;
  v1::ApiKind kind;
  absl::StatusCode code;
  std::string_view message;
};
class RefusalTest : public PlannerTest, public ::testing::WithParamInterface<RefusalCase> {};

TEST_P(RefusalTest, SaysWhy) {
  v1::ProxyRoute chat;
  chat.add_kinds(v1::API_KIND_CHAT);
  v1::ProxyRoute degraded;
  degraded.set_degraded_reason("model 'broken': provider 'gone' does not exist");
  Use(ThreeProviders()
          .AddModel("m1", {"alpha"}, WithAlias("quick"))
          .AddModel("m2", {"bravo/up-2"})
          .AddModel("broken", {"gone"})
          .AddProxy("restricted", {"m1"})
          .AddPassThrough("through", "alpha", {"gpt-4o"})
          .AddProxy("chat", {}, chat)
          .AddProxy("degraded", {}, degraded));
  v1::PlanRequest request = Ask(GetParam().model, GetParam().proxy);
  request.set_kind(GetParam().kind);
  const absl::StatusOr<v1::PlanResponse> plan = Plan(request);
  if (GetParam().code == absl::StatusCode::kOk) {
    EXPECT_THAT(plan, IsOk());
  } else {
    EXPECT_THAT(plan, StatusIs(GetParam().code, HasSubstr(std::string(GetParam().message))));
  }
}
constexpr v1::ApiKind kChat = v1::API_KIND_CHAT;
constexpr v1::ApiKind kEmbeddings = v1::API_KIND_EMBEDDINGS;
INSTANTIATE_TEST_SUITE_P(
    Requests, RefusalTest,
    ::testing::ValuesIn<RefusalCase>({
        {"UnknownModel", "nope", "", kChat, absl::StatusCode::kNotFound, "'nope'"},
        {"NoModel", "", "", kChat, absl::StatusCode::kInvalidArgument, "names no model"},
        {"BrokenModel", "broken", "", kChat, absl::StatusCode::kUnavailable,
         "provider 'gone' does not exist"},
        {"UnknownProxy", "m1", "nope", kChat, absl::StatusCode::kNotFound, "proxy 'nope'"},
        {"DegradedProxy", "m1", "degraded", kChat, absl::StatusCode::kUnavailable,
         "model 'broken'"},
        {"NotAllowedHere", "m2", "restricted", kChat, absl::StatusCode::kNotFound, "'m2'"},
        {"AllowedByAnotherName", "quick", "restricted", kChat, absl::StatusCode::kOk, ""},
        {"NotAllowedThrough", "gpt-5", "through", kChat, absl::StatusCode::kNotFound, "'gpt-5'"},
        {"AllowedThrough", "gpt-4o", "through", kChat, absl::StatusCode::kOk, ""},
        {"KindServed", "m1", "chat", kChat, absl::StatusCode::kOk, ""},
        {"KindNotServed", "m1", "chat", kEmbeddings, absl::StatusCode::kNotFound,
         "does not serve this kind"},
        {"KindFromTheFuture", "m1", "chat", static_cast<v1::ApiKind>(77),
         absl::StatusCode::kNotFound, "does not serve this kind"},
        {"EveryKind", "m1", "restricted", kEmbeddings, absl::StatusCode::kOk, ""},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(PlannerTest, EscapesAndBoundsWhatItRepeats) {
  Use(ThreeModels());
  const std::string hostile = "x\r\nSet-Cookie: a=b" + std::string(10'000, 'y');
  const absl::Status refused = Plan(Ask(hostile)).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kNotFound,
                                AllOf(HasSubstr("\\r\\n"), Not(HasSubstr("\n")))));
  EXPECT_LT(status::Message(refused).size(), 200u);
}

TEST_F(PlannerTest, KeepsOrganisationsApart) {
  Use(ThreeModels());
  v1::PlanRequest request = Ask("m1");
  request.set_organization("zeta");
  EXPECT_THAT(Plan(request), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace weir::routing
