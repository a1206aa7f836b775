#include "services/quota/window_engine.h"

#include <algorithm>

namespace weir::quota {
namespace {

const Counter kUnused{};

Position PositionOf(const CompiledLimit& limit, const Counter& counter, Instant now) {
  return {counter.At(limit.rule, now), counter.ResetAfter(limit.rule, now)};
}

// A strict or request limit takes a silent edge's holds as spent: it cannot know what was sent.
bool PostsOnExpiry(const HoldPart& part) { return part.enforcement == Enforcement::kStrict; }

bool CapsOutput(const HoldPart& part) {
  return part.enforcement == Enforcement::kStrict && !part.counted->limit->counts_requests();
}

int32_t Narrow(int64_t value) {
  return static_cast<int32_t>(std::min<int64_t>(value, std::numeric_limits<int32_t>::max()));
}

std::optional<int64_t> CapOf(const SettledRecord& record) {
  if (record.output_cap < 0) return std::nullopt;
  return record.output_cap;
}

// The moment that was `ago_ns` before `now`.
Instant Before(Instant now, int64_t ago_ns) {
  return {now.wall_ns - ago_ns, now.monotonic_ns - ago_ns};
}

ReserveOutcome Repeated(const ReserveOp& op, uint64_t body_hash, int64_t held_tokens,
                        std::optional<int64_t> output_cap) {
  ReserveOutcome outcome;
  if (op.body_hash != body_hash) {
    outcome.kind = ReserveOutcome::Kind::kConflict;
    return outcome;
  }
  outcome.kind = ReserveOutcome::Kind::kReplayed;
  outcome.held_tokens = held_tokens;
  outcome.output_cap = output_cap;
  return outcome;
}

}  // namespace

WindowEngine::WindowEngine(const WindowEngineOptions& options, RecordBudget& budget)
    : options_(options), records_(budget, options.replay_retention_ns) {}

Instant WindowEngine::Clamp(Instant now) {
  last_wall_ns_ = std::max(last_wall_ns_, now.wall_ns);
  return {last_wall_ns_, now.monotonic_ns};
}

std::optional<ReserveOutcome> WindowEngine::Replay(const ReserveOp& op) {
  if (const Hold* hold = holds_.Find(op.id)) {
    return Repeated(op, hold->body_hash, hold->held_tokens, hold->output_cap);
  }
  if (const SettledRecord* record = records_.Find(op.id)) {
    return Repeated(op, record->body_hash, record->held_tokens, CapOf(*record));
  }
  return std::nullopt;
}

Admission WindowEngine::Weigh(const ReserveOp& op, Instant now) const {
  absl::InlinedVector<Weighed, 4> weighed;
  for (const LimitMatch& each : op.matches) {
    const CountedLimit* counted = counters_.Find(each);
    weighed.push_back({each.limit, counted != nullptr ? &counted->counter : &kUnused});
  }
  return Decide(weighed, op.demand, now);
}

ReserveOutcome WindowEngine::Reserve(const ReserveOp& op, Instant now) {
  now = Clamp(now);
  ReserveOutcome outcome;
  if (std::optional<ReserveOutcome> known = Replay(op)) {
    outcome = *known;
  } else {
    const Admission admission = Weigh(op, now);
    outcome.refusal = admission.refusal;
    outcome.held_tokens = admission.held_tokens;
    outcome.output_cap = admission.output_cap;
    outcome.kind = admission.refusal   ? ReserveOutcome::Kind::kRefused
                   : admission.reduced ? ReserveOutcome::Kind::kReduced
                                       : ReserveOutcome::Kind::kGranted;
    if (!admission.refusal && !op.dry_run) MakeHold(op, admission, now);
  }
  outcome.positions = Peek(op.matches, now);
  return outcome;
}

void WindowEngine::MakeHold(const ReserveOp& op, const Admission& admission, Instant now) {
  Hold& hold = holds_.Add(op.id, op.edge_id, now.monotonic_ns);
  hold.body_hash = op.body_hash;
  hold.held_tokens = admission.held_tokens;
  hold.output_cap = admission.output_cap;
  hold.output_covered = admission.output_covered;
  hold.requests = op.demand.requests;
  for (size_t i = 0; i < op.matches.size(); ++i) {
    const CompiledLimit& limit = *op.matches[i].limit;
    const Portion& portion = admission.portions[i];
    // Nothing to hold, nothing to settle: a further attempt costs no request.
    if (limit.counts_requests() && portion.amount() == 0) continue;
    CountedLimit& counted = counters_.Open(op.matches[i], now);
    counted.counter.Hold(limit.rule, now, portion.amount());
    ++counted.holds;
    hold.parts.push_back({.counted = &counted,
                          .enforcement = limit.enforcement,
                          .amount = portion.amount(),
                          .output = portion.output});
  }
}

const HoldPart* WindowEngine::Narrowest(const Hold& hold, Instant now) {
  const HoldPart* narrowest = nullptr;
  int64_t least = kForeverNs;
  for (const HoldPart& each : hold.parts) {
    const int64_t room = each.counted->counter.At(each.counted->limit->rule, now).room();
    if (!CapsOutput(each) || room >= least) continue;
    narrowest = &each;
    least = room;
  }
  return narrowest;
}

void WindowEngine::Grow(Hold& hold, int64_t more, Instant now) {
  hold.output_covered += more;
  for (HoldPart& each : hold.parts) {
    const CountingRule& rule = each.counted->limit->rule;
    if (each.counted->limit->counts_requests()) continue;
    int64_t missing = hold.output_covered - each.output;
    if (!CapsOutput(each)) missing = std::min(missing, each.counted->counter.At(rule, now).room());
    if (missing <= 0) continue;
    each.counted->counter.Hold(rule, now, missing);
    each.amount += missing;
    each.output += missing;
  }
}

ExtendOutcome WindowEngine::Extend(const ExtendOp& op, Instant now) {
  now = Clamp(now);
  ExtendOutcome outcome;
  Hold* hold = holds_.Find(op.id);
  if (hold == nullptr || hold->lapsed_at) {
    outcome.kind = ExtendOutcome::Kind::kNoHold;
    return outcome;
  }
  int64_t more = op.output_wanted - hold->output_covered;
  if (more > 0) {
    if (const HoldPart* part = Narrowest(*hold, now)) {
      const CountedLimit& counted = *part->counted;
      outcome.position = PositionOf(*counted.limit, counted.counter, now);
      more = std::min(more, outcome.position.standing.room());
      if (more <= 0) {
        outcome.kind = ExtendOutcome::Kind::kExhausted;
        outcome.limit = counted.limit;
        outcome.subject = counted.subject;
        outcome.retry_after_ns =
            std::min(kRetrySoonNs, counted.counter.WaitFor(counted.limit->rule, now, 1));
        return outcome;
      }
    }
    Grow(*hold, more, now);
  }
  outcome.output_cap = hold->output_covered;
  return outcome;
}

void WindowEngine::EndHold(Hold& hold, int64_t tokens, int64_t requests, uint32_t seq,
                           Instant now) {
  for (HoldPart& each : hold.parts) {
    const CountingRule& rule = each.counted->limit->rule;
    const int64_t actual = each.counted->limit->counts_requests() ? requests : tokens;
    if (hold.lapsed_at) {
      each.counted->counter.Correct(rule, now, *hold.lapsed_at, each.posted, actual);
    } else {
      each.counted->counter.Settle(rule, now, each.amount, actual);
    }
  }
  SettledRecord record{.id = hold.id,
                       .requests = Narrow(requests),
                       .body_hash = hold.body_hash,
                       .tokens = tokens,
                       // A correction must not give back what was assumed in an earlier window.
                       .posted_at = hold.lapsed_at.value_or(now),
                       .held_tokens = Narrow(hold.held_tokens),
                       .output_cap = Narrow(hold.output_cap.value_or(-1)),
                       .seq = seq};
  holds_.Remove(hold);
  records_.Add(record, now.monotonic_ns);
}

void WindowEngine::Correct(const SettleOp& op, int64_t tokens, int64_t requests, Instant posted_at,
                           Instant now) {
  for (const LimitMatch& each : op.matches) {
    const bool of_requests = each.limit->counts_requests();
    const int64_t posted = of_requests ? requests : tokens;
    const int64_t actual = of_requests ? op.requests : op.tokens;
    if (posted == actual) continue;
    // Nothing of it was posted to a limit that is younger.
    if (posted != 0 && each.limit->counting_since_us > posted_at.wall_ns / 1000) continue;
    CountedLimit& counted = counters_.Open(each, now);
    counted.counter.Correct(each.limit->rule, now, posted_at, posted, actual);
  }
}

SettleOutcome WindowEngine::SettleKnown(SettledRecord& record, const SettleOp& op, Instant now) {
  const std::optional<int64_t> cap = CapOf(record);
  if (op.seq <= record.seq) {
    records_.Refresh(op.id, now.monotonic_ns);
    return {SettleOutcome::Kind::kRepeated, cap};
  }
  Correct(op, record.tokens, record.requests, record.posted_at, now);
  if (record.seq == 0) record.posted_at = now;
  record.tokens = op.tokens;
  record.requests = Narrow(op.requests);
  record.seq = op.seq;
  return {SettleOutcome::Kind::kApplied, cap};
}

SettleOutcome WindowEngine::SettleUnknown(const SettleOp& op, Instant now) {
  if (!op.prior) return {SettleOutcome::Kind::kUnknown, {}};
  if (op.seq <= op.prior->seq) return {SettleOutcome::Kind::kRepeated, {}};
  const Instant posted_at =
      op.prior->seq == 0 ? now : Before(now, now.wall_ns - op.prior->posted_at_us * 1000);
  Correct(op, op.prior->tokens, op.prior->requests, posted_at, now);
  records_.Add({.id = op.id,
                .requests = Narrow(op.requests),
                .tokens = op.tokens,
                .posted_at = posted_at,
                .seq = op.seq},
               now.monotonic_ns);
  return {SettleOutcome::Kind::kApplied, {}};
}

SettleOutcome WindowEngine::Settle(const SettleOp& op, Instant now) {
  now = Clamp(now);
  if (Hold* hold = holds_.Find(op.id)) {
    std::optional<int64_t> cap = hold->output_cap;
    if (cap) cap = std::max(*cap, hold->output_covered);
    EndHold(*hold, op.tokens, op.requests, op.seq, now);
    return {SettleOutcome::Kind::kApplied, cap};
  }
  if (SettledRecord* record = records_.Find(op.id)) return SettleKnown(*record, op, now);
  return SettleUnknown(op, now);
}

bool WindowEngine::Release(const AttemptId& id, bool keep_requests, Instant now) {
  now = Clamp(now);
  Hold* hold = holds_.Find(id);
  if (hold == nullptr) return false;
  EndHold(*hold, 0, keep_requests ? hold->requests : 0, 0, now);
  return true;
}

int64_t WindowEngine::Renew(std::string_view edge_id, Instant now) {
  return holds_.Renew(edge_id, now.monotonic_ns);
}

void WindowEngine::Expire(Hold& hold, Instant now) {
  for (HoldPart& each : hold.parts) {
    each.posted = PostsOnExpiry(each) ? each.amount : 0;
    each.counted->counter.Settle(each.counted->limit->rule, now, each.amount, each.posted);
  }
}

int64_t WindowEngine::Reap(int64_t max, Instant now) {
  now = Clamp(now);
  records_.Forget(now.monotonic_ns);
  holds_.RemoveStale(options_.lapsed_retention_ns, options_.max_lapsed, now.monotonic_ns);
  int64_t ended = 0;
  while (ended < max) {
    Hold* hold = holds_.FindDue(options_.hold_ttl_ns, now.monotonic_ns);
    if (hold == nullptr) break;
    Expire(*hold, now);
    holds_.Lapse(*hold, now);
    ++ended;
  }
  return ended;
}

Positions WindowEngine::Peek(const LimitMatches& matches, Instant now) const {
  now.wall_ns = std::max(now.wall_ns, last_wall_ns_);
  Positions positions;
  for (const LimitMatch& each : matches) {
    const CountedLimit* counted = counters_.Find(each);
    positions.push_back(
        PositionOf(*each.limit, counted != nullptr ? counted->counter : kUnused, now));
  }
  return positions;
}

void WindowEngine::Restore(const RestoredCounter& counter, Instant now) {
  now = Clamp(now);
  const Instant start = Before(now, now.wall_ns - counter.window_start_us * 1000);
  CountedLimit& counted = counters_.Open({counter.limit.get(), counter.subject}, now);
  counted.counter.Restore(counter.limit->rule, now, start, counter.used);
}

}  // namespace weir::quota
