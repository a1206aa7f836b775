#include "services/quota/redis_windows.h"

#include <map>

#include "services/quota/redis_wire.h"

namespace weir::quota {
namespace {

using redis::Reply;
using Arguments = std::vector<std::string>;

// Holds that lapse in one script, and how often one call asks for more.
constexpr int64_t kReapedAtOnce = 32;
constexpr int kReapsAtOnce = 64;
constexpr size_t kConfirmedAtOnce = 64;
constexpr int kLookedAtAtOnce = 200;
// An organisation that nobody has announced for so long (seconds) is not looked at any more: what
// lapsed there is forgotten after a week.
constexpr int64_t kForgetOrganization = 8 * 86'400;
constexpr int64_t kForgetEdge = 3600;

// The answer of a script after its first four words, and its time.
struct Answer {
  explicit Answer(const Reply& reply) : reader(reply) {
    reader.Number();
    now_us = reader.Number();
    reader.Number();
    reader.Number();
  }
  Instant now() const { return InstantOf(now_us); }
  ReplyReader reader;
  int64_t now_us = 0;
};

absl::Status Malformed() { return status::DataLoss("a script of quota answers too little"); }

bool IsExact(int64_t amount) { return amount >= 0 && amount <= kMaxExact; }

absl::Status CheckExact(std::initializer_list<int64_t> amounts) {
  for (const int64_t each : amounts) {
    if (!IsExact(each)) {
      return status::InvalidArgument("an amount is {}, want 0 to {} where windows are shared", each,
                                     kMaxExact);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExact(const LeaseAmounts& amounts) {
  return CheckExact({amounts.requests, amounts.strict_tokens, amounts.adaptive_tokens});
}

absl::Status CheckExact(const Demand& demand) {
  return CheckExact({demand.requests, demand.input_bound, demand.input_likely,
                     demand.output_declared.value_or(0), demand.output_max.value_or(0),
                     demand.output_p95.value_or(0)});
}

// The refusal that memory would answer, from the same counters by the same function.
Refusal RefusalOf(const ReserveOp& op, const std::vector<Counter>& counters, Instant now) {
  absl::InlinedVector<Weighed, 4> weighed;
  for (size_t i = 0; i < counters.size(); ++i) {
    weighed.push_back({op.matches[i].limit, &counters[i]});
  }
  // A script that refuses for another reason than this one is out of step; soon is safe to say.
  return Decide(weighed, op.demand, now).refusal.value_or(Refusal{0, false, kRetrySoonNs});
}

absl::StatusOr<ReserveOutcome> ReadReserve(const Reply& reply, const ReserveOp& op) {
  Answer answer(reply);
  ReserveOutcome outcome;
  const int64_t kind = answer.reader.Number();
  outcome.kind = static_cast<ReserveOutcome::Kind>(kind);
  outcome.held_tokens = answer.reader.Number();
  const int64_t cap = answer.reader.Number();
  if (cap >= 0) outcome.output_cap = cap;
  std::vector<Counter> counters;
  for (const LimitMatch& each : op.matches) {
    counters.push_back(answer.reader.CounterOf(*each.limit));
    outcome.positions.push_back(PositionOf(*each.limit, counters.back(), answer.now()));
  }
  if (!answer.reader.ok() || kind > static_cast<int64_t>(ReserveOutcome::Kind::kRefused)) {
    return Malformed();
  }
  if (outcome.kind == ReserveOutcome::Kind::kRefused) {
    outcome.refusal = RefusalOf(op, counters, answer.now());
  }
  return outcome;
}

absl::StatusOr<LeaseOutcome> ReadLease(const Reply& reply, const LeaseOp& op) {
  Answer answer(reply);
  LeaseOutcome outcome;
  const int64_t kind = answer.reader.Number();
  outcome.kind = static_cast<LeaseOutcome::Kind>(kind);
  outcome.granted.requests = answer.reader.Number();
  outcome.granted.strict_tokens = answer.reader.Number();
  outcome.granted.adaptive_tokens = answer.reader.Number();
  for (const LimitMatch& each : op.matches) {
    const Counter counter = answer.reader.CounterOf(*each.limit);
    outcome.positions.push_back(PositionOf(*each.limit, counter, answer.now()));
  }
  if (!answer.reader.ok() || kind > static_cast<int64_t>(LeaseOutcome::Kind::kEnded)) {
    return Malformed();
  }
  return outcome;
}

// The limit that a counter follows, from what is kept beside it.
LimitPtr LimitOf(std::string_view organization, std::string_view name, ReplyReader& reader) {
  auto limit = std::make_shared<CompiledLimit>();
  limit->organization = organization;
  limit->name = name;
  limit->rule.kind = static_cast<CountingRule::Kind>(reader.Number());
  limit->unit = reader.Number() == 1 ? common::v1::UNIT_REQUESTS : common::v1::UNIT_TOTAL_TOKENS;
  limit->rule.count = reader.Number();
  limit->rule.period_ns = std::max<int64_t>(1, reader.Number()) * 1000;
  limit->rule.capacity = reader.Number();
  limit->level = static_cast<v1::Level>(reader.Number());
  limit->contact = reader.Text();
  return limit;
}

absl::StatusOr<ExtendOutcome> ReadExtend(const Reply& reply, std::string_view organization) {
  Answer answer(reply);
  ExtendOutcome outcome;
  outcome.kind = static_cast<ExtendOutcome::Kind>(answer.reader.Number());
  if (outcome.kind == ExtendOutcome::Kind::kNoHold) return outcome;
  outcome.output_cap = answer.reader.Number();
  if (outcome.kind == ExtendOutcome::Kind::kExhausted) {
    const std::string_view field = answer.reader.Text();
    outcome.limit = LimitOf(organization, field.substr(0, field.find('\0')), answer.reader);
    outcome.subject = field.substr(field.rfind('\0') + 1);
    const Counter counter = answer.reader.CounterOf(*outcome.limit);
    outcome.position = PositionOf(*outcome.limit, counter, answer.now());
    outcome.retry_after_ns =
        std::min(kRetrySoonNs, counter.WaitFor(outcome.limit->rule, answer.now(), 1));
  }
  if (!answer.reader.ok()) return Malformed();
  return outcome;
}

}  // namespace

asio::awaitable<absl::StatusOr<ReserveOutcome>> RedisWindows::Reserve(ReserveOp op) {
  WEIR_CO_RETURN_IF_ERROR(CheckExact(op.demand));
  if (!op.dry_run) {
    const absl::Status told =
        co_await store_.Announce(std::string(op.organization), std::string(op.edge_id));
    if (!told.ok()) co_return told;
  }
  Arguments arguments{IdBytes(op.id), std::string(op.edge_id), HashBytes(op.body_hash),
                      DemandBytes(op.demand, op.dry_run, op.is_under_way)};
  AppendMatches(op.matches, store_.first_seen(), arguments);
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().reserve, std::string(op.organization), std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  co_return ReadReserve(*reply, op);
}

asio::awaitable<absl::StatusOr<ExtendOutcome>> RedisWindows::Extend(ExtendOp op) {
  WEIR_CO_RETURN_IF_ERROR(CheckExact({op.output_wanted}));
  Arguments arguments{IdBytes(op.id), PackNumbers({op.output_wanted})};
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().extend, std::string(op.organization), std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  co_return ReadExtend(*reply, op.organization);
}

asio::awaitable<absl::StatusOr<SettleOutcome>> RedisWindows::Settle(SettleOp op) {
  WEIR_CO_RETURN_IF_ERROR(CheckExact({op.tokens, op.requests}));
  auto executor = co_await asio::this_coro::executor;
  RedisSettlements& settlements = settlements_.Of(executor);
  co_return co_await settlements.Settle(std::move(op));
}

asio::awaitable<absl::Status> RedisWindows::Release(ReleaseOp op) {
  Arguments arguments{IdBytes(op.id), op.keep_requests ? "1" : "0"};
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().release, std::string(op.organization), std::move(arguments));
  co_return reply.status();
}

asio::awaitable<absl::StatusOr<LeaseOutcome>> RedisWindows::Lease(LeaseOp op) {
  WEIR_CO_RETURN_IF_ERROR(CheckExact(op.wanted));
  WEIR_CO_RETURN_IF_ERROR(CheckExact(op.least));
  const absl::Status told =
      co_await store_.Announce(std::string(op.organization), std::string(op.edge_id));
  if (!told.ok()) co_return told;
  Arguments arguments{
      IdBytes(op.id), std::string(op.edge_id),
      PackNumbers({op.wanted.requests, op.wanted.strict_tokens, op.wanted.adaptive_tokens,
                   op.least.requests, op.least.strict_tokens, op.least.adaptive_tokens,
                   op.to_the_end ? 1 : 0})};
  AppendMatches(op.matches, store_.first_seen(), arguments);
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().lease, std::string(op.organization), std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  co_return ReadLease(*reply, op);
}

asio::awaitable<absl::Status> RedisWindows::Return(std::string organization,
                                                   std::vector<ReturnedLease> leases) {
  Arguments arguments;
  for (const ReturnedLease& each : leases) {
    WEIR_CO_RETURN_IF_ERROR(CheckExact(each.keep));
    arguments.push_back(IdBytes(each.id));
    arguments.push_back(
        PackNumbers({each.keep.requests, each.keep.strict_tokens, each.keep.adaptive_tokens}));
  }
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().give_back, std::move(organization), std::move(arguments));
  co_return reply.status();
}

asio::awaitable<absl::StatusOr<int64_t>> RedisWindows::Renew(std::string edge_id) {
  const std::string index = "w1:q:edge:" + edge_id;
  absl::StatusOr<std::vector<std::string>> organizations = co_await store_.Members(index);
  if (!organizations.ok()) co_return organizations.status();
  int64_t holds = 0;
  // One whose counters cannot be rebuilt must not cost the others their holds.
  absl::Status last;
  for (const std::string& each : *organizations) {
    absl::StatusOr<Reply> reply =
        co_await store_.Run(&store_.scripts().renew, each, Arguments{edge_id});
    if (!reply.ok()) {
      last = reply.status();
      continue;
    }
    Answer answer(*reply);
    const int64_t open = answer.reader.Number();
    holds += open;
    if (open > 0) continue;
    // Only where nobody has announced it meanwhile; it stays until the next time where this fails.
    Arguments member{each, std::to_string(kForgetEdge)};
    reply = co_await store_.RunOnIndex(&store_.scripts().forget, index, std::move(member));
  }
  if (!last.ok()) co_return last;
  co_return holds;
}

asio::awaitable<absl::StatusOr<int64_t>> RedisWindows::ForsakeIn(std::string organization,
                                                                 std::string edge_id) {
  int64_t holds = 0;
  std::string cursor = "0";
  do {
    Arguments arguments{edge_id, cursor, std::to_string(kLookedAtAtOnce)};
    const absl::StatusOr<Reply> reply =
        co_await store_.Run(&store_.scripts().forsake, organization, std::move(arguments));
    if (!reply.ok()) co_return reply.status();
    Answer answer(*reply);
    cursor = answer.reader.Text();
    holds += answer.reader.Number();
    if (!answer.reader.ok()) co_return Malformed();
  } while (cursor != "0");
  co_return holds;
}

asio::awaitable<absl::StatusOr<int64_t>> RedisWindows::Forsake(std::string edge_id) {
  absl::StatusOr<std::vector<std::string>> organizations =
      co_await store_.Members("w1:q:edge:" + edge_id);
  if (!organizations.ok()) co_return organizations.status();
  int64_t holds = 0;
  for (const std::string& each : *organizations) {
    WEIR_CO_ASSIGN_OR_RETURN(const int64_t some, co_await ForsakeIn(each, edge_id));
    holds += some;
  }
  co_return holds;
}

asio::awaitable<absl::StatusOr<Reaped>> RedisWindows::ReapOne(std::string organization) {
  Reaped all;
  for (int i = 0; i < kReapsAtOnce; ++i) {
    Arguments arguments{std::to_string(kReapedAtOnce),
                        std::to_string(store_.options().swept_at_once)};
    const absl::StatusOr<Reply> reply =
        co_await store_.Run(&store_.scripts().reap, organization, std::move(arguments));
    if (!reply.ok()) co_return reply.status();
    Answer answer(*reply);
    const int64_t ended = answer.reader.Number();
    const int64_t due_us = answer.reader.Number();
    if (!answer.reader.ok()) co_return Malformed();
    all.holds += ended;
    const Duration wait = std::chrono::microseconds(due_us - answer.now_us);
    all.idle_for = due_us == 0 ? store_.options().hold_ttl
                               : std::clamp(wait, Duration(0), store_.options().hold_ttl);
    if (ended < kReapedAtOnce) break;
  }
  co_return all;
}

asio::awaitable<absl::StatusOr<Reaped>> RedisWindows::ReapExpired() {
  const absl::Status met = co_await store_.MeetServer();
  if (!met.ok()) co_return met;
  absl::StatusOr<std::vector<std::string>> organizations = co_await store_.Members("w1:q:orgs");
  if (!organizations.ok()) co_return organizations.status();
  auto executor = co_await asio::this_coro::executor;
  Reaped all{.idle_for = store_.options().hold_ttl};
  absl::Status last;
  size_t failed = 0;
  for (const std::string& each : *organizations) {
    const MonotonicTime now = store_.clock().Monotonic();
    const auto due = store_.next_looks(executor).find(each);
    if (due != store_.next_looks(executor).end() && due->second > now) {
      all.idle_for = std::min(all.idle_for, Duration(due->second - now));
      continue;
    }
    absl::StatusOr<Reaped> reaped = co_await ReapOne(each);
    if (!reaped.ok()) {
      last = reaped.status();
      all.idle_for = Duration(0);
      ++failed;
      continue;
    }
    all.holds += reaped->holds;
    all.idle_for = std::min(all.idle_for, reaped->idle_for);
    store_.next_looks(executor)[each] = store_.clock().Monotonic() + reaped->idle_for;
    Arguments member{each, std::to_string(kForgetOrganization)};
    const auto forgotten =
        co_await store_.RunOnIndex(&store_.scripts().forget, "w1:q:orgs", std::move(member));
    if (!forgotten.ok()) co_return forgotten.status();
  }
  if (failed > 0 && failed == organizations->size()) co_return last;
  co_return all;
}

asio::awaitable<absl::StatusOr<Positions>> RedisWindows::Peek(LimitMatches matches) {
  if (matches.empty()) co_return Positions();
  Arguments arguments;
  AppendMatches(matches, store_.first_seen(), arguments);
  const absl::StatusOr<Reply> reply = co_await store_.Run(
      &store_.scripts().peek, matches.front().limit->organization, std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  Answer answer(*reply);
  Positions positions;
  for (const LimitMatch& each : matches) {
    const Counter counter = answer.reader.CounterOf(*each.limit);
    positions.push_back(PositionOf(*each.limit, counter, answer.now()));
  }
  if (!answer.reader.ok()) co_return Malformed();
  co_return positions;
}

asio::awaitable<absl::Status> RedisWindows::Restore(std::vector<RestoredCounter> counters) {
  std::map<std::string, std::vector<RestoredCounter>> by_organization;
  for (RestoredCounter& each : counters) {
    by_organization[each.limit->organization].push_back(std::move(each));
  }
  for (auto& [organization, its] : by_organization) {
    const absl::Status set = co_await store_.Restore(organization, std::move(its));
    if (!set.ok()) co_return set;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<std::vector<AttemptId>>> RedisWindows::Confirm(
    std::string organization, std::vector<AttemptId> open) {
  std::vector<AttemptId> missing;
  for (size_t at = 0; at < open.size(); at += kConfirmedAtOnce) {
    const size_t end = std::min(open.size(), at + kConfirmedAtOnce);
    Arguments arguments;
    for (size_t i = at; i < end; ++i) arguments.push_back(IdBytes(open[i]));
    const absl::StatusOr<Reply> reply =
        co_await store_.Run(&store_.scripts().confirm, organization, std::move(arguments));
    if (!reply.ok()) co_return reply.status();
    for (size_t i = 4; i < reply->items.size(); ++i) {
      const size_t index = at + static_cast<size_t>(reply->items[i].integer);
      if (index < end) missing.push_back(open[index]);
    }
  }
  co_return missing;
}

}  // namespace weir::quota
