#include "common/routing/table_health.h"

#include <gmock/gmock.h>

#include "common/routing/table_fixtures.h"
#include "common/testing/fake_clock.h"

namespace weir::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using v1::ReportRequest;

constexpr TargetName kOwn = {
    .organization = kAcme, .model = "fast", .provider = "openai", .upstream_model = "gpt"};
constexpr TargetName kTurns = {.organization = kAcme,
                               .proxy = "turns",
                               .model = "fast",
                               .provider = "openai",
                               .upstream_model = "gpt"};

TableBuilder Table() {
  return TableBuilder()
      .AddProvider("openai")
      .AddProvider("azure")
      .AddModel("fast", {"openai/gpt", "azure/gpt"})
      .AddRotation("turns", {"fast"}, seconds(10))
      .AddPassThrough("through", "openai");
}

// Two processes that plan on the same table, at the same time.
class TableHealthTest : public ::testing::Test {
 protected:
  struct Planner {
    RouteStates states;
    std::shared_ptr<const CompiledTable> table = CompiledTable::Compile(Table().table(), states);
    TargetHealth& Of(const TargetName& name) { return *FindHealth(*table, name); }
  };
  // What the others hear of `from`.
  v1::Suspensions Since(const Planner& from, MonotonicTime since = MonotonicTime::min()) {
    return SuspensionsSince(*from.table, since, clock_.Monotonic());
  }
  bool IsOut(Planner& planner, const TargetName& name, Duration suspend = seconds(10)) {
    return planner.Of(name).IsOut(clock_.Monotonic(), suspend);
  }

  testing::FakeClock clock_;
  Planner here_, there_;
};

TEST_F(TableHealthTest, FindsTargetsByRoute) {
  EXPECT_NE(FindHealth(*here_.table, kOwn), nullptr);
  EXPECT_NE(FindHealth(*here_.table, kTurns), nullptr);
  EXPECT_NE(FindHealth(*here_.table, kOwn), FindHealth(*here_.table, kTurns));
  EXPECT_NE(
      FindHealth(*here_.table, {.organization = kAcme, .proxy = "through", .provider = "openai"}),
      nullptr);
  for (const TargetName& each : std::vector<TargetName>{
           {.organization = "zeta", .model = "fast", .provider = "openai", .upstream_model = "gpt"},
           {.organization = kAcme, .model = "slow", .provider = "openai", .upstream_model = "gpt"},
           {.organization = kAcme, .model = "fast", .provider = "openai", .upstream_model = "x"},
           {.organization = kAcme, .proxy = "through", .provider = "azure"}}) {
    EXPECT_EQ(FindHealth(*here_.table, each), nullptr);
  }
}

TEST_F(TableHealthTest, WhatOneSawIsOutForTheOtherForTheSameTime) {
  here_.Of(kTurns).Record(ReportRequest::OUTCOME_RATE_LIMITED, 429, clock_.Monotonic());
  clock_.Advance(milliseconds(200));
  const v1::Suspensions heard = Since(here_);
  ASSERT_THAT(heard.suspensions(), SizeIs(1));
  EXPECT_EQ(heard.suspensions(0).proxy(), "turns");
  EXPECT_EQ(heard.suspensions(0).http_status(), 429);
  Learn(*there_.table, heard, clock_.Monotonic());
  EXPECT_TRUE(IsOut(there_, kTurns));
  EXPECT_FALSE(IsOut(there_, kOwn)) << "another route";
  EXPECT_EQ(there_.Of(kTurns).Now().last_failure, "429");
  clock_.Advance(seconds(10) - milliseconds(200) - Duration(1));
  EXPECT_TRUE(IsOut(there_, kTurns));
  clock_.Advance(Duration(1));
  EXPECT_FALSE(IsOut(there_, kTurns));
}

TEST_F(TableHealthTest, TellsOnceOfAFailure) {
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  const MonotonicTime told = clock_.Monotonic();
  clock_.Advance(seconds(1));
  EXPECT_THAT(Since(here_, told).suspensions(), IsEmpty());
  EXPECT_THAT(Since(here_).suspensions(), SizeIs(1)) << "who comes later hears of it";
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  EXPECT_THAT(Since(here_, told).suspensions(), SizeIs(1));
  clock_.Advance(seconds(30));
  EXPECT_THAT(Since(here_).suspensions(), IsEmpty()) << "it is back";
}

TEST_F(TableHealthTest, AnEchoDoesNotProlongASuspension) {
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  const MonotonicTime back = here_.Of(kOwn).ReturnsAt(seconds(10));
  clock_.Advance(milliseconds(20));
  there_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  Learn(*here_.table, Since(there_), clock_.Monotonic());
  EXPECT_EQ(here_.Of(kOwn).ReturnsAt(seconds(10)), back);
  EXPECT_EQ(here_.Of(kOwn).Now().consecutive_failures, 1);
  clock_.Advance(seconds(2));
  there_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  Learn(*here_.table, Since(there_), clock_.Monotonic());
  EXPECT_EQ(here_.Of(kOwn).ReturnsAt(seconds(10)), clock_.Monotonic() + seconds(10));
}

TEST_F(TableHealthTest, AnOlderFailureDoesNotBringItBackSooner) {
  there_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  clock_.Advance(seconds(5));
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  Learn(*here_.table, Since(there_), clock_.Monotonic());
  EXPECT_EQ(here_.Of(kOwn).ReturnsAt(seconds(10)), clock_.Monotonic() + seconds(10));
}

struct HostileCase {
  std::string_view name;
  std::function<void(v1::Suspension&)> change;
};
class HostileSuspensionTest : public TableHealthTest,
                              public ::testing::WithParamInterface<HostileCase> {};

TEST_P(HostileSuspensionTest, LeavesNobodyOut) {
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  v1::Suspensions heard = Since(here_);
  GetParam().change(*heard.mutable_suspensions(0));
  Learn(*there_.table, heard, clock_.Monotonic());
  EXPECT_FALSE(IsOut(there_, kOwn));
}
INSTANTIATE_TEST_SUITE_P(
    Events, HostileSuspensionTest,
    ::testing::ValuesIn<HostileCase>({
        {"Good", [](v1::Suspension& s) { s.set_outcome(ReportRequest::OUTCOME_OK); }},
        {"Nothing", [](v1::Suspension& s) { s.clear_outcome(); }},
        {"AnotherModel", [](v1::Suspension& s) { s.set_model("slow"); }},
        {"OfLongAgo", [](v1::Suspension& s) { s.mutable_age()->set_seconds(40); }},
        {"OfAllTimes", [](v1::Suspension& s) { s.mutable_age()->set_seconds(9'000'000'000); }},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(TableHealthTest, AFailureOfTheFutureIsOfNow) {
  here_.Of(kOwn).Record(ReportRequest::OUTCOME_TIMEOUT, 0, clock_.Monotonic());
  v1::Suspensions heard = Since(here_);
  heard.mutable_suspensions(0)->mutable_age()->set_seconds(-1000);
  Learn(*there_.table, heard, clock_.Monotonic());
  EXPECT_EQ(there_.Of(kOwn).ReturnsAt(seconds(10)), clock_.Monotonic() + seconds(10));
}

}  // namespace
}  // namespace weir::routing
