#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/windows.h"

// What every Windows does. An implementation joins with
//
//   struct MyHarness {
//     Windows& windows();
//     void Advance(Duration step);
//     void SetWallBack(Duration step);
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(My, WindowsContract, MyHarness);
//
// where a harness is an empty store whose holds last 60 s, on a clock that the test moves; it
// starts at a full hour, UTC.
namespace weir::quota {

using testing::IsOk;
using testing::RunUntilDone;

template <typename Harness>
class WindowsContract : public ::testing::Test {
 protected:
  using Kind = ReserveOutcome::Kind;
  using Specs = std::vector<LimitSpec>;

  void Limits(const Specs& specs) { table_ = TableOf(specs); }
  LimitMatches Match(const std::string& user = "ann") const {
    subjects_.push_back(SubjectsOf(user, "", "gpt"));
    return table_->Match(subjects_.back());
  }

  // 10 tokens in, `declared` out: exact wherever it fits.
  static Demand Ask(int64_t declared) {
    return {.requests = 1, .input_bound = 10, .input_likely = 10, .output_declared = declared};
  }
  ReserveOp Op(const AttemptId& id, const Demand& demand, const std::string& user = "ann") const {
    return {.id = id,
            .organization = "acme",
            .body_hash = 7,
            .edge_id = "edge-1",
            .matches = Match(user),
            .demand = demand};
  }
  ReserveOutcome Reserve(const ReserveOp& op) { return Done(windows().Reserve(op)); }
  ReserveOutcome Reserve(uint32_t number, int64_t declared, const std::string& user = "ann") {
    return Reserve(Op(IdOf(number), Ask(declared), user));
  }
  SettleOp Spent(uint32_t number, int64_t tokens, uint32_t seq = 1) const {
    return {.id = IdOf(number),
            .organization = "acme",
            .seq = seq,
            .tokens = tokens,
            .requests = 1,
            .matches = Match()};
  }
  SettleOutcome::Kind Settle(const SettleOp& op) { return Done(windows().Settle(op)).kind; }
  SettleOutcome::Kind Settle(uint32_t number, int64_t tokens, uint32_t seq = 1) {
    return Settle(Spent(number, tokens, seq));
  }
  ExtendOutcome Extend(uint32_t number, int64_t wanted) {
    return Done(
        windows().Extend({.id = IdOf(number), .organization = "acme", .output_wanted = wanted}));
  }
  void Release(uint32_t number, bool keep_requests = false) {
    EXPECT_THAT(RunUntilDone(windows().Release(
                    {.id = IdOf(number), .organization = "acme", .keep_requests = keep_requests})),
                IsOk());
  }
  int64_t Renew(const std::string& edge) { return Done(windows().Renew(edge)); }
  int64_t Reap() { return Done(windows().ReapExpired()).holds; }
  void Advance(int64_t seconds) { harness_.Advance(std::chrono::seconds(seconds)); }

  // "used+held" of each limit.
  std::vector<std::string> State(const std::string& user = "ann") {
    std::vector<std::string> state;
    for (const Position& each : Done(windows().Peek(Match(user)))) {
      state.push_back(fmt::format("{}+{}", each.standing.used, each.standing.held));
    }
    return state;
  }

  Windows& windows() { return harness_.windows(); }
  template <typename T>
  T Done(asio::awaitable<absl::StatusOr<T>> work) {
    absl::StatusOr<T> result = RunUntilDone(std::move(work));
    EXPECT_THAT(result, IsOk());
    return *std::move(result);
  }

  static LimitSpec Tokens(int64_t count) {
    return {.name = "tokens", .count = count, .enforcement = v1::ENFORCEMENT_STRICT};
  }
  static LimitSpec Adaptive(int64_t count) {
    return {.name = "zadaptive", .count = count, .enforcement = v1::ENFORCEMENT_ADAPTIVE};
  }
  static LimitSpec Requests(int64_t count) {
    return {.name = "requests", .unit = kRequests, .count = count};
  }

  Harness harness_;
  std::shared_ptr<const LimitTable> table_ = TableOf({});
  // Matches refer to their subjects.
  mutable std::deque<v1::Subjects> subjects_;
};
TYPED_TEST_SUITE_P(WindowsContract);

using ::testing::ElementsAre;
using SettleKind = SettleOutcome::Kind;
using ReserveKind = ReserveOutcome::Kind;
using ExtendKind = ExtendOutcome::Kind;

TYPED_TEST_P(WindowsContract, HoldsThenSettles) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  EXPECT_EQ(this->Reserve(1, 20).kind, ReserveKind::kGranted);
  EXPECT_THAT(this->State(), ElementsAre("0+1", "0+30"));
  EXPECT_EQ(this->Settle(1, 25), SettleKind::kApplied);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "25+0"));
}

TYPED_TEST_P(WindowsContract, HoldsAgainstAllLimitsOrNone) {
  this->Limits({this->Requests(1), this->Tokens(100)});
  EXPECT_EQ(this->Reserve(1, 20).kind, ReserveKind::kGranted);
  const ReserveOutcome refused = this->Reserve(2, 20);
  EXPECT_EQ(refused.kind, ReserveKind::kRefused);
  EXPECT_EQ(refused.refusal->limit, 0u);
  EXPECT_THAT(this->State(), ElementsAre("0+1", "0+30"));
}

TYPED_TEST_P(WindowsContract, AStormOfRefusalsChangesNothing) {
  this->Limits({this->Requests(1000), this->Tokens(100)});
  this->Settle([&] {
    SettleOp op = this->Spent(1, 100);
    op.prior = PriorPosting{};
    return op;
  }());
  for (uint32_t i = 2; i < 50; ++i) EXPECT_EQ(this->Reserve(i, 20).kind, ReserveKind::kRefused);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "100+0"));
}

TYPED_TEST_P(WindowsContract, ADryRunChangesNothing) {
  this->Limits({this->Tokens(100)});
  ReserveOp dry = this->Op(IdOf(1), this->Ask(20));
  dry.dry_run = true;
  EXPECT_EQ(this->Reserve(dry).kind, ReserveKind::kGranted);
  EXPECT_EQ(this->Reserve(dry).held_tokens, 30);
  EXPECT_THAT(this->State(), ElementsAre("0+0"));
  EXPECT_EQ(this->Reserve(1, 20).kind, ReserveKind::kGranted) << "the key was not used";
}

TYPED_TEST_P(WindowsContract, ARepeatedReserveGetsTheSameAnswerAndNoSecondHold) {
  this->Limits({this->Tokens(50)});
  const ReserveOutcome first = this->Reserve(1, 90);
  EXPECT_EQ(first.kind, ReserveKind::kReduced);
  EXPECT_EQ(first.output_cap, 40);
  const auto expect_replayed = [&] {
    const ReserveOutcome again = this->Reserve(1, 90);
    EXPECT_EQ(again.kind, ReserveKind::kReplayed);
    EXPECT_EQ(again.held_tokens, 50);
    EXPECT_EQ(again.output_cap, 40);
  };
  expect_replayed();
  EXPECT_THAT(this->State(), ElementsAre("0+50"));
  this->Settle(1, 30);
  expect_replayed();
  EXPECT_THAT(this->State(), ElementsAre("30+0"));
}

TYPED_TEST_P(WindowsContract, TheSameKeyWithAnotherBodyIsAConflict) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  ReserveOp other = this->Op(IdOf(1), this->Ask(30));
  other.body_hash = 8;
  EXPECT_EQ(this->Reserve(other).kind, ReserveKind::kConflict);
  this->Settle(1, 30);
  EXPECT_EQ(this->Reserve(other).kind, ReserveKind::kConflict);
  EXPECT_THAT(this->State(), ElementsAre("30+0"));
}

TYPED_TEST_P(WindowsContract, ARefusedKeyMayBeAskedAgain) {
  this->Limits({this->Requests(1)});
  this->Reserve(1, 20);
  EXPECT_EQ(this->Reserve(2, 20).kind, ReserveKind::kRefused);
  this->Release(1);
  EXPECT_EQ(this->Reserve(2, 20).kind, ReserveKind::kGranted);
}

TYPED_TEST_P(WindowsContract, AFurtherAttemptHoldsTokensAndNoRequest) {
  this->Limits({this->Requests(1), this->Tokens(100)});
  this->Reserve(1, 20);
  Demand further = this->Ask(20);
  further.requests = 0;
  EXPECT_EQ(this->Reserve(this->Op(IdOf(1, 2), further)).kind, ReserveKind::kGranted);
  EXPECT_THAT(this->State(), ElementsAre("0+1", "0+60"));
  SettleOp second = this->Spent(1, 22);
  second.id = IdOf(1, 2);
  second.requests = 0;
  this->Settle(second);
  this->Settle(1, 0);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "22+0"));
}

TYPED_TEST_P(WindowsContract, ADefaultCountsForEachSubject) {
  LimitSpec each = this->Requests(1);
  each.level = v1::LEVEL_USER;
  each.subject = "*";
  this->Limits({each});
  EXPECT_EQ(this->Reserve(1, 20, "ann").kind, ReserveKind::kGranted);
  EXPECT_EQ(this->Reserve(2, 20, "bob").kind, ReserveKind::kGranted);
  EXPECT_EQ(this->Reserve(3, 20, "bob").kind, ReserveKind::kRefused);
  EXPECT_THAT(this->State("ann"), ElementsAre("0+1"));
  EXPECT_THAT(this->State("eve"), ElementsAre("0+0"));
}

TYPED_TEST_P(WindowsContract, ALimitThatCameBackCountsAnew) {
  this->Limits({this->Requests(1)});
  this->Reserve(1, 20);
  this->table_ = LimitTable::Build(
      std::vector<StoredLimit>{{.limit = LimitOf(this->Requests(1)), .counting_since_us = 5}});
  EXPECT_THAT(this->State(), ElementsAre("0+0"));
  EXPECT_EQ(this->Reserve(2, 20).kind, ReserveKind::kGranted);
  // The old hold ends without touching it.
  this->Settle(1, 30);
  EXPECT_THAT(this->State(), ElementsAre("0+1"));
}

TYPED_TEST_P(WindowsContract, AChangedCountAppliesToWhatIsThere) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  this->Limits({this->Tokens(30)});
  EXPECT_EQ(this->Reserve(2, 20).kind, ReserveKind::kRefused);
  this->Settle(1, 30);
  this->Limits({this->Tokens(60)});
  EXPECT_EQ(this->Reserve(3, 20).kind, ReserveKind::kGranted);
  EXPECT_THAT(this->State(), ElementsAre("30+30"));
}

TYPED_TEST_P(WindowsContract, ExtendRaisesTheHoldAsFarAsThereIsRoom) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  EXPECT_EQ(this->Extend(1, 50).output_cap, 50);
  EXPECT_THAT(this->State(), ElementsAre("0+60"));
  EXPECT_EQ(this->Extend(1, 50).output_cap, 50) << "it is covered";
  EXPECT_EQ(this->Extend(1, 30).output_cap, 50) << "it does not shrink";
  EXPECT_EQ(this->Extend(1, 200).output_cap, 90);
  EXPECT_THAT(this->State(), ElementsAre("0+100"));
  const ExtendOutcome exhausted = this->Extend(1, 200);
  EXPECT_EQ(exhausted.kind, ExtendKind::kExhausted);
  EXPECT_EQ(exhausted.limit->name, "tokens");
  EXPECT_THAT(this->State(), ElementsAre("0+100"));
  this->Settle(1, 70);
  EXPECT_THAT(this->State(), ElementsAre("70+0"));
}

TYPED_TEST_P(WindowsContract, ExtendOfAnAdaptiveLimitIsNeverStopped) {
  this->Limits({this->Adaptive(40)});
  this->Reserve(1, 20);
  EXPECT_EQ(this->Extend(1, 500).output_cap, 500);
  EXPECT_THAT(this->State(), ElementsAre("0+40")) << "it holds what there is room for";
  EXPECT_EQ(this->Extend(1, 900).output_cap, 900);
  this->Settle(1, 910);
  EXPECT_THAT(this->State(), ElementsAre("910+0"));
}

TYPED_TEST_P(WindowsContract, ExtendNeedsAnOpenHold) {
  this->Limits({this->Tokens(100)});
  EXPECT_EQ(this->Extend(1, 50).kind, ExtendKind::kNoHold);
  this->Reserve(1, 20);
  this->Settle(1, 20);
  EXPECT_EQ(this->Extend(1, 50).kind, ExtendKind::kNoHold);
}

TYPED_TEST_P(WindowsContract, ASettlementCountsOnce) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  this->Reserve(1, 20);
  EXPECT_EQ(this->Settle(1, 25), SettleKind::kApplied);
  EXPECT_EQ(this->Settle(1, 25), SettleKind::kRepeated);
  EXPECT_EQ(this->Settle(1, 99), SettleKind::kRepeated) << "the first one is the truth";
  EXPECT_THAT(this->State(), ElementsAre("1+0", "25+0"));
}

TYPED_TEST_P(WindowsContract, ZeroIsAValue) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  EXPECT_EQ(this->Settle(1, 0), SettleKind::kApplied);
  EXPECT_THAT(this->State(), ElementsAre("0+0"));
}

TYPED_TEST_P(WindowsContract, ACorrectionTakesThePlaceOfTheSettlementInAnyOrder) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  this->Reserve(1, 20);
  this->Settle(1, 25, 1);
  EXPECT_EQ(this->Settle(1, 40, 2), SettleKind::kApplied);
  EXPECT_EQ(this->Settle(1, 40, 2), SettleKind::kRepeated);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "40+0"));

  this->Reserve(2, 20);
  this->Settle(2, 5, 2);
  EXPECT_EQ(this->Settle(2, 30, 1), SettleKind::kRepeated);
  EXPECT_THAT(this->State(), ElementsAre("2+0", "45+0"));
}

TYPED_TEST_P(WindowsContract, ACorrectionGivesNothingBackToALaterWindow) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  this->Settle(1, 30, 1);
  this->Advance(60);
  this->Reserve(2, 20);
  this->Settle(2, 30, 1);
  this->Settle(1, 10, 2);
  EXPECT_THAT(this->State(), ElementsAre("30+0"));
}

TYPED_TEST_P(WindowsContract, AnUnknownAttemptIsChargedOnceTheLedgerWasAsked) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  SettleOp op = this->Spent(1, 25);
  EXPECT_EQ(this->Settle(op), SettleKind::kUnknown);
  EXPECT_THAT(this->State(), ElementsAre("0+0", "0+0"));
  op.prior = PriorPosting{};
  EXPECT_EQ(this->Settle(op), SettleKind::kApplied);
  EXPECT_EQ(this->Settle(op), SettleKind::kRepeated);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "25+0"));
}

TYPED_TEST_P(WindowsContract, WhatTheLedgerKnowsIsNotChargedAgain) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  SettleOp op = this->Spent(1, 25);
  op.prior = PriorPosting{.seq = 1, .tokens = 25, .requests = 1, .posted_at_us = 1};
  EXPECT_EQ(this->Settle(op), SettleKind::kRepeated);
  op.seq = 2;
  op.tokens = 40;
  EXPECT_EQ(this->Settle(op), SettleKind::kApplied);
  EXPECT_THAT(this->State(), ElementsAre("0+0", "15+0")) << "only what is new";
}

TYPED_TEST_P(WindowsContract, ReleaseVoidsTheHold) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  this->Reserve(1, 20);
  this->Release(1);
  this->Release(1);
  this->Release(2);
  EXPECT_THAT(this->State(), ElementsAre("0+0", "0+0"));
}

TYPED_TEST_P(WindowsContract, ABlockedPromptKeepsItsRequest) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  this->Reserve(1, 20);
  this->Release(1, true);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "0+0"));
}

TYPED_TEST_P(WindowsContract, ReleaseAndSettleConvergeInAnyOrder) {
  this->Limits({this->Requests(5), this->Tokens(100)});
  this->Reserve(1, 20);
  this->Settle(1, 25);
  this->Release(1);
  EXPECT_THAT(this->State(), ElementsAre("1+0", "25+0"));
  this->Reserve(2, 20);
  this->Release(2, true);
  EXPECT_EQ(this->Settle(2, 25), SettleKind::kApplied) << "something was spent after all";
  EXPECT_THAT(this->State(), ElementsAre("2+0", "50+0"));
}

TYPED_TEST_P(WindowsContract, AHoldLapsesWhenItsEdgeIsSilent) {
  this->Limits({this->Requests(5), this->Tokens(100), this->Adaptive(1000)});
  this->Reserve(1, 20);
  this->Advance(59);
  EXPECT_EQ(this->Reap(), 0);
  this->Advance(1);
  EXPECT_EQ(this->Reap(), 1);
  EXPECT_EQ(this->Reap(), 0);
  // Assumed spent where that must not be exceeded, void elsewhere.
  EXPECT_THAT(this->State(), ElementsAre("1+0", "30+0", "0+0"));
  EXPECT_EQ(this->Extend(1, 50).kind, ExtendKind::kNoHold);
}

TYPED_TEST_P(WindowsContract, AnEdgeThatIsHeardOfKeepsItsHolds) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  ReserveOp other = this->Op(IdOf(2), this->Ask(20));
  other.edge_id = "edge-2";
  this->Reserve(other);
  for (int i = 0; i < 10; ++i) {
    this->Advance(20);
    EXPECT_EQ(this->Renew("edge-1"), 1);
    this->Reap();
  }
  EXPECT_EQ(this->Renew("edge-2"), 0);
  EXPECT_EQ(this->Renew("edge-3"), 0);
  EXPECT_EQ(this->Extend(1, 25).kind, ExtendKind::kCovered);
  EXPECT_EQ(this->Extend(2, 25).kind, ExtendKind::kNoHold);
}

TYPED_TEST_P(WindowsContract, AHoldIsRenewedByItsEdgeAloneAndLapsesByItsOwnAge) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  this->Advance(30);
  this->Reserve(2, 20);
  this->Advance(30);
  EXPECT_EQ(this->Reap(), 1);
  EXPECT_EQ(this->Extend(2, 25).kind, ExtendKind::kCovered);
  this->Advance(30);
  EXPECT_EQ(this->Reap(), 1);
}

TYPED_TEST_P(WindowsContract, AnEdgeThatIsGoneLeavesNothingBehind) {
  this->Limits({this->Requests(100), this->Tokens(1000)});
  this->Reserve(1, 20);
  LeaseOp lease{.id = IdOf(9),
                .organization = "acme",
                .edge_id = "edge-1",
                .matches = this->Match(),
                .wanted = {8, 80, 0},
                .least = {1, 1, 0}};
  EXPECT_EQ(this->Done(this->windows().Lease(lease)).granted, (LeaseAmounts{8, 80, kMaxAmount}));
  this->Advance(61);
  EXPECT_EQ(this->Reap(), 2);
  this->Reserve(2, 20);
  ReserveOp other = this->Op(IdOf(3), this->Ask(20));
  other.edge_id = "edge-2";
  this->Reserve(other);
  EXPECT_THAT(this->State(), ElementsAre("9+2", "110+60"));
  EXPECT_EQ(this->Done(this->windows().Forsake("edge-1")), 3);
  EXPECT_THAT(this->State(), ElementsAre("0+1", "0+30"));
  EXPECT_EQ(this->Done(this->windows().Forsake("edge-1")), 0);
}

TYPED_TEST_P(WindowsContract, TheTruthAfterExpiryWins) {
  this->Limits({this->Requests(5), this->Tokens(100), this->Adaptive(1000)});
  this->Reserve(1, 20);
  this->Reserve(2, 20);
  this->Reserve(3, 20);
  this->Advance(60);
  EXPECT_EQ(this->Reap(), 3);
  EXPECT_THAT(this->State(), ElementsAre("3+0", "90+0", "0+0"));
  EXPECT_EQ(this->Settle(1, 25), SettleKind::kApplied);
  EXPECT_EQ(this->Settle(1, 25), SettleKind::kRepeated);
  EXPECT_THAT(this->State(), ElementsAre("3+0", "85+0", "25+0"));
  EXPECT_EQ(this->Settle(2, 40), SettleKind::kApplied);
  EXPECT_THAT(this->State(), ElementsAre("3+0", "95+0", "65+0"));
  this->Release(3);
  EXPECT_THAT(this->State(), ElementsAre("2+0", "65+0", "65+0"));
  EXPECT_EQ(this->Reserve(1, 20).kind, ReserveKind::kReplayed);
}

TYPED_TEST_P(WindowsContract, WhatWasAssumedInAnEarlierWindowIsNotGivenBackToThis) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  this->Advance(60);
  this->Reap();
  EXPECT_THAT(this->State(), ElementsAre("30+0"));
  this->Advance(60);
  this->Reserve(2, 20);
  this->Settle(2, 30);
  this->Settle(1, 20, 1);
  this->Settle(1, 5, 2);
  EXPECT_THAT(this->State(), ElementsAre("30+0"));
}

TYPED_TEST_P(WindowsContract, ReapSaysUntilWhenThereIsNothingToReap) {
  this->Limits({this->Tokens(100)});
  const auto idle = [&] { return this->Done(this->windows().ReapExpired()).idle_for; };
  EXPECT_EQ(idle(), std::chrono::seconds(60));
  this->Reserve(1, 20);
  this->Advance(25);
  EXPECT_EQ(idle(), std::chrono::seconds(35));
  this->Renew("edge-1");
  EXPECT_EQ(idle(), std::chrono::seconds(60));
}

TYPED_TEST_P(WindowsContract, AnAnswerLongerThanTheWindowCountsInBoth) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 50);
  this->Advance(60);
  this->Renew("edge-1");
  EXPECT_THAT(this->State(), ElementsAre("0+60"));
  EXPECT_EQ(this->Reserve(2, 90).output_cap, 30);
  this->Settle(1, 60);
  EXPECT_THAT(this->State(), ElementsAre("60+40"));
}

TYPED_TEST_P(WindowsContract, AWallClockThatIsSetBackReopensNoWindow) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 90);
  this->Settle(1, 100);
  this->Advance(60);
  this->Reserve(2, 90);
  this->Settle(2, 100);
  this->harness_.SetWallBack(std::chrono::seconds(60));
  EXPECT_EQ(this->Reserve(3, 20).kind, ReserveKind::kRefused);
  this->harness_.SetWallBack(std::chrono::hours(24));
  EXPECT_EQ(this->Reserve(3, 20).kind, ReserveKind::kRefused);
}

TYPED_TEST_P(WindowsContract, AnAttemptIsForgottenAnHourAfterItsEnd) {
  this->Limits({this->Tokens(100)});
  this->Reserve(1, 20);
  this->Settle(1, 30);
  this->Advance(3599);
  this->Reap();
  EXPECT_EQ(this->Settle(1, 30), SettleKind::kRepeated);
  EXPECT_EQ(this->Reserve(1, 20).kind, ReserveKind::kReplayed);
}

TYPED_TEST_P(WindowsContract, RestoreSetsTheUseOfCounters) {
  this->Limits({this->Tokens(100), this->Requests(5)});
  this->Reserve(1, 20);
  std::vector<RestoredCounter> counters;
  for (const LimitPtr& each : this->table_->All()) {
    counters.push_back({.limit = each, .used = each->counts_requests() ? 3 : 60});
  }
  // 2025-11-21 10:00:00: the minute that is current.
  for (RestoredCounter& each : counters) each.window_start_us = 1763719200'000000;
  EXPECT_THAT(RunUntilDone(this->windows().Restore(counters)), IsOk());
  EXPECT_THAT(this->State(), ElementsAre("3+1", "60+30"));
  this->Advance(60);
  EXPECT_THAT(this->State(), ElementsAre("0+1", "0+30"));
}

TYPED_TEST_P(WindowsContract, OrganisationsAreApart) {
  this->Limits({this->Requests(1), [] {
                  LimitSpec other = {
                      .name = "requests", .organization = "other", .unit = kRequests, .count = 1};
                  return other;
                }()});
  this->Reserve(1, 20);
  v1::Subjects subjects;
  subjects.set_organization("other");
  ReserveOp op{.id = IdOf(2),
               .organization = "other",
               .matches = this->table_->Match(subjects),
               .demand = this->Ask(20)};
  EXPECT_EQ(this->Reserve(op).kind, ReserveKind::kGranted);
  EXPECT_THAT(this->State(), ElementsAre("0+1"));
}

REGISTER_TYPED_TEST_SUITE_P(
    WindowsContract, HoldsThenSettles, HoldsAgainstAllLimitsOrNone, AStormOfRefusalsChangesNothing,
    ADryRunChangesNothing, ARepeatedReserveGetsTheSameAnswerAndNoSecondHold,
    TheSameKeyWithAnotherBodyIsAConflict, ARefusedKeyMayBeAskedAgain,
    AFurtherAttemptHoldsTokensAndNoRequest, ADefaultCountsForEachSubject,
    ALimitThatCameBackCountsAnew, AChangedCountAppliesToWhatIsThere,
    ExtendRaisesTheHoldAsFarAsThereIsRoom, ExtendOfAnAdaptiveLimitIsNeverStopped,
    ExtendNeedsAnOpenHold, ASettlementCountsOnce, ZeroIsAValue,
    ACorrectionTakesThePlaceOfTheSettlementInAnyOrder, ACorrectionGivesNothingBackToALaterWindow,
    AnUnknownAttemptIsChargedOnceTheLedgerWasAsked, WhatTheLedgerKnowsIsNotChargedAgain,
    ReleaseVoidsTheHold, ABlockedPromptKeepsItsRequest, ReleaseAndSettleConvergeInAnyOrder,
    AHoldLapsesWhenItsEdgeIsSilent, AnEdgeThatIsHeardOfKeepsItsHolds,
    AHoldIsRenewedByItsEdgeAloneAndLapsesByItsOwnAge, AnEdgeThatIsGoneLeavesNothingBehind,
    TheTruthAfterExpiryWins, WhatWasAssumedInAnEarlierWindowIsNotGivenBackToThis,
    ReapSaysUntilWhenThereIsNothingToReap, AnAnswerLongerThanTheWindowCountsInBoth,
    AWallClockThatIsSetBackReopensNoWindow, AnAttemptIsForgottenAnHourAfterItsEnd,
    RestoreSetsTheUseOfCounters, OrganisationsAreApart);

}  // namespace weir::quota
