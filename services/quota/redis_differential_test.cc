// The scripts and the engine in memory on the same operations, at the same times: every answer and
// every counter is compared.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <ostream>

#include "common/testing/run.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/redis_windows_for_test.h"
#include "services/quota/window_engine.h"

namespace weir::quota {
namespace {

using testing::RunUntilDone;

// One step of a history, over domains so small that keys, windows and edges collide all the time.
struct Step {
  enum Kind {
    kReserve,
    kSettle,
    kExtend,
    kRelease,
    kRenew,
    kReap,
    kAdvance,
    kGoBack,
    kTable,
    kLease,
    kReturn,
    kSettleMany
  };
  int kind = 0;
  int key = 0;     // 0 to 5; the last two are further attempts, which cost no request.
  int amount = 0;  // An index into the amounts of the setting, or of a span of time.
  int shape = 0;   // Which estimate; bits of what else the step needs.
};
constexpr std::array<int64_t, 4> kMicros = {1'000'000, 13'000'007, 30'000'000, 61'654'321};
constexpr std::array<int64_t, 4> kBackMicros = {1, 30'000'000, 3'600'000'000, 86'400'000'000};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {"Reserve", "Settle", "Extend",  "Release",
                                           "Renew",   "Reap",   "Advance", "GoBack",
                                           "Table",   "Lease",  "Return",  "SettleMany"};
  return out << kNames[step.kind] << "(key " << step.key << ", amount " << step.amount << ", shape "
             << step.shape << ")";
}

rc::Gen<Step> AnyStep() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::weightedElement<int>({{10, Step::kReserve},
                                                               {7, Step::kSettle},
                                                               {3, Step::kExtend},
                                                               {2, Step::kRelease},
                                                               {1, Step::kRenew},
                                                               {2, Step::kReap},
                                                               {4, Step::kAdvance},
                                                               {1, Step::kGoBack},
                                                               {1, Step::kTable},
                                                               {4, Step::kLease},
                                                               {2, Step::kReturn},
                                                               {3, Step::kSettleMany}})),
      rc::gen::set(&Step::key, rc::gen::inRange(0, 6)),
      rc::gen::set(&Step::amount, rc::gen::inRange(0, 8)),
      rc::gen::set(&Step::shape, rc::gen::inRange(0, 4096)));
}

struct Setting {
  // Limits that take turns, the same names under other rules.
  std::vector<std::vector<LimitSpec>> tables;
  std::array<int64_t, 8> amounts;
};

template <typename T>
std::string Show(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "none";
}
std::string Show(const Position& position) {
  const Standing& standing = position.standing;
  return fmt::format("[{}+{} of {}, reset in {}]", standing.used, standing.held, standing.capacity,
                     position.reset_after_ns);
}
std::string Show(const Positions& positions) {
  std::string all;
  for (const Position& each : positions) all += Show(each);
  return all;
}
// Of an attempt that ended, memory keeps no larger number.
std::optional<int64_t> AsKept(std::optional<int64_t> value) {
  if (value) value = std::min<int64_t>(*value, std::numeric_limits<int32_t>::max());
  return value;
}
std::string Show(const ReserveOutcome& outcome) {
  int64_t held = outcome.refusal ? 0 : outcome.held_tokens;
  std::optional<int64_t> cap = outcome.output_cap;
  if (outcome.kind == ReserveOutcome::Kind::kReplayed) {
    held = *AsKept(held);
    cap = AsKept(cap);
  }
  std::string text = fmt::format("kind {} held {} cap {} {}", static_cast<int>(outcome.kind), held,
                                 Show(cap), Show(outcome.positions));
  if (outcome.refusal) {
    text += fmt::format(" by {} hard {} after {}", outcome.refusal->limit, outcome.refusal->hard,
                        outcome.refusal->retry_after_ns);
  }
  return text;
}
std::string Show(const ExtendOutcome& outcome) {
  std::string text =
      fmt::format("kind {} cap {}", static_cast<int>(outcome.kind), outcome.output_cap);
  if (outcome.limit != nullptr) {
    text += fmt::format(" {} at {} of '{}' {} after {} ask {}", outcome.limit->name,
                        static_cast<int>(outcome.limit->level), outcome.subject,
                        Show(outcome.position), outcome.retry_after_ns, outcome.limit->contact);
  }
  return text;
}
std::string Show(const SettleOutcome& outcome) {
  return fmt::format("kind {} cap {} drew {} topped up {}", static_cast<int>(outcome.kind),
                     Show(AsKept(outcome.output_cap)), outcome.drew, outcome.topped_up);
}

std::string Show(const LeaseOutcome& outcome) {
  return fmt::format("kind {} {} {} {} {}", static_cast<int>(outcome.kind),
                     outcome.granted.requests, outcome.granted.strict_tokens,
                     outcome.granted.adaptive_tokens, Show(outcome.positions));
}

// The scripts' time is real time here: the engine is given it on both clocks.
class Pair {
 public:
  explicit Pair(const Setting& setting) : setting_(setting) {
    for (const auto& each : setting.tables) tables_.push_back(TableOf(each));
    UseTable(0);
  }

  void Run(const Step& step) {
    switch (step.kind) {
      case Step::kReserve:
        Reserve(step);
        break;
      case Step::kSettle:
        Settle(step);
        break;
      case Step::kExtend:
        Extend(step);
        break;
      case Step::kRelease:
        Release(step);
        break;
      case Step::kLease:
        Lease(step);
        break;
      case Step::kReturn:
        Return(step);
        break;
      case Step::kSettleMany:
        SettleMany(step);
        break;
      case Step::kRenew:
        Compare(engine_.Renew(EdgeOf(step), Now()), Ask(redis_.windows.Renew(EdgeOf(step))));
        break;
      case Step::kReap:
        Reap();
        break;
      case Step::kAdvance:
        us_ += kMicros[static_cast<size_t>(step.amount) % kMicros.size()];
        break;
      case Step::kGoBack:
        KeepTime();
        us_ -= kBackMicros[static_cast<size_t>(step.amount) % kBackMicros.size()];
        break;
      default:
        UseTable(static_cast<size_t>(step.amount) % tables_.size());
    }
    SetClock();
    RC_ASSERT(Show(engine_.Peek(matches_, Now())) == Show(Ask(redis_.windows.Peek(matches_))));
  }

 private:
  static std::string EdgeOf(const Step& step) { return fmt::format("edge-{}", step.shape & 1); }
  static int64_t RequestsOf(const Step& step) { return step.key < 4 ? 1 : 0; }
  int64_t Amount(size_t index) const { return setting_.amounts[index % 8]; }

  void UseTable(size_t index) {
    table_ = tables_[index];
    matches_ = table_->Match(subjects_);
  }
  void SetClock() { clock_.SetWall(FromUnixMicros(us_)); }
  Instant Now() const {
    const int64_t ns = std::max(us_, kept_us_) * 1000;
    return {ns, ns};
  }
  template <typename T>
  T Ask(asio::awaitable<absl::StatusOr<T>> work) {
    absl::StatusOr<T> answer = RunUntilDone(loop_, std::move(work));
    if (!answer.ok()) RC_FAIL(answer.status().ToString());
    return *std::move(answer);
  }
  static void Compare(int64_t want, int64_t got) { RC_ASSERT(got == want); }

  void Reserve(const Step& step) {
    const auto shape = static_cast<unsigned>(step.shape);
    Demand demand{.requests = RequestsOf(step)};
    demand.input_bound = Amount(static_cast<size_t>(step.amount));
    demand.input_likely = demand.input_bound / 3;
    if (shape & 1) demand.output_declared = Amount(1 + (shape >> 3) % 7);
    if (shape & 2) demand.output_max = Amount((shape >> 4) % 8);
    if (shape & 4) demand.output_p95 = 21;
    const std::string edge = fmt::format("edge-{}", (shape >> 8) & 1);
    const ReserveOp op{.id = IdOf(static_cast<uint32_t>(step.key)),
                       .organization = "acme",
                       .body_hash = 0xf00d'f00d'f00d'f00d + ((shape >> 7) & 1),
                       .edge_id = edge,
                       .matches = matches_,
                       .demand = demand,
                       .dry_run = (shape & 0xc00) == 0xc00,
                       .is_under_way = (shape & 0x70) == 0x70};
    RC_ASSERT(Show(Ask(redis_.windows.Reserve(op))) == Show(engine_.Reserve(op, Now())));
  }

  void Settle(const Step& step) {
    const SettleOp op = SettleOf(step);
    RC_ASSERT(Show(Ask(redis_.windows.Settle(op))) == Show(engine_.Settle(op, Now())));
  }

  // Several at once: what draws from a lease goes in one script, in its order, the others before.
  void SettleMany(const Step& step) {
    for (const bool leased : {false, true}) {
      std::vector<SettleOp> ops;
      for (int i = 0; i < 4; ++i) {
        Step each = step;
        each.key = (step.key + i) % 6;
        each.amount = (step.amount + 3 * i) % 8;
        each.shape = (step.shape >> i) & 4095;
        ops.push_back(SettleOf(each));
        if (ops.back().lease.has_value() != leased) ops.pop_back();
      }
      std::vector<std::string> got(ops.size());
      size_t open = ops.size();
      for (size_t i = 0; i < ops.size(); ++i) {
        asio::co_spawn(loop_, redis_.windows.Settle(ops[i]),
                       [&, i](std::exception_ptr, absl::StatusOr<SettleOutcome> outcome) {
                         got[i] = outcome.ok() ? Show(*outcome) : outcome.status().ToString();
                         --open;
                       });
      }
      RC_ASSERT(static_cast<bool>(testing::PumpUntil(loop_, [&] { return open == 0; })));
      for (size_t i = 0; i < ops.size(); ++i) {
        RC_ASSERT(got[i] == Show(engine_.Settle(ops[i], Now())));
      }
    }
  }

  SettleOp SettleOf(const Step& step) const {
    const auto shape = static_cast<unsigned>(step.shape);
    SettleOp op{.id = IdOf(static_cast<uint32_t>(step.key)),
                .organization = "acme",
                .seq = 1 + (shape & 1u),
                .tokens = Amount(static_cast<size_t>(step.amount)),
                .requests = RequestsOf(step),
                .matches = matches_};
    if (shape & 16) op.lease = LeaseOf(step);
    op.top_up = shape & 512;
    op.first_sent = shape & 32;
    if (shape & 2) op.prior = PriorPosting{};
    if ((shape & 14) == 14) {
      op.prior = PriorPosting{.seq = 1,
                              .tokens = Amount(shape >> 5),
                              .requests = RequestsOf(step),
                              .posted_at_us = Now().wall_ns / 1000 - kMicros[(shape >> 4) % 4]};
    }
    return op;
  }

  static AttemptId LeaseOf(const Step& step) {
    return IdOf(10 + ((static_cast<unsigned>(step.shape) >> 8) & 1));
  }

  void Lease(const Step& step) {
    const auto shape = static_cast<unsigned>(step.shape);
    const std::string edge = fmt::format("edge-{}", (shape >> 9) & 1);
    const LeaseOp op{.id = LeaseOf(step),
                     .organization = "acme",
                     .edge_id = edge,
                     .matches = matches_,
                     .wanted = {1 + (shape & 3), Amount(static_cast<size_t>(step.amount)),
                                Amount((shape >> 2) & 7)},
                     .least = {shape & 32 ? 2 : 0, shape & 64 ? Amount(3) : 0, 0},
                     .to_the_end = (shape & 1024) != 0};
    RC_ASSERT(Show(Ask(redis_.windows.Lease(op))) == Show(engine_.Lease(op, Now())));
  }

  void Return(const Step& step) {
    const auto shape = static_cast<unsigned>(step.shape);
    ReturnedLease op{.id = LeaseOf(step)};
    if (shape & 1) {
      op.keep = {(shape >> 1) & 3, Amount(static_cast<size_t>(step.amount)),
                 Amount((shape >> 3) & 7)};
    }
    engine_.Return(op, Now());
    const absl::Status returned = RunUntilDone(loop_, redis_.windows.Return("acme", {op}));
    if (!returned.ok()) RC_FAIL(returned.ToString());
  }

  void Extend(const Step& step) {
    const ExtendOp op{.id = IdOf(static_cast<uint32_t>(step.key)),
                      .organization = "acme",
                      .output_wanted = Amount(static_cast<size_t>(step.amount))};
    RC_ASSERT(Show(Ask(redis_.windows.Extend(op))) == Show(engine_.Extend(op, Now())));
  }

  void Release(const Step& step) {
    const AttemptId id = IdOf(static_cast<uint32_t>(step.key));
    const bool keep = step.shape & 1;
    engine_.Release(id, keep, Now());
    const absl::Status released = RunUntilDone(
        loop_, redis_.windows.Release({.id = id, .organization = "acme", .keep_requests = keep}));
    if (!released.ok()) RC_FAIL(released.ToString());
  }

  // A script that changes something keeps its time: from here on it does not go back.
  void KeepTime() {
    const SettleOp op{.id = IdOf(++last_other_), .organization = "acme", .prior = PriorPosting{}};
    RC_ASSERT(Show(Ask(redis_.windows.Settle(op))) == Show(engine_.Settle(op, Now())));
    kept_us_ = std::max(kept_us_, us_);
  }

  void Reap() {
    // What it looks at is remembered for the real time that it has: a store that remembers nothing.
    const absl::StatusOr<Reaped> reaped = RunUntilDone(redis_.windows.ReapExpired());
    if (!reaped.ok()) RC_FAIL(reaped.status().ToString());
    RC_ASSERT(reaped->holds == engine_.Reap(1'000'000, Now()));
  }

  const Setting& setting_;
  testing::FakeClock clock_;
  int64_t us_ = ToUnixMicros(clock_.Now());
  int64_t kept_us_ = 0;
  uint32_t last_other_ = 1000;
  RecordBudget budget_{100'000};
  WindowEngine engine_{{.replay_retention_ns = 7 * kDayNs}, budget_};
  RedisWindowsForTest redis_{
      clock_, SharedServer(),
      // A counter that is idle may be dropped, and the engine does so later.
      RedisStore::Options{.replay_retention = std::chrono::hours(7 * 24), .swept_at_once = 0}};
  const v1::Subjects subjects_ = SubjectsOf("ann", "red");
  std::vector<std::shared_ptr<const LimitTable>> tables_;
  std::shared_ptr<const LimitTable> table_;
  LimitMatches matches_;
  asio::io_context loop_{1};  // Goes first: what runs on it refers to the rest.
};

using Kind = CountingRule::Kind;
constexpr auto kStrict = v1::ENFORCEMENT_STRICT;
constexpr auto kAdaptive = v1::ENFORCEMENT_ADAPTIVE;
constexpr auto kObserve = v1::ENFORCEMENT_OBSERVE;

const Setting kSmall = {
    .tables =
        {{{.name = "a", .count = 100, .enforcement = kStrict, .contact = "ops"},
          {.name = "b",
           .unit = kRequests,
           .count = 3,
           .period_s = 30,
           .kind = Kind::kAnchoredWindow},
          {.name = "c",
           .count = 70,
           .period_s = 3,
           .kind = Kind::kTokenBucket,
           .burst = 200,
           .enforcement = kAdaptive},
          {.name = "d",
           .level = v1::LEVEL_USER,
           .subject = "*",
           .count = 50,
           .period_s = 30,
           .enforcement = kObserve},
          {.name = "e",
           .level = v1::LEVEL_TEAM,
           .subject = "red",
           .unit = kRequests,
           .count = 1,
           .period_s = 30,
           .kind = Kind::kTokenBucket,
           .burst = 4}},
         // Other counts, periods and kinds.
         {{.name = "a",
           .count = 7,
           .period_s = 3,
           .kind = Kind::kTokenBucket,
           .burst = 150,
           .enforcement = kStrict},
          {.name = "b", .unit = kRequests, .count = 4},
          {.name = "c",
           .count = 300,
           .period_s = 30,
           .kind = Kind::kAnchoredWindow,
           .enforcement = kStrict},
          {.name = "e", .level = v1::LEVEL_TEAM, .subject = "red", .unit = kRequests, .count = 0}},
         {{.name = "a", .count = 90, .kind = Kind::kAnchoredWindow, .enforcement = kAdaptive},
          {.name = "c",
           .count = 11,
           .period_s = 7,
           .kind = Kind::kTokenBucket,
           .burst = 90,
           .enforcement = kStrict},
          {.name = "d",
           .level = v1::LEVEL_USER,
           .subject = "*",
           .count = 120,
           .enforcement = kStrict}}},
    .amounts = {0, 1, 5, 17, 30, 60, 110, 300}};

// Products beyond 2^53, where doubles are not exact any more.
const Setting kLarge = {
    .tables =
        {{{.name = "a", .count = 9'000'000'000'000'000, .period_s = 86'400, .enforcement = kStrict},
          {.name = "b",
           .count = 10'000'000'000'001,
           .period_s = 3,
           .kind = Kind::kTokenBucket,
           .burst = 1'000'000'000'000'003,
           .enforcement = kStrict},
          {.name = "c",
           .count = 1'000'003,
           .period_s = 31'000'000,
           .kind = Kind::kTokenBucket,
           .burst = 900'000'000'000'001,
           .enforcement = kAdaptive}},
         {{.name = "b",
           .count = 777'777'777'777,
           .period_s = 7,
           .kind = Kind::kTokenBucket,
           .burst = 2'000'000'000'000'003,
           .enforcement = kAdaptive},
          {.name = "c",
           .count = 1'000'000'007,
           .period_s = 11,
           .kind = Kind::kTokenBucket,
           .burst = 800'000'000'000'001,
           .enforcement = kStrict}}},
    .amounts = {0, 1, 999'999'999'989, 10'000'000'000'000, 100'000'000'000'003, 300'000'000'000'001,
                400'000'000'000'000, 1'000'000'000'000'000}};

// RC_PARAMS="max_success=5000 seed=..." for longer ones, and to repeat one.
class RedisDifferentialTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("RC_PARAMS", "max_success=150", 0); }

  static void Compare(const Setting& setting) {
    const auto any_history = rc::gen::container<std::vector<Step>>(AnyStep());
    EXPECT_TRUE(rc::check([&] {
      const std::vector<Step> history = *any_history;
      Pair pair(setting);
      for (const Step& each : history) pair.Run(each);
    }));
  }
};

TEST_F(RedisDifferentialTest, I10_TheScriptsAnswerAsTheEngine) { Compare(kSmall); }
TEST_F(RedisDifferentialTest, I10_AlsoWhereNumbersAreLarge) { Compare(kLarge); }

}  // namespace
}  // namespace weir::quota
