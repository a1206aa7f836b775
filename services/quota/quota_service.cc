#include "services/quota/quota_service.h"

#include "services/quota/limit_states.h"
#include "services/quota/quota_requests.h"
#include "services/quota/rebuild.h"

namespace weir::quota {
namespace {

constexpr Duration kLeastPause = std::chrono::seconds(1);
// What a store that was away is told at once.
constexpr size_t kToldAtOnce = 256;

bool IsAway(const absl::Status& status) { return status.code() == absl::StatusCode::kUnavailable; }

v1::ReserveResponse::Code CodeOf(ReserveOutcome::Kind kind) {
  switch (kind) {
    case ReserveOutcome::Kind::kReduced:
      return v1::ReserveResponse::CODE_GRANTED_REDUCED;
    case ReserveOutcome::Kind::kReplayed:
      return v1::ReserveResponse::CODE_REPLAYED;
    case ReserveOutcome::Kind::kDegraded:
      return v1::ReserveResponse::CODE_DEGRADED;
    default:
      return v1::ReserveResponse::CODE_GRANTED;
  }
}

// What a hold of `cap` output tokens could be raised to now.
int64_t HeadroomOf(int64_t cap, const LimitMatches& matches, const Positions& positions) {
  int64_t room = kMaxAmount;
  for (size_t i = 0; i < matches.size(); ++i) {
    const CompiledLimit& limit = *matches[i].limit;
    if (limit.counts_requests() || limit.enforcement != Enforcement::kStrict) continue;
    room = std::min(room, positions[i].standing.room());
  }
  return cap + std::max<int64_t>(0, room);
}

absl::StatusOr<v1::ReserveResponse> ToResponse(const ReserveOutcome& outcome, const ReserveOp& op) {
  const LimitMatches& matches = op.matches;
  if (outcome.kind == ReserveOutcome::Kind::kConflict) {
    return status::Aborted("attempt {} was reserved before with another body", AttemptText(op.id));
  }
  if (outcome.refusal) {
    const LimitMatch& match = matches[outcome.refusal->limit];
    return Exhausted(*match.limit, match.subject, outcome.positions[outcome.refusal->limit],
                     outcome.refusal->hard, outcome.refusal->retry_after_ns);
  }
  v1::ReserveResponse response;
  response.set_code(CodeOf(outcome.kind));
  response.set_held_tokens(outcome.held_tokens);
  if (outcome.output_cap) {
    response.set_output_tokens_cap(*outcome.output_cap);
    if (!op.dry_run) {
      response.set_output_tokens_headroom(
          HeadroomOf(*outcome.output_cap, matches, outcome.positions));
    }
  }
  AddTightest(matches, outcome.positions, *response.mutable_states());
  return response;
}

// The limit that has the least room of those that are enforced.
absl::Status TooLittleToLease(const LimitMatches& matches, const Positions& positions) {
  size_t least = matches.size();
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].limit->enforcement == Enforcement::kObserve) continue;
    const bool is_less =
        least == matches.size() || positions[i].standing.room() < positions[least].standing.room();
    if (is_less) least = i;
  }
  return Exhausted(*matches[least].limit, matches[least].subject, positions[least], false,
                   kRetrySoonNs);
}

v1::LeaseResponse ToResponse(const LeaseOutcome& outcome, const LimitMatches& matches) {
  v1::LeaseResponse response;
  *response.mutable_granted() = ToProto(outcome.granted);
  for (size_t i = 0; i < matches.size(); ++i) {
    const CompiledLimit& limit = *matches[i].limit;
    if (limit.enforcement == Enforcement::kObserve) continue;
    v1::LeasedLimit& leased = *response.add_limits();
    *leased.mutable_state() = ToState(limit, outcome.positions[i]);
    leased.set_used(outcome.positions[i].standing.used);
    leased.set_held(outcome.positions[i].standing.held);
    leased.set_strict(limit.enforcement == Enforcement::kStrict);
    leased.set_entity(EntityOf(limit, matches[i].subject));
    if (!limit.rule.is_bucket()) *leased.mutable_window() = ToProto(limit.rule.period_ns);
  }
  return response;
}

// `row` must outlive it.
SettleOp OpOf(const LedgerRow& row, LimitMatches matches) {
  return {.id = row.id,
          .organization = row.organization,
          .seq = row.seq,
          .tokens = row.usage.total_tokens(),
          .requests = row.requests,
          .matches = std::move(matches)};
}

PriorPosting PriorOf(const std::optional<LedgerRow>& row) {
  if (!row) return {};
  return {.seq = row->seq,
          .tokens = row->usage.total_tokens(),
          .requests = row->requests,
          .posted_at_us = row->settled_at_us};
}

}  // namespace

QuotaService::QuotaService(const QuotaConfig& config, Deps deps)
    : deps_(deps),
      is_shared_(config.store == QuotaConfig::Store::kRedis),
      hold_ttl_(config.hold_ttl),
      history_(config.learned_models),
      outage_(config, deps.metrics) {
  deps_.windows.OnLoss([this](const std::string& organization) { losses_.Publish(organization); });
}

Instant QuotaService::Now() const {
  return {.wall_ns = deps_.clock.Now().time_since_epoch().count(),
          .monotonic_ns = deps_.clock.Monotonic().time_since_epoch().count()};
}

absl::Status QuotaService::CheckDeadline(const api::CallContext& call) const {
  if (call.deadline == MonotonicTime::max()) return absl::OkStatus();
  if (deps_.clock.Monotonic() < call.deadline) return absl::OkStatus();
  return status::DeadlineExceeded("the deadline had passed before the quota was asked");
}

absl::StatusOr<ReserveOp> QuotaService::Prepare(const api::CallContext& call,
                                                const v1::ReserveRequest& request,
                                                const LimitTable& table) {
  WEIR_RETURN_IF_ERROR(CheckDeadline(call));
  WEIR_RETURN_IF_ERROR(CheckSubjects(request.subjects()));
  WEIR_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(request.key()));
  WEIR_ASSIGN_OR_RETURN(Demand demand, ParseEstimate(request.estimate()));
  const v1::Subjects& subjects = request.subjects();
  demand.output_p95 = history_.P95(subjects.organization(), subjects.model());
  return ReserveOp{.id = id,
                   .organization = subjects.organization(),
                   .body_hash = BodyHash(request),
                   .edge_id = request.edge_id(),
                   .matches = table.Match(subjects),
                   .demand = demand,
                   .dry_run = request.dry_run()};
}

// rare is in functions of its own.
asio::awaitable<absl::StatusOr<v1::ReserveResponse>> QuotaService::Reserve(
    api::CallContext call, v1::ReserveRequest request) {
  // Keeps the limits of the matches alive.
  const int64_t version = deps_.limits.version();
  const std::shared_ptr<const LimitTable> table = deps_.limits.Current();
  absl::StatusOr<ReserveOp> op = Prepare(call, request, *table);
  if (!op.ok()) co_return op.status();
  absl::StatusOr<ReserveOutcome> outcome = co_await deps_.windows.Reserve(*op);
  if (outcome.ok()) {
    outage_.Answered(&op->id);
  } else if (IsAway(outcome.status())) {
    outcome = outage_.Grant(*op, outcome.status(), Now());
    // Whether there is a hold now nobody knows; whoever asks again uses it.
    if (!outcome.ok()) {
      if (!op->dry_run) outage_.MissedRelease({.id = op->id, .organization = op->organization});
      co_return outcome.status();
    }
  }
  if (!outcome.ok())
    co_return status::While(outcome.status(), "reserving for {}", op->organization);
  absl::StatusOr<v1::ReserveResponse> response = ToResponse(*outcome, *op);
  if (response.ok()) response->set_limits_version(version);
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::ExtendResponse>> QuotaService::Extend(
    api::CallContext call, v1::ExtendRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckDeadline(call));
  WEIR_CO_RETURN_IF_ERROR(CheckOrganization(request.organization()));
  WEIR_CO_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(request.key()));
  const int64_t wanted = request.output_tokens_wanted();
  if (wanted < 0 || wanted > kMaxAmount) {
    co_return status::InvalidArgument("output_tokens_wanted is {}, want 0 to {}", wanted,
                                      kMaxAmount);
  }
  ExtendOp op{.id = id, .organization = request.organization(), .output_wanted = wanted};
  WEIR_CO_ASSIGN_OR_RETURN(const ExtendOutcome outcome, co_await deps_.windows.Extend(op));
  if (outcome.kind == ExtendOutcome::Kind::kNoHold) {
    co_return status::NotFound("attempt {} has no open hold", AttemptText(id));
  }
  if (outcome.kind == ExtendOutcome::Kind::kExhausted) {
    co_return Exhausted(*outcome.limit, outcome.subject, outcome.position, false,
                        outcome.retry_after_ns);
  }
  v1::ExtendResponse response;
  response.set_output_tokens_cap(outcome.output_cap);
  co_return response;
}

// Forgotten, or never seen: what the ledger says of it is the last word.
asio::awaitable<absl::StatusOr<std::optional<SettleOutcome>>> QuotaService::Post(SettleOp op) {
  absl::StatusOr<SettleOutcome> outcome = co_await deps_.windows.Settle(op);
  if (outcome.ok() && outcome->kind == SettleOutcome::Kind::kUnknown) {
    auto find = [&ledger = deps_.ledger, id = op.id] { return ledger.Find(id); };
    WEIR_CO_ASSIGN_OR_RETURN(const std::optional<LedgerRow> row,
                             co_await RunOn(deps_.workers, std::move(find)));
    op.prior = PriorOf(row);
    outcome = co_await deps_.windows.Settle(op);
  }
  if (!outcome.ok() && IsAway(outcome.status())) co_return std::nullopt;
  if (!outcome.ok()) co_return outcome.status();
  outage_.Answered();
  co_return std::optional<SettleOutcome>(*outcome);
}

void QuotaService::Learn(const LedgerRow& row, const SettleOutcome& outcome,
                         std::optional<int64_t> output_cap) {
  if (outcome.kind != SettleOutcome::Kind::kApplied || row.estimated) return;
  if (row.outcome != v1::SettleRequest::OUTCOME_FINISHED) return;
  const int64_t output = row.usage.output_tokens();
  if (output <= 0) return;
  // An answer that filled its cap would have gone on: taken as it is, caps would teach ever smaller
  // caps.
  const bool was_cut = output_cap && output >= *output_cap;
  history_.Add(row.organization, row.model, was_cut ? 2 * output : output);
}

// `request` outlives the matches, which borrow its names. Apart from Settle: its frame is gone when
// the ledger is waited for, and hundreds wait at any time.
asio::awaitable<absl::StatusOr<QuotaService::Charged>> QuotaService::Charge(
    v1::SettleRequest request) {
  const std::shared_ptr<const LimitTable> table = deps_.limits.Current();
  absl::StatusOr<std::unique_ptr<LedgerRow>> parsed =
      ParseSettlement(request, ToUnixMicros(deps_.clock.Now()));
  if (!parsed.ok()) co_return parsed.status();
  Charged charged{.row = *std::move(parsed), .missed = nullptr};
  SettleOp op = OpOf(*charged.row, table->Match(request.subjects()));
  WEIR_CO_ASSIGN_OR_RETURN(op.lease, ParseLeaseId(request));
  const bool is_leased = op.lease.has_value();
  op.top_up = request.top_up_lease();
  op.first_sent = request.first_sent();
  const absl::StatusOr<std::optional<SettleOutcome>> outcome = co_await Post(std::move(op));
  if (!outcome.ok()) {
    co_return status::While(outcome.status(), "settling attempt {}", AttemptText(charged.row->id));
  }
  if (outcome->has_value()) {
    const SettleOutcome& posted = **outcome;
    const bool applied = posted.kind == SettleOutcome::Kind::kApplied;
    charged.lease_lost = is_leased && applied && !posted.drew;
    charged.topped_up = posted.topped_up;
    std::optional<int64_t> cap = posted.output_cap;
    if (!cap && request.has_output_tokens_cap()) cap = request.output_tokens_cap();
    Learn(*charged.row, posted, cap);
  } else {
    charged.missed = std::make_unique<v1::SettleRequest>(std::move(request));
  }
  co_return charged;
}

asio::awaitable<absl::StatusOr<v1::SettleResponse>> QuotaService::Settle(
    api::CallContext, v1::SettleRequest request) {
  absl::StatusOr<Charged> charged = co_await Charge(std::move(request));
  if (!charged.ok()) co_return charged.status();
  // Also where the counters knew it: only the ledger can say that it is in the ledger.
  const absl::StatusOr<bool> duplicate = co_await deps_.sink.Append(std::move(charged->row));
  if (!duplicate.ok()) co_return duplicate.status();
  if (charged->missed != nullptr) {
    // Now that it is in the ledger, counters that are taken from there have it.
    deps_.windows.Distrust(charged->missed->subjects().organization());
    outage_.MissedSettlement(std::move(charged->missed));
  }
  v1::SettleResponse response;
  response.set_duplicate(*duplicate);
  response.set_limits_version(deps_.limits.version());
  response.set_lease_lost(charged->lease_lost);
  response.set_lease_topped_up(charged->topped_up);
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::ReleaseResponse>> QuotaService::Release(
    api::CallContext, v1::ReleaseRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckOrganization(request.organization()));
  WEIR_CO_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(request.key()));
  const ReleaseOp op{
      .id = id, .organization = request.organization(), .keep_requests = request.keep_requests()};
  const absl::Status released = co_await deps_.windows.Release(op);
  if (IsAway(released)) {
    outage_.MissedRelease(op);
  } else if (!released.ok()) {
    co_return released;
  }
  co_return v1::ReleaseResponse();
}

asio::awaitable<absl::StatusOr<v1::LeaseResponse>> QuotaService::Lease(api::CallContext call,
                                                                       v1::LeaseRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckDeadline(call));
  WEIR_CO_RETURN_IF_ERROR(CheckSubjects(request.subjects()));
  WEIR_CO_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(request.key()));
  const int64_t version = deps_.limits.version();
  const std::shared_ptr<const LimitTable> table = deps_.limits.Current();
  LeaseOp op{.id = id,
             .organization = request.subjects().organization(),
             .edge_id = request.edge_id(),
             .matches = table->Match(request.subjects()),
             .to_the_end = request.to_the_end()};
  WEIR_CO_ASSIGN_OR_RETURN(op.wanted, ParseAmounts(request.wanted(), "wanted"));
  WEIR_CO_ASSIGN_OR_RETURN(op.least, ParseAmounts(request.least(), "least"));
  WEIR_CO_ASSIGN_OR_RETURN(const LeaseOutcome outcome, co_await deps_.windows.Lease(op));
  if (outcome.kind == LeaseOutcome::Kind::kEnded) {
    co_return status::FailedPrecondition("lease {} is over", AttemptText(id));
  }
  if (outcome.kind == LeaseOutcome::Kind::kNoRoom) {
    co_return TooLittleToLease(op.matches, outcome.positions);
  }
  v1::LeaseResponse response = ToResponse(outcome, op.matches);
  const v1::Subjects& subjects = request.subjects();
  if (const auto p95 = history_.P95(subjects.organization(), subjects.model())) {
    response.set_output_tokens_p95(*p95);
  }
  *response.mutable_ttl() = ToProto(hold_ttl_.count());
  response.set_limits_version(version);
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::ReturnResponse>> QuotaService::Return(
    api::CallContext, v1::ReturnRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckOrganization(request.organization()));
  if (request.leases_size() > kMostReturned) {
    co_return status::InvalidArgument("leases are {}, want at most {}", request.leases_size(),
                                      kMostReturned);
  }
  std::vector<ReturnedLease> leases;
  for (const v1::ReturnedLease& each : request.leases()) {
    WEIR_CO_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(each.key()));
    WEIR_CO_ASSIGN_OR_RETURN(const LeaseAmounts keep, ParseAmounts(each.keep(), "leases.keep"));
    leases.push_back({.id = id, .keep = keep});
  }
  // Where the store is away the edge says it again.
  const absl::Status returned =
      co_await deps_.windows.Return(request.organization(), std::move(leases));
  if (!returned.ok()) co_return returned;
  co_return v1::ReturnResponse();
}

asio::awaitable<absl::StatusOr<v1::HeartbeatResponse>> QuotaService::Heartbeat(
    api::CallContext call, v1::HeartbeatRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckDeadline(call));
  int64_t holds = 0;
  if (request.gone()) {
    WEIR_CO_ASSIGN_OR_RETURN(holds, co_await deps_.windows.Forsake(request.edge_id()));
  } else {
    WEIR_CO_ASSIGN_OR_RETURN(holds, co_await deps_.windows.Renew(request.edge_id()));
  }
  v1::HeartbeatResponse response;
  response.set_holds(holds);
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::AnnounceResponse>> QuotaService::Announce(
    api::CallContext call, v1::AnnounceRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckDeadline(call));
  if (request.attempts().empty() && request.leases().empty()) co_return v1::AnnounceResponse();
  WEIR_CO_RETURN_IF_ERROR(CheckAnnouncement(request));
  const std::shared_ptr<const LimitTable> table = deps_.limits.Current();
  std::vector<AttemptId> named;
  std::vector<ReserveOp> ops;
  for (const v1::ReserveRequest& each : request.attempts()) {
    WEIR_CO_ASSIGN_OR_RETURN(ReserveOp op, Prepare(call, each, *table));
    op.is_under_way = true;
    named.push_back(op.id);
    ops.push_back(std::move(op));
  }
  for (const common::v1::AttemptKey& each : request.leases()) {
    WEIR_CO_ASSIGN_OR_RETURN(const AttemptId id, ParseKey(each));
    named.push_back(id);
  }
  WEIR_CO_ASSIGN_OR_RETURN(const std::vector<AttemptId> missing,
                           co_await deps_.windows.Confirm(request.organization(), named));
  const auto is_missing = [&](const AttemptId& id) { return absl::c_linear_search(missing, id); };
  for (const ReserveOp& each : ops) {
    // What was released before the store lost it goes on, or it would not be named here.
    outage_.Answered(&each.id);
    if (!is_missing(each.id)) continue;
    // One that was settled, and whose edge has not heard of that, is in the counters already.
    auto find = [&ledger = deps_.ledger, id = each.id] { return ledger.Find(id); };
    WEIR_CO_ASSIGN_OR_RETURN(const std::optional<LedgerRow> row,
                             co_await RunOn(deps_.workers, std::move(find)));
    if (row) continue;
    WEIR_CO_RETURN_IF_ERROR((co_await deps_.windows.Reserve(each)).status());
  }
  v1::AnnounceResponse response;
  for (size_t i = 0; i < static_cast<size_t>(request.leases_size()); ++i) {
    if (is_missing(named[ops.size() + i]))
      *response.add_lost_leases() = request.leases(static_cast<int>(i));
  }
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::PeekResponse>> QuotaService::Peek(api::CallContext call,
                                                                     v1::PeekRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckDeadline(call));
  WEIR_CO_RETURN_IF_ERROR(CheckSubjects(request.subjects()));
  const std::shared_ptr<const LimitTable> table = deps_.limits.Current();
  const LimitMatches matches = table->Match(request.subjects());
  WEIR_CO_ASSIGN_OR_RETURN(const Positions positions, co_await deps_.windows.Peek(matches));
  v1::PeekResponse response;
  AddStates(matches, positions, *response.mutable_states());
  co_return response;
}

asio::awaitable<absl::Status> QuotaService::Rebuild() {
  // It was there before this process, and knows by itself what it lost.
  if (is_shared_) co_return absl::OkStatus();
  auto sum = [&ledger = deps_.ledger, table = deps_.limits.Current(), now = deps_.clock.Now()] {
    return SumCounters(*table, ledger, now);
  };
  absl::StatusOr<std::vector<RestoredCounter>> counters =
      co_await RunOn(deps_.workers, std::move(sum));
  if (!counters.ok()) {
    co_return status::While(counters.status(), "rebuilding the counters from the ledger");
  }
  co_return co_await deps_.windows.Restore(*std::move(counters));
}

// Settles or releases once more: each does nothing where it was done.
asio::awaitable<absl::Status> QuotaService::Tell(StoreOutage::Missed* missed) {
  if (missed->settlement == nullptr) {
    const ReleaseOp op{.id = missed->id,
                       .organization = missed->organization,
                       .keep_requests = missed->keep_requests};
    co_return co_await deps_.windows.Release(op);
  }
  v1::SettleRequest request = *missed->settlement;
  const absl::StatusOr<Charged> charged = co_await Charge(std::move(request));
  if (!charged.ok()) co_return charged.status();
  co_return charged->missed == nullptr ? absl::OkStatus()
                                       : status::Unavailable("the store is away");
}

asio::awaitable<absl::Status> QuotaService::CatchUp() {
  std::vector<StoreOutage::Missed> all = outage_.Take(kToldAtOnce);
  absl::Status last;
  for (StoreOutage::Missed& each : all) {
    const absl::Status told = co_await Tell(&each);
    if (told.ok()) continue;
    last = told;
    outage_.PutBack(std::move(each));
  }
  co_return last;
}

asio::awaitable<void> QuotaService::Run(Timers& timers) {
  for (;;) {
    absl::StatusOr<Reaped> reaped = co_await deps_.windows.ReapExpired();
    if (reaped.ok()) outage_.Answered();
    absl::Status told;
    while (reaped.ok() && told.ok() && outage_.has_missed()) told = co_await CatchUp();
    // A store that cannot be asked is asked again; what others keep there may change at any time.
    const bool knows = reaped.ok() && !is_shared_;
    const Duration pause = knows ? std::max(kLeastPause, reaped->idle_for) : kLeastPause;
    co_await SleepFor(timers, pause);
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) co_return;
  }
}

}  // namespace weir::quota
