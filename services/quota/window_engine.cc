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

// As the limit was when the lease was made.
int64_t KeptOf(const HoldPart& part, const LeaseAmounts& keep) {
  if (part.counted->limit->counts_requests()) return keep.requests;
  return part.enforcement == Enforcement::kStrict ? keep.strict_tokens : keep.adaptive_tokens;
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

WindowEngine::AllWeighed WindowEngine::Weigh(const LimitMatches& matches) const {
  AllWeighed weighed;
  for (const LimitMatch& each : matches) {
    const CountedLimit* counted = counters_.Find(each);
    weighed.push_back({each.limit, counted != nullptr ? &counted->counter : &kUnused});
  }
  return weighed;
}

ReserveOutcome WindowEngine::Reserve(const ReserveOp& op, Instant now) {
  now = Clamp(now);
  ReserveOutcome outcome;
  if (std::optional<ReserveOutcome> known = Replay(op)) {
    outcome = *known;
  } else {
    const AllWeighed weighed = Weigh(op.matches);
    const Admission admission =
        op.is_under_way ? Impose(weighed, op.demand, now) : Decide(weighed, op.demand, now);
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
  Hold* lease = op.lease ? holds_.Find(*op.lease) : nullptr;
  // Nothing came of it yet, or it would be known here.
  const bool is_first = lease != nullptr && !lease->lapsed_at && op.first_sent;
  if (!op.prior && !is_first) return {SettleOutcome::Kind::kUnknown, {}};
  const PriorPosting prior = op.prior.value_or(PriorPosting{});
  if (op.seq <= prior.seq) return {SettleOutcome::Kind::kRepeated, {}};
  Instant posted_at = prior.seq == 0 ? now : Before(now, now.wall_ns - prior.posted_at_us * 1000);
  SettleOutcome outcome;
  if (lease != nullptr && prior.seq == 0) {
    outcome.drew = true;
    outcome.topped_up = Draw(*lease, op, now);
    posted_at = lease->lapsed_at.value_or(now);
  } else {
    Correct(op, prior.tokens, prior.requests, posted_at, now);
  }
  records_.Add({.id = op.id,
                .requests = Narrow(op.requests),
                .tokens = op.tokens,
                .posted_at = posted_at,
                .seq = op.seq},
               now.monotonic_ns);
  return outcome;
}

LeaseOutcome WindowEngine::Lease(const LeaseOp& op, Instant now) {
  now = Clamp(now);
  LeaseOutcome outcome;
  if (const Hold* hold = holds_.Find(op.id)) {
    outcome.granted = hold->leased;
    if (hold->lapsed_at) outcome.kind = LeaseOutcome::Kind::kEnded;
  } else if (records_.Find(op.id) != nullptr) {
    outcome.kind = LeaseOutcome::Kind::kEnded;
  } else if (const auto granted = ShareOut(Weigh(op.matches), op, now)) {
    outcome.granted = *granted;
    MakeLease(op, *granted, now);
  } else {
    outcome.kind = LeaseOutcome::Kind::kNoRoom;
  }
  if (outcome.kind != LeaseOutcome::Kind::kGranted) outcome.granted = {};
  outcome.positions = Peek(op.matches, now);
  return outcome;
}

void WindowEngine::MakeLease(const LeaseOp& op, const LeaseAmounts& granted, Instant now) {
  Hold& hold = holds_.Add(op.id, op.edge_id, now.monotonic_ns);
  hold.leased = granted;
  for (const LimitMatch& each : op.matches) {
    const CompiledLimit& limit = *each.limit;
    if (limit.enforcement == Enforcement::kObserve) continue;
    CountedLimit& counted = counters_.Open(each, now);
    counted.counter.Hold(limit.rule, now, AmountFor(limit, granted));
    ++counted.holds;
    hold.parts.push_back({.counted = &counted,
                          .enforcement = limit.enforcement,
                          .amount = AmountFor(limit, granted)});
  }
}

bool WindowEngine::Draw(Hold& lease, const SettleOp& op, Instant now) {
  absl::InlinedVector<HoldPart*, 4> drawn_from;
  bool may_top_up = op.top_up && !lease.lapsed_at;
  for (const LimitMatch& each : op.matches) {
    const int64_t actual = each.limit->counts_requests() ? op.requests : op.tokens;
    if (actual == 0) continue;
    const CountingRule& rule = each.limit->rule;
    CountedLimit& counted = counters_.Open(each, now);
    const auto part = std::ranges::find(lease.parts, &counted, &HoldPart::counted);
    if (part == lease.parts.end()) {
      counted.counter.Settle(rule, now, 0, actual);
    } else if (lease.lapsed_at) {
      const int64_t drawn = std::min(actual, part->posted);
      part->posted -= drawn;
      counted.counter.Correct(rule, now, *lease.lapsed_at, drawn, actual);
    } else {
      const int64_t drawn = std::min(actual, part->amount);
      part->amount -= drawn;
      counted.counter.Settle(rule, now, drawn, actual);
      may_top_up =
          may_top_up && drawn == actual && actual <= ShareOf(counted.counter.At(rule, now));
      drawn_from.push_back(&*part);
    }
  }
  if (!may_top_up) return false;
  for (HoldPart* part : drawn_from) {
    const CompiledLimit& limit = *part->counted->limit;
    const int64_t more = limit.counts_requests() ? op.requests : op.tokens;
    part->counted->counter.Hold(limit.rule, now, more);
    part->amount += more;
  }
  return true;
}

bool WindowEngine::Return(const ReturnedLease& op, Instant now) {
  now = Clamp(now);
  Hold* lease = holds_.Find(op.id);
  if (lease == nullptr) {
    // Its Lease may be on the way still.
    if (op.keep.empty() && records_.Find(op.id) == nullptr) {
      records_.Add({.id = op.id, .posted_at = now}, now.monotonic_ns);
    }
    return false;
  }
  if (op.keep.empty()) {
    EndHold(*lease, 0, 0, 0, now);
    return true;
  }
  for (HoldPart& each : lease->parts) {
    const CompiledLimit& limit = *each.counted->limit;
    int64_t& left = lease->lapsed_at ? each.posted : each.amount;
    const int64_t kept = std::min(left, KeptOf(each, op.keep));
    if (lease->lapsed_at) {
      each.counted->counter.Correct(limit.rule, now, *lease->lapsed_at, left, kept);
    } else {
      each.counted->counter.Settle(limit.rule, now, left - kept, 0);
    }
    left = kept;
  }
  return true;
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

int64_t WindowEngine::Forsake(std::string_view edge_id, Instant now) {
  const std::vector<AttemptId> holds = holds_.OfEdge(edge_id);
  for (const AttemptId& each : holds) Release(each, false, now);
  return static_cast<int64_t>(holds.size());
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
