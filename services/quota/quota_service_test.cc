#include "services/quota/quota_service.h"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "common/testing/fake_timers.h"
#include "services/quota/quota_for_test.h"

namespace weir::quota {
namespace {

using Code = v1::ReserveResponse;
using ::testing::HasSubstr;

const LimitSpec kStrictMinute = {
    .name = "minute", .count = 1000, .enforcement = v1::ENFORCEMENT_STRICT};
const LimitSpec kFiveRequests = {.name = "five", .unit = kRequests, .count = 5};

TEST(QuotaServiceTest, WithoutLimitsEverythingIsGranted) {
  QuotaForTest quota;
  const auto response = quota.Reserve(quota.Ask(1, 100, 50));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->code(), Code::CODE_GRANTED);
  EXPECT_FALSE(response->has_output_tokens_cap());
  EXPECT_EQ(response->states_size(), 0);
}

TEST(QuotaServiceTest, SaysWhatIsHeldAndWhereTheLimitsStand) {
  QuotaForTest quota({kStrictMinute,
                      kFiveRequests,
                      {.name = "day", .count = 5000, .period_s = 86'400},
                      {.name = "watch", .count = 10, .enforcement = v1::ENFORCEMENT_OBSERVE}});
  const auto response = quota.Reserve(quota.Ask(1, 100, 50, 200));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->code(), Code::CODE_GRANTED);
  EXPECT_EQ(response->held_tokens(), 300);
  EXPECT_FALSE(response->has_output_tokens_cap());
  // The tightest of each unit; what is only observed does not count as tight.
  ASSERT_EQ(response->states_size(), 2);
  const v1::LimitState& requests = response->states(0);
  EXPECT_EQ(requests.limit_name(), "five");
  EXPECT_EQ(requests.unit(), kRequests);
  EXPECT_EQ(requests.limit(), 5);
  EXPECT_EQ(requests.remaining(), 4);
  EXPECT_EQ(requests.reset_after().seconds(), 60);
  EXPECT_EQ(requests.level(), "organization");
  EXPECT_TRUE(requests.enforced());
  EXPECT_EQ(response->states(1).limit_name(), "minute");
  EXPECT_EQ(response->states(1).remaining(), 700);
  // All of them, for who asks.
  const std::vector<v1::LimitState> all = quota.States();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].limit_name(), "five");
  EXPECT_EQ(all[1].limit_name(), "minute");
  EXPECT_EQ(all[2].limit_name(), "day");
  EXPECT_EQ(all[3].limit_name(), "watch");
  EXPECT_EQ(all[3].remaining(), 0);
  EXPECT_FALSE(all[3].enforced());
}

TEST(QuotaServiceTest, ARefusalNamesTheLimitAndWhomToAsk) {
  QuotaForTest quota({{.name = "ann-day",
                       .level = v1::LEVEL_USER,
                       .subject = "ann",
                       .count = 100,
                       .period_s = 86'400,
                       .contact = "platform@acme.test"}});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10, 90)), IsOk());
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 90)), IsOk());
  const auto refused = quota.Reserve(quota.Ask(2, 10, 10, 20));
  const auto violation = ViolationOf(refused);
  EXPECT_EQ(violation.limit_name(), "ann-day");
  EXPECT_EQ(violation.entity(), "user:ann");
  EXPECT_EQ(violation.level(), "user");
  EXPECT_EQ(violation.unit(), kTokens);
  EXPECT_EQ(violation.limit(), 100);
  EXPECT_EQ(violation.remaining(), 0);
  EXPECT_TRUE(violation.hard());
  EXPECT_EQ(violation.reset_after().seconds(), 14 * 3600);
  EXPECT_EQ(violation.retry_after().seconds(), 14 * 3600);
  EXPECT_EQ(violation.contact(), "platform@acme.test");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("limit 'ann-day' of user:ann: 0 of 100 tokens remain")));
}

TEST(QuotaServiceTest, ALimitOfZeroNeverResets) {
  QuotaForTest quota({{.name = "closed", .unit = kRequests, .count = 0}});
  const auto violation = ViolationOf(quota.Reserve(quota.Ask(1, 10, 10)));
  EXPECT_TRUE(violation.hard());
  EXPECT_FALSE(violation.has_reset_after());
  EXPECT_FALSE(violation.has_retry_after());
}

TEST(QuotaServiceTest, RepeatsTheAnswerOfAKey) {
  QuotaForTest quota({kStrictMinute});
  const auto request = quota.Ask(1, 100, 50, 5000);
  const auto first = quota.Reserve(request);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->code(), Code::CODE_GRANTED_REDUCED);
  EXPECT_EQ(first->output_tokens_cap(), 900);
  const auto again = quota.Reserve(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->code(), Code::CODE_REPLAYED);
  EXPECT_EQ(again->output_tokens_cap(), 900);
  EXPECT_EQ(again->held_tokens(), 1000);
  EXPECT_THAT(quota.Reserve(quota.Ask(1, 100, 50, 4999)), StatusIs(absl::StatusCode::kAborted));
}

struct BadRequestCase {
  std::string_view name;
  std::function<void(v1::ReserveRequest&)> spoil;
  std::string_view want;
};
class BadReserveTest : public ::testing::TestWithParam<BadRequestCase> {};
TEST_P(BadReserveTest, NamesTheField) {
  QuotaForTest quota;
  auto request = quota.Ask(1, 100, 50, 20);
  GetParam().spoil(request);
  EXPECT_THAT(quota.Reserve(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr(std::string(GetParam().want))));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, BadReserveTest,
    ::testing::ValuesIn<BadRequestCase>({
        {"NoOrganization", [](auto& r) { r.mutable_subjects()->clear_organization(); },
         "subjects.organization"},
        {"NoKey", [](auto& r) { r.clear_key(); }, "key is ''"},
        {"ShortKey", [](auto& r) { r.mutable_key()->set_request_id("abc"); }, "key is 'abc'"},
        {"UpperCaseKey", [](auto& r) { r.mutable_key()->set_request_id(std::string(32, 'A')); },
         "lower-case"},
        {"AttemptZero", [](auto& r) { r.mutable_key()->set_attempt(0); }, "attempt 0"},
        {"NegativeBound", [](auto& r) { r.mutable_estimate()->set_input_tokens_bound(-1); },
         "estimate.input_tokens_bound"},
        {"NegativeRequests", [](auto& r) { r.mutable_estimate()->set_requests(-1); },
         "estimate.requests"},
        {"HugeOutput",
         [](auto& r) { r.mutable_estimate()->set_output_tokens_declared(kMaxAmount + 1); },
         "estimate.output_tokens_declared"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(QuotaServiceTest, NothingIsBegunAfterTheDeadline) {
  QuotaForTest quota({kFiveRequests});
  const api::CallContext late{.deadline = quota.clock.Monotonic()};
  EXPECT_THAT(quota.Run(quota.api().Reserve(late, quota.Ask(1, 10, 10))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(quota.Remaining("five"), 5);
  // But what was spent is spent.
  EXPECT_THAT(quota.Run(quota.api().Settle(late, quota.Spent(1, 10, 20))), IsOk());
  EXPECT_EQ(quota.Remaining("five"), 4);
}

TEST(QuotaServiceTest, ASettlementIsARowOfTheLedger) {
  QuotaForTest quota({kStrictMinute});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 100, 50, 200)), IsOk());
  quota.clock.Advance(std::chrono::seconds(2));
  auto spent = quota.Spent(1, 40, 60);
  spent.mutable_usage()->set_cache_read_tokens(5);
  spent.mutable_dispatched_at()->set_seconds(1'763'719'201);
  spent.mutable_dispatched_at()->set_nanos(500'000'000);
  spent.set_cost_usd_nanos(77);
  const auto settled = quota.Settle(spent);
  ASSERT_THAT(settled, IsOk());
  EXPECT_FALSE(settled->duplicate());
  const auto rows = quota.ledger.Rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].organization, "acme");
  EXPECT_EQ(rows[0].team, "red");
  EXPECT_EQ(rows[0].user, "ann");
  EXPECT_EQ(rows[0].model, "gpt");
  EXPECT_EQ(rows[0].kind, "chat");
  EXPECT_EQ(rows[0].usage.total_tokens(), 105);
  EXPECT_EQ(rows[0].dispatched_at_us, 1'763'719'201'500'000);
  EXPECT_EQ(rows[0].settled_at_us, 1'763'719'202'000'000);
  EXPECT_EQ(rows[0].cost_usd_nanos, 77);
  EXPECT_EQ(quota.Remaining("minute"), 895);
}

TEST(QuotaServiceTest, ARepeatedSettlementChangesNothing) {
  QuotaForTest quota({kStrictMinute});
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 20)), IsOk());
  const auto again = quota.Settle(quota.Spent(1, 10, 20));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->duplicate());
  EXPECT_EQ(quota.Remaining("minute"), 970);
  EXPECT_EQ(quota.ledger.Rows().size(), 1u);
}

TEST(QuotaServiceTest, ALateDuplicateIsNotBilledAgainThoughHotStateIsGone) {
  QuotaForTest quota({kStrictMinute});
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 20)), IsOk());
  quota.Restart();
  ASSERT_THAT(quota.Run(quota.service().Rebuild()), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 970);
  const auto again = quota.Settle(quota.Spent(1, 10, 20));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->duplicate());
  EXPECT_EQ(quota.Remaining("minute"), 970);
  // Its correction is the difference.
  auto correction = quota.Spent(1, 10, 50);
  correction.set_seq(2);
  ASSERT_THAT(quota.Settle(correction), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 940);
}

TEST(QuotaServiceTest, AnUnknownKeyIsChargedAllTheSame) {
  QuotaForTest quota(
      {kStrictMinute,
       kFiveRequests,
       {.name = "of-ann", .level = v1::LEVEL_USER, .subject = "ann", .count = 1000},
       {.name = "each-team", .level = v1::LEVEL_TEAM, .subject = "*", .count = 100}});
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 20)), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 970);
  EXPECT_EQ(quota.Remaining("five"), 4);
  EXPECT_EQ(quota.Remaining("of-ann"), 970);
  EXPECT_EQ(quota.Remaining("each-team"), 70);
}

TEST(QuotaServiceTest, BadSettlementsAreRefused) {
  QuotaForTest quota;
  auto third = quota.Spent(1, 10, 20);
  third.set_seq(3);
  EXPECT_THAT(quota.Settle(third), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("seq")));
  EXPECT_THAT(
      quota.Settle(quota.Spent(1, 10, -1)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("usage.output_visible_tokens is -1")));
  EXPECT_TRUE(quota.ledger.Rows().empty());
}

TEST(QuotaServiceTest, LearnsHowLongAModelsAnswersAre) {
  // Adaptive: what is held is what is likely.
  QuotaForTest quota({{.name = "minute", .count = 100'000}});
  EXPECT_EQ(quota.Reserve(quota.Ask(1, 10, 10))->held_tokens(), 266);
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 12)), IsOk());
  EXPECT_EQ(quota.Reserve(quota.Ask(2, 10, 10))->held_tokens(), 22);

  // Neither counted nor aborted answers teach anything.
  auto estimated = quota.Spent(3, 10, 5000);
  estimated.set_estimated(true);
  auto aborted = quota.Spent(4, 10, 5000);
  aborted.set_outcome(v1::SettleRequest::OUTCOME_ABORTED);
  ASSERT_THAT(quota.Settle(estimated), IsOk());
  ASSERT_THAT(quota.Settle(aborted), IsOk());
  EXPECT_EQ(quota.Reserve(quota.Ask(5, 10, 10))->held_tokens(), 22);

  auto other_model = quota.Ask(6, 10, 10);
  other_model.mutable_subjects()->set_model("mini");
  EXPECT_EQ(quota.Reserve(other_model)->held_tokens(), 266);
}

TEST(QuotaServiceTest, AnswersThatFillTheirCapDoNotTeachSmallCaps) {
  QuotaForTest quota({{.name = "day", .count = 100'000, .period_s = 86'400}});
  for (uint32_t i = 1; i <= 5; ++i) {
    const auto response = quota.Reserve(quota.Ask(i, 10, 10));
    ASSERT_THAT(response, IsOk());
    // The model would have said more: every answer is as long as its cap.
    ASSERT_THAT(quota.Settle(quota.Spent(i, 10, response->output_tokens_cap())), IsOk());
  }
  EXPECT_GT(quota.Reserve(quota.Ask(6, 10, 10))->output_tokens_cap(), 4000);
}

TEST(QuotaServiceTest, ExtendTopsUpAStream) {
  QuotaForTest quota({{.name = "day", .count = 600, .period_s = 86'400}});
  EXPECT_EQ(quota.Reserve(quota.Ask(1, 10, 10))->output_tokens_cap(), 256);
  v1::ExtendRequest request;
  *request.mutable_key() = quota.KeyOf(1);
  request.set_organization("acme");
  request.set_output_tokens_observed(200);
  request.set_output_tokens_wanted(512);
  EXPECT_EQ(quota.Run(quota.api().Extend({}, request))->output_tokens_cap(), 512);
  request.set_output_tokens_wanted(1024);
  EXPECT_EQ(quota.Run(quota.api().Extend({}, request))->output_tokens_cap(), 590);
  const auto violation = ViolationOf(quota.Run(quota.api().Extend({}, request)));
  EXPECT_EQ(violation.limit_name(), "day");
  *request.mutable_key() = quota.KeyOf(2);
  EXPECT_THAT(quota.Run(quota.api().Extend({}, request)), StatusIs(absl::StatusCode::kNotFound));
}

// So much may be written upstream for an answer whose hold grows: what nobody else holds.
TEST(QuotaServiceTest, TheHeadroomIsWhatTheHoldCouldBeRaisedTo) {
  QuotaForTest quota({{.name = "day", .count = 600, .period_s = 86'400},
                      {.name = "minute", .count = 1000, .enforcement = v1::ENFORCEMENT_ADAPTIVE}});
  const auto first = quota.Reserve(quota.Ask(1, 10, 10));
  EXPECT_EQ(first->output_tokens_cap(), 256);
  EXPECT_EQ(first->output_tokens_headroom(), 590) << "adaptive limits cut nothing";
  const auto second = quota.Reserve(quota.Ask(2, 10, 10));
  EXPECT_EQ(second->output_tokens_cap(), 256);
  EXPECT_EQ(second->output_tokens_headroom(), 324) << "600 less 266 and 10";
  auto dry = quota.Ask(3, 10, 10);
  dry.set_dry_run(true);
  EXPECT_FALSE(quota.Reserve(dry)->has_output_tokens_headroom());
}

TEST(QuotaServiceTest, AHoldIsFoundByItsOrganisationAlone) {
  QuotaForTest quota({{.name = "day", .count = 600, .period_s = 86'400}});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10)), IsOk());
  v1::ExtendRequest extend;
  *extend.mutable_key() = quota.KeyOf(1);
  EXPECT_THAT(quota.Run(quota.api().Extend({}, extend)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("organization")));
  v1::ReleaseRequest release;
  *release.mutable_key() = quota.KeyOf(1);
  EXPECT_THAT(quota.Run(quota.api().Release({}, release)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("organization")));
  EXPECT_EQ(quota.Remaining("day"), 334) << "still held";
}

TEST(QuotaServiceTest, ADryRunHoldsNothing) {
  QuotaForTest quota({kFiveRequests});
  auto dry = quota.Ask(1, 10, 10);
  dry.set_dry_run(true);
  EXPECT_THAT(quota.Reserve(dry), IsOk());
  EXPECT_EQ(quota.Remaining("five"), 5);
}

TEST(QuotaServiceTest, ABlockedPromptCountsInRequestLimitsAlone) {
  QuotaForTest quota({kStrictMinute, kFiveRequests});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10, 20)), IsOk());
  quota.Release(1, true);
  EXPECT_EQ(quota.Remaining("five"), 4);
  EXPECT_EQ(quota.Remaining("minute"), 1000);
}

asio::awaitable<void> RunReaper(QuotaService& service, Timers& timers, bool& ended) {
  co_await service.Run(timers);
  ended = true;
}

TEST(QuotaServiceTest, RunEndsTheHoldsOfASilentEdgeWithinASecond) {
  QuotaForTest quota({kStrictMinute, kFiveRequests});
  testing::FakeTimers timers(quota.clock);
  asio::io_context loop;
  asio::cancellation_signal stop;
  bool ended = false;
  asio::co_spawn(loop, RunReaper(quota.service(), timers, ended),
                 asio::bind_cancellation_slot(stop.slot(), asio::detached));
  timers.Advance(std::chrono::seconds(7), loop);
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10, 20)), IsOk());
  for (int i = 0; i < 6; ++i) {
    timers.Advance(std::chrono::seconds(20), loop);
    v1::HeartbeatRequest beat;
    beat.set_edge_id("edge-1");
    EXPECT_EQ(quota.Run(quota.api().Heartbeat({}, beat))->holds(), 1);
  }
  timers.Advance(std::chrono::seconds(61), loop);
  v1::HeartbeatRequest beat;
  beat.set_edge_id("edge-1");
  EXPECT_EQ(quota.Run(quota.api().Heartbeat({}, beat))->holds(), 0);
  // Assumed spent, until the edge's outbox says otherwise.
  EXPECT_EQ(quota.Remaining("minute"), 970);
  ASSERT_THAT(quota.Settle(quota.Spent(1, 10, 5)), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 985);

  stop.emit(asio::cancellation_type::terminal);
  timers.Advance(std::chrono::seconds(120), loop);
  EXPECT_TRUE(ended);
}

// Acceptance: a limit of 30 tokens in a minute, anchored at its first hold; every answer has 10 +
// 20 tokens.
class S0Test : public ::testing::TestWithParam<v1::Enforcement> {
 protected:
  QuotaForTest quota_{{{.name = "provider-tokens",
                        .level = v1::LEVEL_MODEL,
                        .subject = "gpt",
                        .count = 30,
                        .period_s = 60,
                        .kind = CountingRule::Kind::kAnchoredWindow,
                        .enforcement = GetParam()}}};
  // The prompt's bound alone is above the limit.
  v1::ReserveRequest Call(uint32_t number) { return quota_.Ask(number, 78, 9); }
};

TEST_P(S0Test, S0_3_TheSecondCallOfAWindowIsRefusedAndTheNextWindowAdmits) {
  quota_.clock.Advance(std::chrono::seconds(37));
  ASSERT_THAT(quota_.Reserve(Call(1)), IsOk());
  EXPECT_THAT(quota_.Reserve(Call(2)), StatusIs(absl::StatusCode::kResourceExhausted))
      << "while the first is under way";
  quota_.clock.Advance(std::chrono::seconds(2));
  ASSERT_THAT(quota_.Settle(quota_.Spent(1, 10, 20)), IsOk());
  EXPECT_THAT(quota_.Reserve(Call(2)), StatusIs(absl::StatusCode::kResourceExhausted));
  // Anchored at the first hold, not at the full minute.
  quota_.clock.Advance(std::chrono::seconds(57));
  EXPECT_THAT(quota_.Reserve(Call(2)), StatusIs(absl::StatusCode::kResourceExhausted));
  quota_.clock.Advance(std::chrono::seconds(1));
  EXPECT_THAT(quota_.Reserve(Call(2)), IsOk());
}

TEST_P(S0Test, S0_4_TheRefusalSaysZeroRemainAndWhenItResets) {
  ASSERT_THAT(quota_.Reserve(Call(1)), IsOk());
  ASSERT_THAT(quota_.Settle(quota_.Spent(1, 10, 20)), IsOk());
  quota_.clock.Advance(std::chrono::seconds(10));
  const auto violation = ViolationOf(quota_.Reserve(Call(2)));
  EXPECT_EQ(violation.limit(), 30);
  EXPECT_EQ(violation.remaining(), 0);
  EXPECT_EQ(violation.reset_after().seconds(), 50);
  EXPECT_EQ(violation.retry_after().seconds(), 50);
  EXPECT_TRUE(violation.hard());
}

INSTANTIATE_TEST_SUITE_P(Enforcements, S0Test,
                         ::testing::Values(v1::ENFORCEMENT_UNSPECIFIED, v1::ENFORCEMENT_STRICT),
                         [](const auto& info) {
                           return info.param == v1::ENFORCEMENT_STRICT ? "Strict" : "Unset";
                         });

TEST(S0StrictTest, S0_3_TheFirstCallsAnswerIsCappedToWhatIsHeld) {
  QuotaForTest quota({{.name = "tokens",
                       .count = 30,
                       .kind = CountingRule::Kind::kAnchoredWindow,
                       .enforcement = v1::ENFORCEMENT_STRICT}});
  const auto response = quota.Reserve(quota.Ask(1, 78, 9));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->code(), Code::CODE_GRANTED_REDUCED);
  EXPECT_EQ(response->held_tokens(), 30);
  EXPECT_EQ(response->output_tokens_cap(), 21);
}

// What went wrong elsewhere.
TEST(QuotaScarsTest, FiveCallsOf175TokensOnAHundredAMinute) {
  QuotaForTest quota({{.name = "tpm", .count = 100}});
  int admitted = 0;
  for (uint32_t i = 1; i <= 5; ++i) admitted += quota.Reserve(quota.Ask(i, 20, 20)).ok();
  EXPECT_EQ(admitted, 1) << "the others wait until the first is settled";
  ASSERT_THAT(quota.Settle(quota.Spent(1, 25, 150)), IsOk());
  EXPECT_TRUE(ViolationOf(quota.Reserve(quota.Ask(6, 20, 20))).hard());
}

TEST(QuotaScarsTest, ARefusedCallConsumesNoneOfTheOtherLimits) {
  QuotaForTest quota(
      {{.name = "rpm", .unit = kRequests, .count = 10},
       {.name = "one", .level = v1::LEVEL_USER, .subject = "*", .unit = kRequests, .count = 1},
       {.name = "tpm", .count = 10'000}});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10, 20)), IsOk());
  for (uint32_t i = 2; i < 20; ++i) {
    EXPECT_EQ(ViolationOf(quota.Reserve(quota.Ask(i, 10, 10, 20))).limit_name(), "one");
  }
  EXPECT_EQ(quota.Remaining("rpm"), 9);
  EXPECT_EQ(quota.Remaining("tpm"), 9970);
}

TEST(QuotaScarsTest, AnExplicitZeroIsNotReplacedByAnEstimate) {
  QuotaForTest quota({kStrictMinute});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 100, 50, 200)), IsOk());
  ASSERT_THAT(quota.Settle(quota.Spent(1, 0, 0)), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 1000);
}

TEST(QuotaScarsTest, AFallbackAfterAPartialStreamChargesBothAttemptsAndOneRequest) {
  QuotaForTest quota({kStrictMinute, kFiveRequests});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 10, 10, 100)), IsOk());
  auto failed = quota.Spent(1, 10, 7);
  failed.set_outcome(v1::SettleRequest::OUTCOME_FAILED);
  ASSERT_THAT(quota.Settle(failed), IsOk());
  auto further = quota.Ask(1, 10, 10, 100);
  further.mutable_key()->set_attempt(2);
  further.mutable_estimate()->set_requests(0);
  ASSERT_THAT(quota.Reserve(further), IsOk());
  auto finished = quota.Spent(1, 10, 20);
  finished.mutable_key()->set_attempt(2);
  finished.set_requests(0);
  ASSERT_THAT(quota.Settle(finished), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 1000 - 17 - 30);
  EXPECT_EQ(quota.Remaining("five"), 4);
  EXPECT_EQ(quota.ledger.Rows().size(), 2u);
}

TEST(QuotaScarsTest, AStreamThatOutlivesItsWindowDrivesNoCounterNegative) {
  QuotaForTest quota({kStrictMinute});
  ASSERT_THAT(quota.Reserve(quota.Ask(1, 100, 50, 800)), IsOk());
  quota.clock.Advance(std::chrono::seconds(70));
  EXPECT_EQ(quota.Remaining("minute"), 100) << "the hold is in the new window too";
  ASSERT_THAT(quota.Settle(quota.Spent(1, 50, 10)), IsOk());
  EXPECT_EQ(quota.Remaining("minute"), 940);
}

v1::LeaseRequest LeaseOf(uint32_t number) {
  v1::LeaseRequest request;
  *request.mutable_key() = QuotaForTest::KeyOf(number);
  *request.mutable_subjects() = SubjectsOf("ann", "red", "gpt");
  request.set_edge_id("edge-1");
  request.mutable_wanted()->set_requests(8);
  request.mutable_wanted()->set_strict_tokens(80);
  request.mutable_wanted()->set_adaptive_tokens(40);
  return request;
}

TEST(QuotaServiceTest, ALeaseSaysWhatItsEdgeNeedsToDecide) {
  QuotaForTest quota(
      {{.name = "day", .count = 1000, .period_s = 86'400, .enforcement = v1::ENFORCEMENT_STRICT},
       {.name = "user", .level = v1::LEVEL_USER, .subject = "*", .unit = kRequests, .count = 200}});
  const auto leased = quota.Run(quota.api().Lease({}, LeaseOf(7)));
  ASSERT_THAT(leased, IsOk());
  EXPECT_EQ(leased->granted().requests(), 8);
  EXPECT_EQ(leased->granted().strict_tokens(), 80);
  EXPECT_EQ(leased->granted().adaptive_tokens(), kMaxAmount);
  EXPECT_EQ(leased->ttl().seconds(), 60);
  EXPECT_EQ(leased->limits_version(), 2);
  ASSERT_EQ(leased->limits_size(), 2);
  EXPECT_EQ(leased->limits(0).entity(), "organization:acme");
  EXPECT_EQ(leased->limits(0).held(), 80);
  EXPECT_TRUE(leased->limits(0).strict());
  EXPECT_EQ(leased->limits(1).entity(), "user:ann");
  EXPECT_EQ(quota.Remaining("day"), 920);
}

TEST(QuotaServiceTest, ASettlementDrawsFromTheLeaseThatItNames) {
  QuotaForTest quota(
      {{.name = "day", .count = 1000, .period_s = 86'400, .enforcement = v1::ENFORCEMENT_STRICT}});
  ASSERT_THAT(quota.Run(quota.api().Lease({}, LeaseOf(7))), IsOk());
  v1::SettleRequest spent = QuotaForTest::Spent(1, 10, 20);
  spent.set_lease_id(QuotaForTest::KeyOf(7).request_id());
  const auto settled = quota.Settle(spent);
  ASSERT_THAT(settled, IsOk());
  EXPECT_FALSE(settled->lease_lost());
  EXPECT_EQ(quota.Remaining("day"), 920);
  v1::SettleRequest other = QuotaForTest::Spent(2, 10, 20);
  other.set_lease_id(QuotaForTest::KeyOf(8).request_id());
  EXPECT_TRUE(quota.Settle(other)->lease_lost());
  EXPECT_EQ(quota.Remaining("day"), 890);
}

TEST(QuotaServiceTest, WhatCannotBeLeasedIsRefusedByTheLimitThatHasTooLittle) {
  QuotaForTest quota({{.name = "few", .unit = kRequests, .count = 20}});
  v1::LeaseRequest request = LeaseOf(7);
  request.mutable_least()->set_requests(4);
  EXPECT_EQ(ViolationOf(quota.Run(quota.api().Lease({}, request))).limit_name(), "few");
}

TEST(QuotaServiceTest, MalformedLeasesNameTheField) {
  QuotaForTest quota;
  v1::LeaseRequest lease = LeaseOf(7);
  lease.mutable_wanted()->set_strict_tokens(-1);
  EXPECT_THAT(
      quota.Run(quota.api().Lease({}, lease)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("wanted.strict_tokens is -1")));
  v1::SettleRequest spent = QuotaForTest::Spent(1, 10, 20);
  spent.set_lease_id("seven");
  EXPECT_THAT(quota.Settle(spent),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lease_id is 'seven'")));
  v1::ReturnRequest returned;
  returned.set_organization("acme");
  for (uint32_t i = 0; i < 65; ++i) *returned.add_leases()->mutable_key() = QuotaForTest::KeyOf(i);
  EXPECT_THAT(quota.Run(quota.api().Return({}, returned)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("leases are 65")));
}

}  // namespace
}  // namespace weir::quota
