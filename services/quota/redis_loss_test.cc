// What becomes of shared windows when their server loses them, or is lost.
#include <gtest/gtest.h>

#include <thread>

#include "common/api/announcing_quota.h"
#include "common/log/log.h"
#include "common/status/detail.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/quota/ledger_counters.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/memory_ledger.h"
#include "services/quota/memory_limit_store.h"
#include "services/quota/quota_for_test.h"
#include "services/quota/redis_windows_for_test.h"

namespace weir::quota {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Code = v1::ReserveResponse;

const LimitSpec kDay = {
    .name = "day", .count = 100, .period_s = 86'400, .enforcement = v1::ENFORCEMENT_STRICT};

// --- The store by itself.

class RedisLossTest : public ::testing::Test {
 protected:
  ReserveOutcome::Kind Reserve(uint32_t number, int64_t declared = 20) {
    const ReserveOp op{
        .id = IdOf(number),
        .organization = "acme",
        .edge_id = "edge",
        .matches = matches_,
        .demand = {.input_bound = 10, .input_likely = 10, .output_declared = declared}};
    return Done(redis_.windows.Reserve(op)).kind;
  }
  SettleOutcome::Kind Settle(uint32_t number, int64_t tokens,
                             std::optional<PriorPosting> prior = std::nullopt) {
    const SettleOp op{.id = IdOf(number),
                      .organization = "acme",
                      .tokens = tokens,
                      .matches = matches_,
                      .prior = prior};
    return Done(redis_.windows.Settle(op)).kind;
  }
  std::string State() {
    const Standing standing = Done(redis_.windows.Peek(matches_))[0].standing;
    return fmt::format("{}+{}", standing.used, standing.held);
  }
  template <typename T>
  T Done(asio::awaitable<absl::StatusOr<T>> work) {
    absl::StatusOr<T> result = RunUntilDone(loop_, std::move(work));
    EXPECT_THAT(result, IsOk());
    return *std::move(result);
  }
  // The ledger has so many tokens.
  void LedgerHas(int64_t used) {
    const int64_t today = clock_.Now().time_since_epoch() / std::chrono::hours(24);
    redis_.source.counters = std::vector<RestoredCounter>{
        {.limit = table_->All()[0], .used = used, .window_start_us = today * 86'400'000'000}};
  }
  void Forget(std::string_view field, std::string_view value) {
    server_.Ask({"HSET", "w1:q:{acme}:m", field, value});
  }

  testing::RedisServer& server_ = SharedServer();
  testing::FakeClock clock_;
  RedisWindowsForTest redis_{clock_};
  std::shared_ptr<const LimitTable> table_ = TableOf({kDay});
  const v1::Subjects subjects_ = SubjectsOf("ann");
  LimitMatches matches_ = table_->Match(subjects_);
  asio::io_context loop_{1};
};

TEST_F(RedisLossTest, AFlushedStoreIsRebuiltBeforeItAdmitsAnybody) {
  EXPECT_EQ(Reserve(1), ReserveOutcome::Kind::kGranted);
  EXPECT_EQ(Settle(1, 30), SettleOutcome::Kind::kApplied);
  LedgerHas(90);
  server_.Ask({"FLUSHALL"});
  EXPECT_EQ(Reserve(2), ReserveOutcome::Kind::kRefused);
  EXPECT_EQ(State(), "90+0");
  EXPECT_THAT(redis_.source.asked, ElementsAre("acme", "acme"));
}

TEST_F(RedisLossTest, ARebuildThatALossOvertookIsNotTaken) {
  LedgerHas(10);
  redis_.source.on_asked = [this] {
    server_.Ask({"FLUSHALL"});
    LedgerHas(90);
  };
  EXPECT_EQ(Reserve(1), ReserveOutcome::Kind::kRefused);
  EXPECT_EQ(State(), "90+0");
  EXPECT_THAT(redis_.source.asked, SizeIs(2));
}

TEST_F(RedisLossTest, ARebuildThatBeganOnAnotherServerIsNotTaken) {
  Reserve(1);
  for (const bool was_there : {false, true}) {
    redis_.source.asked.clear();
    if (was_there) {
      redis_.windows.Distrust("acme");
    } else {
      Forget("g", "another");
    }
    LedgerHas(10);
    // What a replica that is made the master has of it.
    redis_.source.on_asked = [this] {
      Forget("g", "the old master");
      Forget("b", "the old master, at some time");
      LedgerHas(20);
    };
    EXPECT_EQ(State(), "20+30");
    EXPECT_THAT(redis_.source.asked, SizeIs(2));
  }
}

TEST_F(RedisLossTest, WhoDistrustsIsNotContentWithWhatSomebodyElseSummed) {
  Reserve(1);
  redis_.windows.Distrust("acme");
  LedgerHas(10);
  redis_.source.on_asked = [this] {
    LedgerHas(20);
    Forget("e", "1");  // As another process leaves it.
  };
  EXPECT_EQ(State(), "20+30");
}

TEST_F(RedisLossTest, WhatIsUnderWayIsHeldWhateverTheRoom) {
  LedgerHas(90);
  const ReserveOp op{.id = IdOf(7),
                     .organization = "acme",
                     .edge_id = "edge",
                     .matches = matches_,
                     .demand = {.input_bound = 10, .input_likely = 10, .output_declared = 20},
                     .is_under_way = true};
  EXPECT_EQ(Done(redis_.windows.Reserve(op)).kind, ReserveOutcome::Kind::kGranted);
  EXPECT_EQ(State(), "90+30");
  EXPECT_EQ(Reserve(8, 1), ReserveOutcome::Kind::kRefused);
  EXPECT_EQ(Settle(7, 25), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "115+0");
}

TEST_F(RedisLossTest, ForgottenScriptsAreLoadedAgain) {
  Reserve(1);
  server_.Ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Settle(1, 25), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "25+0");
  EXPECT_THAT(redis_.source.asked, SizeIs(1));
}

TEST_F(RedisLossTest, AnotherServersCountersAndALostTailAreNotReliedOn) {
  Reserve(1);
  Settle(1, 25);
  LedgerHas(40);
  Forget("g", "the run id of another one");
  EXPECT_EQ(State(), "40+0");
  // A replica that had not heard of the last changes was made the master.
  LedgerHas(50);
  Forget("n", "1");
  EXPECT_EQ(State(), "50+0");
  EXPECT_THAT(redis_.source.asked, SizeIs(3));
}

TEST_F(RedisLossTest, WhatTheLedgerCannotTellIsUnavailable) {
  redis_.source.counters = status::Unavailable("the disk is gone");
  const ReserveOp op{.id = IdOf(1), .organization = "acme", .matches = matches_};
  EXPECT_THAT(RunUntilDone(loop_, redis_.windows.Reserve(op)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the disk is gone")));
  LedgerHas(10);
  EXPECT_EQ(State(), "10+0");
}

TEST_F(RedisLossTest, ASurvivingHoldCountsAndItsSettlementAsksTheLedger) {
  for (uint32_t i = 1; i <= 3; ++i) Reserve(i);
  // The settlement of the first was lost with the tail: the ledger has it.
  LedgerHas(25);
  Forget("g", "another");
  EXPECT_EQ(State(), "25+90");
  EXPECT_EQ(Settle(1, 25), SettleOutcome::Kind::kUnknown);
  EXPECT_EQ(Settle(1, 25, PriorPosting{.seq = 1, .tokens = 25}), SettleOutcome::Kind::kRepeated);
  EXPECT_EQ(State(), "25+60");
  EXPECT_EQ(Settle(2, 20, PriorPosting{}), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "45+30");
  // Nobody tells of the third: it lapses although its edge lives, and is taken as spent.
  clock_.Advance(std::chrono::seconds(59));
  EXPECT_EQ(Done(redis_.windows.Renew("edge")), 1);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Done(redis_.windows.ReapExpired()).holds, 1);
  EXPECT_EQ(State(), "75+0");
  EXPECT_EQ(Settle(3, 5, PriorPosting{}), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "50+0");
}

TEST_F(RedisLossTest, WhatItsEdgeSpeaksForIsKeptAlive) {
  Reserve(1);
  Reserve(2);
  LedgerHas(0);
  Forget("g", "another");
  EXPECT_EQ(State(), "0+60");
  EXPECT_THAT(Done(redis_.windows.Confirm("acme", {IdOf(1), IdOf(3)})), ElementsAre(IdOf(3)));
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(std::chrono::seconds(40));
    EXPECT_EQ(Done(redis_.windows.Renew("edge")), 2);
    // On a loop that has not looked yet: one looks again when it is due in real time.
    EXPECT_THAT(RunUntilDone(redis_.windows.ReapExpired()), IsOk());
  }
  EXPECT_EQ(State(), "30+30") << "the other is taken as spent";
  EXPECT_EQ(Settle(1, 20), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "50+0");
}

TEST_F(RedisLossTest, AnOrganisationThatCannotBeRebuiltHarmsNoOther) {
  Reserve(1);
  const ReserveOp other{.id = IdOf(2), .organization = "other", .edge_id = "edge"};
  EXPECT_EQ(Done(redis_.windows.Reserve(other)).kind, ReserveOutcome::Kind::kGranted);
  redis_.source.failing = "acme";
  Forget("g", "another");
  clock_.Advance(std::chrono::seconds(40));
  EXPECT_THAT(RunUntilDone(loop_, redis_.windows.Renew("edge")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("acme")));
  clock_.Advance(std::chrono::seconds(40));
  const auto reap = [this] { return RunUntilDone(redis_.windows.ReapExpired()); };
  EXPECT_EQ(reap()->holds, 0) << "the other's was renewed";
  clock_.Advance(std::chrono::seconds(20));
  EXPECT_EQ(reap()->holds, 1);
}

TEST_F(RedisLossTest, ALapsedHoldOfBeforeIsTheLedgersAlone) {
  Reserve(1);
  clock_.Advance(std::chrono::seconds(60));
  EXPECT_EQ(Done(redis_.windows.ReapExpired()).holds, 1);
  EXPECT_EQ(State(), "30+0");
  LedgerHas(0);
  Forget("g", "another");
  EXPECT_EQ(State(), "0+0");
  EXPECT_EQ(Settle(1, 20, PriorPosting{}), SettleOutcome::Kind::kApplied);
  EXPECT_EQ(State(), "20+0");
}

TEST_F(RedisLossTest, WhatIsDistrustedIsRebuilt) {
  Reserve(1);
  LedgerHas(30);
  redis_.windows.Distrust("acme");
  EXPECT_EQ(State(), "30+30");
  EXPECT_EQ(State(), "30+30");
  EXPECT_THAT(redis_.source.asked, SizeIs(2));
}

// --- Several at once.

asio::awaitable<void> CountGrants(Windows& windows, ReserveOp op, std::atomic<int>& granted,
                                  std::atomic<int>& open) {
  const absl::StatusOr<ReserveOutcome> outcome = co_await windows.Reserve(op);
  EXPECT_THAT(outcome, IsOk());
  if (outcome.ok() && outcome->kind == ReserveOutcome::Kind::kGranted) ++granted;
  --open;
}

// Each has limits of its own, made of the same documents at another time.
TEST(RedisSharedTest, ProcessesShareALimitThatEachMadeForItself) {
  const SystemClock clock;
  const v1::Subjects subjects = SubjectsOf("ann");
  RedisWindowsForTest first(clock), second(clock);
  const auto reserve = [&](RedisWindows& windows, uint32_t number, int64_t since_us) {
    const auto table = LimitTable::Build(std::vector<StoredLimit>{
        {.limit = LimitOf({.unit = kRequests, .count = 2, .period_s = 86'400}),
         .counting_since_us = since_us}});
    const auto outcome = RunUntilDone(windows.Reserve(
        {.id = IdOf(number), .organization = "acme", .matches = table->Match(subjects)}));
    EXPECT_THAT(outcome, IsOk());
    return outcome->kind == ReserveOutcome::Kind::kGranted;
  };
  EXPECT_TRUE(reserve(first.windows, 1, 100));
  EXPECT_TRUE(reserve(second.windows, 2, 200));
  EXPECT_FALSE(reserve(first.windows, 3, 100));
  EXPECT_FALSE(reserve(second.windows, 4, 200));
  // One of them makes it again: it counts anew, for both.
  EXPECT_TRUE(reserve(first.windows, 5, 300));
  EXPECT_TRUE(reserve(second.windows, 6, 200));
  EXPECT_FALSE(reserve(second.windows, 7, 200));
}

TEST(RedisSharedTest, EachProcessTellsItsOwnOfALossWhoeverNoticedIt) {
  const SystemClock clock;
  RedisWindowsForTest first(clock), second(clock);
  std::vector<std::string> told, told_too;
  first.windows.OnLoss([&](const std::string& lost) { told.push_back(lost); });
  second.windows.OnLoss([&](const std::string& lost) { told_too.push_back(lost); });
  uint32_t number = 0;
  const auto reserve = [&](RedisWindows& windows) {
    const ReserveOp op{.id = IdOf(++number), .organization = "acme", .edge_id = "edge"};
    EXPECT_THAT(RunUntilDone(windows.Reserve(op)), IsOk());
    EXPECT_THAT(RunUntilDone(windows.ReapExpired()), IsOk());
  };
  reserve(first.windows);
  reserve(second.windows);
  EXPECT_THAT(told, ElementsAre(""));
  EXPECT_THAT(told_too, ElementsAre(""));
  SharedServer().Ask({"FLUSHALL"});
  reserve(first.windows);
  reserve(second.windows);
  EXPECT_THAT(told, ::testing::Contains("").Times(::testing::Ge(2)));
  EXPECT_THAT(told_too, ::testing::Contains("").Times(2));
}

TEST(RedisSharedTest, FourProcessesOnALimitOfTwentyRequestsGetExactlyTwenty) {
  const SystemClock clock;
  const auto table =
      TableOf({{.name = "requests", .unit = kRequests, .count = 20, .period_s = 86'400}});
  const v1::Subjects subjects = SubjectsOf("ann");
  SharedServer();
  std::vector<std::unique_ptr<RedisWindowsForTest>> processes;
  for (int i = 0; i < 4; ++i) processes.push_back(std::make_unique<RedisWindowsForTest>(clock));
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (uint32_t process = 0; process < 4; ++process) {
    threads.emplace_back([&, process] {
      asio::io_context loop{1};
      std::atomic<int> open = 64;
      for (uint32_t i = 0; i < 64; ++i) {
        ReserveOp op{.id = IdOf(process * 1000 + i),
                     .organization = "acme",
                     .edge_id = "edge",
                     .matches = table->Match(subjects)};
        asio::co_spawn(loop, CountGrants(processes[process]->windows, op, granted, open),
                       asio::detached);
      }
      while (open > 0) loop.run_one();
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(granted, 20);
}

// --- The service over it, with a server of its own.

class RedisOutageTest : public ::testing::Test {
 protected:
  // Edges are listened to for so long after a loss.
  explicit RedisOutageTest(Duration listening = Duration(0)) : listening_(listening) {}
  static QuotaConfig Config() {
    QuotaConfig config;
    config.store = QuotaConfig::Store::kRedis;
    config.outage_share = 0.3;
    config.ledger_linger = Duration(0);
    return config;
  }
  void Limits(const std::vector<LimitSpec>& specs) {
    for (const LimitSpec& each : specs) EXPECT_THAT(store_.Put({.limit = LimitOf(each)}), IsOk());
    EXPECT_THAT(limits_.Reload(store_), IsOk());
  }
  std::shared_ptr<const redis::Route> Route() {
    redis::RedisConfig config = server_.config();
    config.command_timeout = milliseconds(300);
    config.connect_timeout = milliseconds(300);
    return *redis::MakeRoute(config);
  }
  absl::StatusOr<v1::ReserveResponse> Reserve(uint32_t number, int64_t declared = 20) {
    const auto request = QuotaForTest::Ask(number, 10, 10, declared);
    return RunUntilDone(loop_, service_.Reserve({}, request));
  }
  absl::StatusOr<v1::SettleResponse> Settle(uint32_t number, int64_t tokens) {
    return RunUntilDone(loop_, service_.Settle({}, QuotaForTest::Spent(number, 0, tokens)));
  }
  void Release(uint32_t number) {
    v1::ReleaseRequest request;
    *request.mutable_key() = QuotaForTest::KeyOf(number);
    request.set_organization("acme");
    EXPECT_THAT(RunUntilDone(loop_, service_.Release({}, request)), IsOk());
  }
  // "used+held" of the limit, as soon as the store answers.
  std::string State(size_t limit = 0) {
    const auto table = limits_.Current();
    const v1::Subjects subjects = SubjectsOf("ann", "red", "gpt");
    const MonotonicTime end = clock_.Monotonic() + std::chrono::seconds(8);
    while (clock_.Monotonic() < end) {
      const auto positions = RunUntilDone(loop_, windows_.Peek(table->Match(subjects)));
      if (positions.ok()) {
        const Standing& standing = (*positions)[limit].standing;
        return fmt::format("{}+{}", standing.used, standing.held);
      }
      loop_.restart();
      loop_.run_for(milliseconds(20));
    }
    return "away";
  }
  // Until the service has told what the store missed.
  void CatchUp() {
    loop_.restart();
    loop_.run_for(milliseconds(2500));
  }

  const Duration listening_;
  testing::RedisServer server_;
  const QuotaConfig config_ = Config();
  SystemClock clock_;
  SecureRandom random_;
  MemoryLimitStore store_;
  LiveLimits limits_;
  MemoryLedger ledger_;
  WorkerPool workers_{"quota-test", 1, 100};
  WorkerPool rebuilders_{"rebuild-test", 1, 100};
  LedgerCounters counters_{
      {.limits = limits_, .ledger = ledger_, .workers = rebuilders_, .clock = clock_}};
  RedisWindows windows_{
      {.rebuild_grace = Duration(0), .listening = listening_},
      {.route = Route(), .clock = clock_, .random = random_, .source = counters_}};
  asio::io_context loop_{1};
  AsioTimers timers_{loop_, clock_};
  LedgerWriter writer_{config_, ledger_};
  QuotaService service_{config_,
                        {.windows = windows_,
                         .limits = limits_,
                         .sink = writer_,
                         .ledger = ledger_,
                         .workers = workers_,
                         .clock = clock_}};
};

TEST_F(RedisOutageTest, DayCountersAreBackFromTheLedgerAfterAKill) {
  Limits({kDay});
  EXPECT_THAT(Reserve(1), IsOk());
  EXPECT_THAT(Settle(1, 60), IsOk());
  EXPECT_EQ(State(), "60+0");
  server_.Kill();
  server_.Start();
  EXPECT_EQ(State(), "60+0");
  EXPECT_EQ(Reserve(2)->output_tokens_cap(), 0) << "the declared output fits";
  EXPECT_THAT(Reserve(3), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(RedisOutageTest, StrictLimitsRefuseAdaptiveOnesShareAndObservedOnesAreOpen) {
  Limits({kDay});
  server_.Kill();
  const auto refused = Reserve(1);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("limit 'day' must not be exceeded, and what is spent")));
  EXPECT_TRUE(status::Detail<common::v1::RetryLater>(refused.status()).has_value());

  EXPECT_THAT(store_.Delete("acme", "day"), IsOk());
  Limits({{.name = "minute", .count = 300, .enforcement = v1::ENFORCEMENT_ADAPTIVE},
          {.name = "seen", .count = 1, .enforcement = v1::ENFORCEMENT_OBSERVE}});
  // A share of 90 tokens, 30 each.
  for (uint32_t i = 2; i < 5; ++i) {
    const auto granted = Reserve(i);
    ASSERT_THAT(granted, IsOk());
    EXPECT_EQ(granted->code(), Code::CODE_DEGRADED);
    EXPECT_EQ(granted->held_tokens(), 30);
  }
  EXPECT_THAT(Reserve(5), StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_THAT(store_.Delete("acme", "minute"), IsOk());
  EXPECT_THAT(limits_.Reload(store_), IsOk());
  for (uint32_t i = 10; i < 20; ++i) EXPECT_EQ(Reserve(i)->code(), Code::CODE_DEGRADED);
}

TEST_F(RedisOutageTest, ASettlementDuringAnOutageCountsOnce) {
  Limits({kDay});
  EXPECT_THAT(Reserve(1), IsOk());
  EXPECT_THAT(Reserve(2), IsOk());
  EXPECT_EQ(State(), "0+60");
  // It hangs, and loses nothing.
  server_.Pause();
  EXPECT_THAT(Settle(1, 25), IsOk());
  EXPECT_THAT(Settle(1, 25), IsOk()) << "sent again by its edge";
  const auto sums = ledger_.SumSubjects({.organization = "acme", .level = v1::LEVEL_ORGANIZATION});
  EXPECT_EQ(sums->at(0).total_tokens, 25);
  server_.Resume();
  EXPECT_EQ(State(), "25+60") << "from the ledger; nobody has told of the hold yet";
  asio::co_spawn(loop_, service_.Run(timers_), asio::detached);
  CatchUp();
  EXPECT_EQ(State(), "25+30");
  EXPECT_THAT(Settle(1, 25), IsOk());
  EXPECT_THAT(Settle(2, 30), IsOk());
  EXPECT_EQ(State(), "55+0");
}

TEST_F(RedisOutageTest, ASettlementDuringAnOutageCountsOnceAlsoWhereAllIsLost) {
  Limits({kDay});
  EXPECT_THAT(Reserve(1), IsOk());
  server_.Kill();
  EXPECT_THAT(Settle(1, 25), IsOk());
  server_.Start();
  asio::co_spawn(loop_, service_.Run(timers_), asio::detached);
  CatchUp();
  EXPECT_EQ(State(), "25+0");
  EXPECT_THAT(Settle(1, 25), IsOk());
  EXPECT_EQ(State(), "25+0");
}

TEST_F(RedisOutageTest, AReleaseDuringAnOutageIsMadeUpFor) {
  Limits({kDay});
  EXPECT_THAT(Reserve(1), IsOk());
  server_.Pause();
  Release(1);
  server_.Resume();
  EXPECT_EQ(State(), "0+30");
  asio::co_spawn(loop_, service_.Run(timers_), asio::detached);
  CatchUp();
  EXPECT_EQ(State(), "0+0");
}

class RedisListeningTest : public RedisOutageTest {
 protected:
  RedisListeningTest() : RedisOutageTest(milliseconds(400)) {
    asio::co_spawn(loop_, edge_.Run(), asio::detached);
    loop_.poll();
  }
  ~RedisListeningTest() override { service_.Close(); }
  absl::StatusOr<v1::ReserveResponse> Begin(uint32_t number) {
    return RunUntilDone(loop_, edge_.Reserve({}, QuotaForTest::Ask(number, 10, 10, 20)));
  }
  void End(uint32_t number, int64_t tokens) {
    EXPECT_THAT(RunUntilDone(loop_, edge_.Settle({}, QuotaForTest::Spent(number, 0, tokens))),
                IsOk());
  }
  api::AnnouncingQuota edge_{service_, timers_};
};

TEST_F(RedisListeningTest, WhatAnEdgeHasUnderWayIsHeldAgainBeforeAnybodyElseIsLetIn) {
  Limits({kDay});
  for (uint32_t i = 1; i <= 3; ++i) EXPECT_THAT(Begin(i), IsOk());
  EXPECT_EQ(State(), "0+90");
  server_.Ask({"FLUSHALL"});
  // Of another edge, which notices the loss.
  EXPECT_THAT(Reserve(9), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(State(), "0+90");
  for (uint32_t i = 1; i <= 3; ++i) End(i, 20);
  EXPECT_EQ(State(), "60+0");
  EXPECT_EQ(edge_.under_way(), 0U);
  EXPECT_THAT(Reserve(10), IsOk()) << "nobody is listened to any more";
}

TEST_F(RedisListeningTest, WhatSurvivedIsKeptAliveAndIsOneHold) {
  Limits({kDay});
  EXPECT_THAT(Begin(1), IsOk());
  server_.Kill();
  server_.Start();
  EXPECT_THAT(Reserve(9), IsOk());
  EXPECT_EQ(State(), "0+60");
  End(1, 20);
  EXPECT_EQ(State(), "20+30");
}

TEST_F(RedisListeningTest, AnOrganisationThatIsNewWaitsForNobody) {
  Limits({kDay});
  EXPECT_THAT(Begin(1), IsOk());
  loop_.restart();
  loop_.run_for(milliseconds(450));
  const auto losses = service_.WatchLosses(loop_.get_executor());
  v1::ReserveRequest other = QuotaForTest::Ask(2, 10, 10, 20);
  other.mutable_subjects()->set_organization("other");
  EXPECT_THAT(RunUntilDone(loop_, service_.Reserve({}, other)), IsOk());
  losses->End();
  EXPECT_FALSE(RunUntilDone(loop_, losses->Next()).ok()) << "nothing was lost";
}

TEST_F(RedisListeningTest, TooMuchAndWhatIsAnotherOnesIsRefused) {
  v1::AnnounceRequest request;
  request.set_organization("acme");
  *request.add_attempts() = QuotaForTest::Ask(1, 10, 10);
  request.mutable_attempts(0)->mutable_subjects()->set_organization("other");
  EXPECT_THAT(RunUntilDone(loop_, service_.Announce({}, request)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("attempts.subjects.organization is 'other', want 'acme'")));
  request.clear_attempts();
  for (uint32_t i = 1; i <= 65; ++i) *request.add_leases() = QuotaForTest::KeyOf(i);
  EXPECT_THAT(RunUntilDone(loop_, service_.Announce({}, request)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("leases 65")));
}

}  // namespace
}  // namespace weir::quota
