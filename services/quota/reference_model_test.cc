#include "services/quota/reference_model.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <ostream>

#include "services/quota/limits_for_test.h"
#include "services/quota/window_engine.h"

namespace weir::quota {
namespace {

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
    kSetWall,
    kLease,
    kReturn
  };
  int kind = 0;
  int key = 0;     // 0 to 5; the last two are further attempts, which cost no request.
  int amount = 0;  // An index into kAmounts, or seconds.
  int shape = 0;   // Which estimate; bits of what else the step needs.
};
constexpr std::array<int64_t, 8> kAmounts = {0, 1, 5, 17, 30, 60, 110, 300};
constexpr std::array<int64_t, 4> kSeconds = {1, 13, 30, 61};
constexpr std::array<int64_t, 4> kWallSteps = {-3600, -30, 30, 3600};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {"Reserve", "Settle",  "Extend",  "Release", "Renew",
                                           "Reap",    "Advance", "SetWall", "Lease",   "Return"};
  return out << kNames[step.kind] << "(key " << step.key << ", amount " << step.amount << ", shape "
             << step.shape << ")";
}

int64_t RequestsOf(int key) { return key < 4 ? 1 : 0; }

model::Ask AskOf(const Step& step) {
  model::Ask ask{.requests = RequestsOf(step.key)};
  ask.bound = kAmounts[step.amount];
  ask.likely = ask.bound / 3;
  if (step.shape & 1) ask.declared = kAmounts[1 + (step.shape >> 3) % 7];
  if (step.shape & 2) ask.max = kAmounts[(step.shape >> 4) % 8];
  if (step.shape & 4) ask.p95 = 21;
  return ask;
}

// The real engine and the model side by side.
class Pair {
 public:
  explicit Pair(const std::vector<model::Limit>& limits) : model_(limits) {
    std::vector<StoredLimit> specs;
    for (size_t i = 0; i < limits.size(); ++i) specs.push_back({.limit = SpecOf(i, limits[i])});
    table_ = LimitTable::Build(specs);
    matches_ = table_->Match(subjects_);
    TellTheTime();
  }

  void Run(const Step& step) {
    const std::vector<std::string> before = State();
    const bool changes = Apply(step);
    if (!changes) RC_ASSERT(State() == before);
    CheckStates();
    CheckInvariants();
  }

 private:
  static v1::Limit SpecOf(size_t index, const model::Limit& limit) {
    LimitSpec spec{.name = fmt::format("limit-{}", index)};
    spec.unit = limit.rule == model::Rule::kRequests ? kRequests : kTokens;
    spec.count = limit.count;
    spec.period_s = limit.period;
    spec.burst = limit.capacity;
    spec.kind = limit.algorithm == model::Algorithm::kUtc ? CountingRule::Kind::kUtcWindow
                : limit.algorithm == model::Algorithm::kAnchored
                    ? CountingRule::Kind::kAnchoredWindow
                    : CountingRule::Kind::kTokenBucket;
    spec.enforcement = limit.rule == model::Rule::kStrict     ? v1::ENFORCEMENT_STRICT
                       : limit.rule == model::Rule::kAdaptive ? v1::ENFORCEMENT_ADAPTIVE
                       : limit.rule == model::Rule::kObserve  ? v1::ENFORCEMENT_OBSERVE
                                                              : v1::ENFORCEMENT_UNSPECIFIED;
    return LimitOf(spec);
  }

  Instant Now() const {
    return {.wall_ns = model_.wall() * kSecondNs, .monotonic_ns = model_.mono() * kSecondNs};
  }

  // The engine learns of a moment by being asked something in it.
  void TellTheTime() { engine_.Extend({.id = IdOf(99)}, Now()); }

  // Whether the step may have changed a counter.
  bool Apply(const Step& step) {
    switch (step.kind) {
      case Step::kReserve:
        return Reserve(step);
      case Step::kSettle:
        return Settle(step);
      case Step::kExtend:
        return Extend(step);
      case Step::kRelease: {
        const bool keep = step.shape & 1;
        const bool released = engine_.Release(IdOf(step.key), keep, Now());
        model_.Release(step.key, keep);
        return released;
      }
      case Step::kLease:
        return Lease(step);
      case Step::kReturn: {
        const std::array<int64_t, 3> keep = {(step.shape >> 1) & 3, kAmounts[step.amount],
                                             kAmounts[(step.shape >> 3) & 7]};
        const bool all = step.shape & 1;
        const ReturnedLease op{
            .id = IdOf(LeaseOf(step)),
            .keep = all ? LeaseAmounts{} : LeaseAmounts{keep[0], keep[1], keep[2]}};
        const bool returned = engine_.Return(op, Now());
        model_.Return(LeaseOf(step), all ? std::array<int64_t, 3>{} : keep);
        return returned;
      }
      case Step::kRenew:
        engine_.Renew(fmt::format("edge-{}", step.shape & 1), Now());
        model_.Renew(step.shape & 1);
        return false;
      case Step::kReap: {
        const int64_t ended = engine_.Reap(1000, Now());
        RC_ASSERT(ended == model_.Reap());
        return ended > 0;
      }
      case Step::kAdvance:
        model_.Advance(kSeconds[step.amount % kSeconds.size()]);
        TellTheTime();
        return true;
      default:
        model_.SetWall(kWallSteps[step.amount % kWallSteps.size()]);
        TellTheTime();
        return true;
    }
  }

  bool Reserve(const Step& step) {
    const model::Ask ask = AskOf(step);
    const int body = (step.shape >> 7) & 1;
    const int edge = (step.shape >> 8) & 1;
    const bool dry = (step.shape & 0x600) == 0x600;
    const bool under_way = (step.shape & 0x70) == 0x70;
    const std::string edge_id = fmt::format("edge-{}", edge);
    const ReserveOp op{.id = IdOf(step.key),
                       .organization = "acme",
                       .body_hash = static_cast<uint64_t>(body) + 1,
                       .edge_id = edge_id,
                       .matches = matches_,
                       .demand = {.requests = ask.requests,
                                  .input_bound = ask.bound,
                                  .input_likely = ask.likely,
                                  .output_declared = ask.declared,
                                  .output_max = ask.max,
                                  .output_p95 = ask.p95},
                       .dry_run = dry,
                       .is_under_way = under_way};
    const ReserveOutcome outcome = engine_.Reserve(op, Now());
    static constexpr const char* kKinds[] = {"granted", "reduced", "replayed", "conflict",
                                             "refused"};
    model::Answer answer{kKinds[static_cast<int>(outcome.kind)]};
    if (!outcome.refusal) {
      answer.held = outcome.held_tokens;
      answer.cap = outcome.output_cap.value_or(-1);
    }
    imposed_ = imposed_ || under_way;
    const model::Answer want = model_.Reserve(step.key, body + 1, edge, ask, dry, under_way);
    RC_ASSERT(answer.kind == want.kind);
    RC_ASSERT(answer.held == want.held);
    RC_ASSERT(answer.cap == want.cap);
    RC_ASSERT(answer.cap != 0);  // An empty remainder is a refusal.
    return !dry && (want.kind == "granted" || want.kind == "reduced");
  }

  static int LeaseOf(const Step& step) { return 10 + ((step.shape >> 8) & 1); }

  bool Lease(const Step& step) {
    const std::array<int64_t, 3> wanted = {1 + (step.shape & 3), kAmounts[step.amount], 40};
    const std::array<int64_t, 3> least = {step.shape & 4 ? 2 : 0, step.shape & 8 ? 17 : 0, 0};
    const bool all = step.shape & 16;
    const std::string edge = fmt::format("edge-{}", (step.shape >> 5) & 1);
    const LeaseOp op{.id = IdOf(LeaseOf(step)),
                     .organization = "acme",
                     .edge_id = edge,
                     .matches = matches_,
                     .wanted = {wanted[0], wanted[1], wanted[2]},
                     .least = {least[0], least[1], least[2]},
                     .to_the_end = all};
    const std::vector<std::string> before = State();
    const LeaseOutcome outcome = engine_.Lease(op, Now());
    const auto want = model_.Lease(LeaseOf(step), (step.shape >> 5) & 1, wanted, least, all);
    RC_ASSERT(want.has_value() == (outcome.kind == LeaseOutcome::Kind::kGranted));
    if (!want) return false;
    RC_ASSERT(outcome.granted == (LeaseAmounts{(*want)[0], (*want)[1], (*want)[2]}));
    return before != State();
  }

  bool Settle(const Step& step) {
    SettleOp op{.id = IdOf(step.key),
                .organization = "acme",
                .seq = 1 + (step.shape & 1u),
                .tokens = kAmounts[step.amount],
                .requests = RequestsOf(step.key),
                .matches = matches_};
    const bool asked = step.shape & 2;
    if (asked) op.prior = PriorPosting{};
    const bool leased = step.shape & 4;
    if (leased) op.lease = IdOf(LeaseOf(step));
    op.top_up = step.shape & 8;
    op.first_sent = step.shape & 16;
    const SettleOutcome outcome = engine_.Settle(op, Now());
    static constexpr const char* kKinds[] = {"applied", "repeated", "unknown"};
    const model::Answer want = model_.Settle(step.key, op.seq, op.tokens, op.requests, asked,
                                             leased ? LeaseOf(step) : -1, op.top_up, op.first_sent);
    RC_ASSERT((want.kind == "topped up") == outcome.topped_up);
    if (outcome.topped_up) return true;
    RC_ASSERT(want.kind == kKinds[static_cast<int>(outcome.kind)]);
    return want.kind == "applied";
  }

  bool Extend(const Step& step) {
    const int64_t wanted = kAmounts[step.amount];
    const ExtendOutcome outcome =
        engine_.Extend({.id = IdOf(step.key), .output_wanted = wanted}, Now());
    static constexpr const char* kKinds[] = {"covered", "no hold", "exhausted"};
    const model::Answer want = model_.Extend(step.key, wanted);
    RC_ASSERT(want.kind == kKinds[static_cast<int>(outcome.kind)]);
    if (want.kind == "covered") RC_ASSERT(outcome.output_cap == want.cap);
    return want.kind == "covered";
  }

  std::vector<std::string> State() const {
    std::vector<std::string> state;
    for (const Position& each : engine_.Peek(matches_, Now())) {
      state.push_back(fmt::format("{}+{}", each.standing.used, each.standing.held));
    }
    return state;
  }

  void CheckStates() {
    const Positions positions = engine_.Peek(matches_, Now());
    for (size_t i = 0; i < positions.size(); ++i) {
      RC_ASSERT(positions[i].standing.used == model_.Used(i));
      RC_ASSERT(positions[i].standing.held == model_.Held(i));
    }
  }

  void CheckInvariants() {
    const Positions positions = engine_.Peek(matches_, Now());
    for (size_t i = 0; i < positions.size(); ++i) {
      const Standing& standing = positions[i].standing;
      const model::Limit& limit = model_.limits()[i];
      RC_ASSERT(standing.held >= 0);
      if (limit.algorithm != model::Algorithm::kBucket) RC_ASSERT(standing.used >= 0);
      const bool exact = limit.rule == model::Rule::kStrict || limit.rule == model::Rule::kRequests;
      // Whatever is settled beyond its hold, what is held never is.
      if (exact && limit.algorithm != model::Algorithm::kBucket && !imposed_) {
        RC_ASSERT(standing.held <= standing.capacity);
      }
    }
  }

  model::Model model_;
  bool imposed_ = false;  // Something was held whatever the room.
  RecordBudget budget_{100'000};
  WindowEngine engine_{{.replay_retention_ns = 7 * kDayNs}, budget_};
  const v1::Subjects subjects_ = SubjectsOf("ann");
  std::shared_ptr<const LimitTable> table_;
  LimitMatches matches_;
};

rc::Gen<Step> AnyStep() {
  return rc::gen::build<Step>(
      // What does the work comes more often than what moves time.
      rc::gen::set(&Step::kind, rc::gen::weightedElement<int>({{8, Step::kReserve},
                                                               {6, Step::kSettle},
                                                               {3, Step::kExtend},
                                                               {2, Step::kRelease},
                                                               {1, Step::kRenew},
                                                               {2, Step::kReap},
                                                               {3, Step::kAdvance},
                                                               {1, Step::kSetWall},
                                                               {5, Step::kLease},
                                                               {2, Step::kReturn}})),
      rc::gen::set(&Step::key, rc::gen::inRange(0, 6)),
      rc::gen::set(&Step::amount, rc::gen::inRange(0, 8)),
      rc::gen::set(&Step::shape, rc::gen::inRange(0, 2048)));
}

using model::Algorithm;
using model::Rule;

const std::vector<model::Limit> kWindowsAndABucket = {
    {Algorithm::kUtc, Rule::kStrict, 100, 100, 60},
    {Algorithm::kAnchored, Rule::kRequests, 3, 3, 30},
    {Algorithm::kBucket, Rule::kAdaptive, 200, 70, 3},
    {Algorithm::kUtc, Rule::kObserve, 50, 50, 30},
};
const std::vector<model::Limit> kBucketsAndAWindow = {
    {Algorithm::kBucket, Rule::kStrict, 150, 7, 3},
    {Algorithm::kBucket, Rule::kRequests, 4, 1, 30},
    {Algorithm::kAnchored, Rule::kStrict, 400, 400, 61},
    {Algorithm::kAnchored, Rule::kAdaptive, 300, 300, 30},
};

class ReferenceModelTest : public ::testing::Test {
 protected:
  // Unless whoever runs the test asks for more.
  static void SetUpTestSuite() { setenv("RC_PARAMS", "max_success=3000", 0); }

  static void Compare(const std::vector<model::Limit>& limits) {
    const auto any_history = rc::gen::container<std::vector<Step>>(AnyStep());
    EXPECT_TRUE(rc::check([&] {
      Pair pair(limits);
      for (const Step& each : *any_history) pair.Run(each);
    }));
  }
};

// I1 to I7: never over the limit; each attempt counted once; a refused, repeated or dry operation
// changes nothing; all limits or none; any order of duplicates converges; no hold outlives its
// edge; time never reopens a window.
TEST_F(ReferenceModelTest, I1_I7_WindowsAndABucketBehaveAsTheModel) { Compare(kWindowsAndABucket); }
TEST_F(ReferenceModelTest, I1_I7_BucketsAndAWindowBehaveAsTheModel) { Compare(kBucketsAndAWindow); }

// I1 alone and literally: with true upper bounds, use and holds together never exceed a strict
// limit, whatever the order.
TEST_F(ReferenceModelTest, I1_WithTrueBoundsUseAndHoldsStayWithinTheLimit) {
  const auto any_history = rc::gen::container<std::vector<Step>>(AnyStep());
  EXPECT_TRUE(rc::check([&] {
    RecordBudget budget{100'000};
    WindowEngine engine({.replay_retention_ns = 7 * kDayNs}, budget);
    const auto table = TableOf({{.count = 100, .enforcement = v1::ENFORCEMENT_STRICT}});
    const v1::Subjects subjects = SubjectsOf("ann");
    const LimitMatches matches = table->Match(subjects);
    std::array<int64_t, 6> held{};
    Instant now{.wall_ns = 0, .monotonic_ns = 0};
    for (const Step& step : *any_history) {
      const AttemptId id = IdOf(step.key);
      if (step.kind == Step::kReserve) {
        // The bound is the likely amount: no first call beyond it.
        const ReserveOutcome outcome =
            engine.Reserve({.id = id,
                            .organization = "acme",
                            .matches = matches,
                            .demand = {.input_bound = 10, .input_likely = 10}},
                           now);
        if (!outcome.refusal) held[step.key] = outcome.held_tokens;
      } else if (step.kind == Step::kSettle) {
        engine.Settle({.id = id,
                       .organization = "acme",
                       .tokens = std::min(held[step.key], kAmounts[step.amount]),
                       .matches = matches},
                      now);
      } else if (step.kind == Step::kReap) {
        engine.Reap(1000, now);
      } else if (step.kind == Step::kAdvance) {
        const int64_t seconds = kSeconds[step.amount % kSeconds.size()];
        now.wall_ns += seconds * kSecondNs;
        now.monotonic_ns += seconds * kSecondNs;
      }
      const Standing standing = engine.Peek(matches, now)[0].standing;
      RC_ASSERT(standing.used + standing.held <= 100);
    }
  }));
}

}  // namespace
}  // namespace weir::quota
