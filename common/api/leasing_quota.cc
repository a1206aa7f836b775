#include "common/api/leasing_quota.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "common/api/attempt_name.h"
#include "common/quota/usage_parts.h"
#include "common/status/detail.h"

namespace weir::api {
namespace {

constexpr Duration kSweep = std::chrono::milliseconds(500);
// Subjects that have not called for so long are forgotten.
constexpr Duration kForget = std::chrono::seconds(5);
// A service that knows no leases is not asked for one again soon.
constexpr Duration kLongPause = std::chrono::seconds(60);
// Nobody waits longer for what is given back.
constexpr Duration kReturnWait = std::chrono::milliseconds(500);
// A lease that lasted longer was too large.
constexpr Duration kLasted = std::chrono::seconds(10);

void Write(const LeaseAmounts& amounts, quota_pb::LeaseAmounts& proto) {
  const LeaseAmounts clamped = amounts.Clamped();
  proto.set_requests(clamped.requests);
  proto.set_strict_tokens(clamped.strict_tokens);
  proto.set_adaptive_tokens(clamped.adaptive_tokens);
}

// What the service has certainly not done.
bool WasNotDone(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsFailedPrecondition(status) ||
         absl::IsInvalidArgument(status) || absl::IsUnimplemented(status);
}

// Whether it was done is not known, or it was not.
bool IsAmbiguous(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status);
}

metrics::CounterFamily& Decisions(metrics::Registry& registry) {
  return registry.NewCounterFamily("weir_quota_decisions_total",
                                   "Calls that were let in, by who decided.", {"by"});
}

// What was spent, as limits count it.
LeaseAmounts SpentBy(const quota_pb::SettleRequest& request) {
  const absl::StatusOr<quota::UsageParts> usage = quota::ParseUsage(request.usage());
  const int64_t tokens = usage.ok() ? usage->total_tokens() : 0;
  return LeaseAmounts{request.requests(), tokens, tokens}.Clamped();
}

}  // namespace

// Owned by what is on its way; its end tells who waits.
struct LeasingQuota::Wave {
  explicit Wave(std::shared_ptr<asio::steady_timer> timer) : over(std::move(timer)) {}
  ~Wave() { over->cancel(); }
  const std::shared_ptr<asio::steady_timer> over;
};

LeaseMetrics::LeaseMetrics(metrics::Registry& registry)
    : leased(Decisions(registry).With({"lease"})),
      asked(Decisions(registry).With({"service"})),
      cut_off(Decisions(registry).With({"lease_cut_off"})),
      leases(registry.NewGauge("weir_quota_leases", "Leases that this process holds.")) {}

LeasingQuota::LeasingQuota(Options options, Deps deps)
    : ForwardingQuota(deps.inner), options_(options), deps_(std::move(deps)) {}

LeasingQuota::~LeasingQuota() {
  if (sweep_ != 0) deps_.timers.Cancel(sweep_);
}

LeasingQuota::CallerPtr LeasingQuota::CallerOf(const quota_pb::Subjects& subjects,
                                               MonotonicTime now) {
  const std::string key = subjects.SerializeAsString();
  auto found = callers_.find(key);
  if (found == callers_.end()) {
    if (callers_.size() >= options_.max_subjects) return nullptr;
    found = callers_.emplace(key, std::make_shared<Caller>(subjects)).first;
    ArmSweep();
  }
  Caller& caller = *found->second;
  caller.called_at = now;
  return found->second;
}

template <typename Do>
void LeasingQuota::ForEachLease(Do act) {
  std::vector<std::pair<CallerPtr, LeasedPtr>> all;
  for (const auto& [organization, callers] : leasing_) {
    for (const CallerPtr& caller : callers) {
      for (const LeasedPtr& lease : caller->escrow.leases()) all.emplace_back(caller, lease);
    }
  }
  for (const auto& [caller, lease] : all) act(caller, lease);
}

void LeasingQuota::Heard(int64_t limits_version, MonotonicTime sent) {
  heard_at_ = std::max(heard_at_.value_or(sent), sent);
  if (limits_version == limits_version_) return;
  limits_version_ = limits_version;
  ForEachLease([&](const CallerPtr& caller, const LeasedPtr& lease) {
    if (lease->limits_version != limits_version) Close(caller, lease);
  });
}

std::optional<quota_pb::ReserveResponse> LeasingQuota::Admit(const CallerPtr& caller,
                                                             const std::string& name,
                                                             const std::string& edge_id,
                                                             const quota::Demand& demand,
                                                             bool was_asked) {
  const MonotonicTime now = Now();
  if (unsettled_ >= options_.max_unsettled) return std::nullopt;
  std::optional<LeasedAttempt> attempt = caller->escrow.Admit(demand, now);
  if (!attempt) return std::nullopt;
  quota_pb::ReserveResponse response = caller->escrow.Answer(*attempt, now);
  open_[name] = {caller, edge_id, *std::move(attempt), std::nullopt, was_asked};
  return response;
}

bool LeasingQuota::MayLease(const Caller& caller, MonotonicTime now) const {
  return !stopped_ && !caller.asking && now >= caller.not_before && deps_.is_reachable();
}

quota_pb::LeaseRequest LeasingQuota::NewLease(Caller& caller, const quota::Demand& demand,
                                              const std::string& edge_id) {
  const MonotonicTime now = Now();
  if (caller.calls == 0 || now - caller.granted_at > kLasted) {
    caller.calls = options_.first_calls;
  } else if (now - caller.granted_at < std::chrono::seconds(1)) {
    caller.calls = std::min(caller.calls * 2, options_.most_calls);
  }
  LeaseAmounts each = caller.escrow.NeedOf(demand, now);
  each.requests = std::max<int64_t>(1, each.requests);
  quota_pb::LeaseRequest request;
  SetLeaseKey(NewRequestId(deps_.timers.clock().Now(), deps_.random), *request.mutable_key());
  *request.mutable_subjects() = caller.escrow.subjects();
  request.set_edge_id(edge_id);
  Write(each * caller.calls, *request.mutable_wanted());
  Write(each * options_.least_calls, *request.mutable_least());
  caller.asking = true;
  return request;
}

void LeasingQuota::Refill(const CallerPtr& caller, const quota::Demand& demand,
                          const std::string& edge_id) {
  const MonotonicTime now = Now();
  if (!MayLease(*caller, now) || !caller->escrow.is_low(now)) return;
  asio::co_spawn(deps_.executor, Ask(caller, NewLease(*caller, demand, edge_id)), asio::detached);
}

LeasedPtr LeasingQuota::AddLease(const CallerPtr& caller, std::string id,
                                 const quota_pb::LeaseResponse& response, MonotonicTime sent) {
  const MonotonicTime now = Now();
  LeasedPtr lease = caller->escrow.Add(std::move(id), response, sent, now);
  caller->granted_at = now;
  leasing_[caller->escrow.subjects().organization()].insert(caller);
  ++count_;
  deps_.metrics.leases.Add(1);
  ArmSweep();
  return lease;
}

void LeasingQuota::RemoveLease(const CallerPtr& caller, const LeasedPtr& lease) {
  std::vector<LeasedPtr>& leases = caller->escrow.leases();
  if (std::erase(leases, lease) == 0) return;
  --count_;
  deps_.metrics.leases.Add(-1);
  if (!leases.empty()) return;
  const auto organization = leasing_.find(caller->escrow.subjects().organization());
  organization->second.erase(caller);
  if (organization->second.empty()) leasing_.erase(organization);
}

asio::awaitable<void> LeasingQuota::Ask(CallerPtr caller, quota_pb::LeaseRequest request) {
  const MonotonicTime sent = Now();
  const std::string id = request.key().request_id();
  const CallContext call{.deadline = sent + options_.ask_timeout};
  const absl::StatusOr<quota_pb::LeaseResponse> response =
      co_await deps_.inner.Lease(call, std::move(request));
  caller->asking = false;
  if (response.ok()) {
    Heard(response->limits_version(), sent);
    const LeasedPtr lease = AddLease(caller, id, *response, sent);
    if (stopped_) Close(caller, lease);
    co_return;
  }
  if (!WasNotDone(response.status())) {
    QueueReturn(caller->escrow.subjects().organization(), id, nullptr);
  }
  caller->not_before =
      Now() + (absl::IsUnimplemented(response.status()) ? kLongPause : options_.pause);
}

void LeasingQuota::QueueReturn(const std::string& organization, const std::string& id,
                               LeasedPtr lease) {
  Returns& returns = returns_[organization];
  returns.leases.try_emplace(id, std::move(lease));
  ArmSweep();
  if (returns.sending || Now() < returns.not_before) return;
  returns.sending = true;
  asio::co_spawn(deps_.executor, SendReturns(organization), asio::detached);
}

// One message at a time: nobody is in a hurry, and others are.
asio::awaitable<void> LeasingQuota::SendReturns(std::string organization) {
  // What is raised just now waits for the next time.
  for (;;) {
    Returns& returns = returns_[organization];
    quota_pb::ReturnRequest request;
    request.set_organization(organization);
    std::vector<std::pair<std::string, LeasedPtr>> sent;
    for (const auto& [id, lease] : returns.leases) {
      if (sent.size() >= size_t{quota::kMostReturned}) break;
      if (lease != nullptr && lease->extending > 0) continue;
      quota_pb::ReturnedLease& returned = *request.add_leases();
      SetLeaseKey(id, *returned.mutable_key());
      if (lease != nullptr && !lease->is_unused()) Write(lease->needed(), *returned.mutable_keep());
      if (lease != nullptr) lease->returning = true;
      sent.emplace_back(id, lease);
    }
    for (const auto& [id, lease] : sent) returns.leases.erase(id);
    if (sent.empty()) break;
    const absl::StatusOr<quota_pb::ReturnResponse> answer =
        co_await deps_.inner.Return(CallContext{}, std::move(request));
    for (const auto& [id, lease] : sent) {
      if (lease != nullptr) lease->returning = false;
    }
    if (answer.ok() || IsRefusedForGood(answer.status())) continue;
    Returns& again = returns_[organization];
    for (auto& [id, lease] : sent) again.leases.try_emplace(id, std::move(lease));
    again.not_before = Now() + options_.pause;
    break;
  }
  Returns& returns = returns_[organization];
  returns.sending = false;
  returns.waves.clear();
  if (returns.leases.empty()) returns_.erase(organization);
  ArmSweep();
}

asio::awaitable<bool> LeasingQuota::AwaitReturns(std::string organization) {
  const auto returns = returns_.find(organization);
  if (returns == returns_.end() || !returns->second.sending) co_return false;
  const auto over = std::make_shared<asio::steady_timer>(deps_.executor, kReturnWait);
  auto wave = std::make_shared<Wave>(over);
  const std::weak_ptr<Wave> on_their_way = wave;
  returns->second.waves.push_back(std::move(wave));
  if (!on_their_way.expired()) co_await over->async_wait(kTuple);
  co_return true;
}

void LeasingQuota::Close(const CallerPtr& caller, const LeasedPtr& lease) {
  if (lease->closed) return;
  lease->closed = true;
  ReturnMore(caller, lease);
}

void LeasingQuota::ReturnMore(const CallerPtr& caller, const LeasedPtr& lease) {
  if (!lease->closed) return;
  if (lease->is_unused()) RemoveLease(caller, lease);
  QueueReturn(caller->escrow.subjects().organization(), lease->id, lease);
}

asio::awaitable<bool> LeasingQuota::GiveBack(std::string organization, absl::Status refused) {
  const auto violation = status::Detail<common::v1::QuotaViolation>(refused);
  const auto its = leasing_.find(organization);
  bool some = false;
  if (its != leasing_.end() && violation) {
    const std::vector<CallerPtr> callers(its->second.begin(), its->second.end());
    for (const CallerPtr& caller : callers) {
      if (!caller->escrow.Counts(violation->limit_name(), violation->entity())) continue;
      caller->not_before = Now() + options_.pause;
      const std::vector<LeasedPtr> leases = caller->escrow.leases();
      for (const LeasedPtr& each : leases) {
        if (!each->has_left()) continue;
        some = true;
        Close(caller, each);
      }
    }
  }
  const bool waited = co_await AwaitReturns(std::move(organization));
  co_return some || waited;
}

asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> LeasingQuota::Reserve(
    CallContext call, quota_pb::ReserveRequest request) {
  const absl::StatusOr<quota::Demand> demand = quota::ParseEstimate(request.estimate());
  const MonotonicTime now = Now();
  CallerPtr caller;
  if (demand.ok() && !request.dry_run()) caller = CallerOf(request.subjects(), now);
  if (caller == nullptr) co_return co_await deps_.inner.Reserve(call, std::move(request));
  const std::string name = AttemptName(request.key());
  if (const auto known = open_.find(name); known != open_.end()) {
    quota_pb::ReserveResponse again =
        known->second.caller->escrow.Answer(known->second.attempt, now);
    again.set_code(quota_pb::ReserveResponse::CODE_REPLAYED);
    co_return again;
  }
  const bool is_fresh = IsFresh(now);
  if (is_fresh || !deps_.is_reachable()) {
    if (std::optional<quota_pb::ReserveResponse> local =
            Admit(caller, name, request.edge_id(), *demand)) {
      if (!is_fresh) local->set_code(quota_pb::ReserveResponse::CODE_DEGRADED);
      (is_fresh ? deps_.metrics.leased : deps_.metrics.cut_off).Add(1);
      Refill(caller, *demand, request.edge_id());
      co_return *std::move(local);
    }
  }
  if (MayLease(*caller, now) && caller->escrow.leases().empty() &&
      unsettled_ < options_.max_unsettled) {
    // In the place of the question itself: it takes as long.
    co_await Ask(caller, NewLease(*caller, *demand, request.edge_id()));
    if (std::optional<quota_pb::ReserveResponse> local =
            Admit(caller, name, request.edge_id(), *demand)) {
      deps_.metrics.asked.Add(1);
      co_return *std::move(local);
    }
  }
  absl::StatusOr<quota_pb::ReserveResponse> response = co_await deps_.inner.Reserve(call, request);
  if (absl::IsResourceExhausted(response.status())) {
    const bool gave = co_await GiveBack(request.subjects().organization(), response.status());
    if (gave) {
      // That it was refused stands, unless the service says something else.
      absl::StatusOr<quota_pb::ReserveResponse> again = co_await deps_.inner.Reserve(call, request);
      if (again.ok() || absl::IsResourceExhausted(again.status())) response = std::move(again);
    }
  }
  if (response.ok()) {
    Heard(response->limits_version(), now);
    deps_.metrics.asked.Add(1);
    Refill(caller, *demand, request.edge_id());
  } else if (IsAmbiguous(response.status())) {
    // What is leased may be spent without anybody's leave.
    if (std::optional<quota_pb::ReserveResponse> local =
            Admit(caller, name, request.edge_id(), *demand, true)) {
      local->set_code(quota_pb::ReserveResponse::CODE_DEGRADED);
      deps_.metrics.cut_off.Add(1);
      co_return *std::move(local);
    }
  }
  co_return response;
}

asio::awaitable<absl::Status> LeasingQuota::RaiseLease(CallContext call, std::string name,
                                                       int64_t more) {
  const CallerPtr caller = open_.find(name)->second.caller;
  const LeasedPtr lease = open_.find(name)->second.attempt.lease;
  const std::string& organization = caller->escrow.subjects().organization();
  absl::Status why;
  for (int tries = 1; tries <= 2; ++tries) {
    while (lease->returning && Now() < call.deadline) {
      const bool waited = co_await AwaitReturns(organization);
      if (!waited) break;
    }
    if (lease->returning) co_return status::Unavailable("what {} needs is being told", name);
    quota_pb::ExtendRequest request;
    SetLeaseKey(lease->id, *request.mutable_key());
    request.set_organization(organization);
    request.set_output_tokens_wanted(lease->extended + more);
    ++lease->extending;
    const absl::StatusOr<quota_pb::ExtendResponse> raised =
        co_await deps_.inner.Extend(call, std::move(request));
    --lease->extending;
    if (raised.ok()) {
      // Questions at the same time share what any of them got.
      const int64_t added = std::max<int64_t>(0, raised->output_tokens_cap() - lease->extended);
      lease->extended += added;
      lease->left.strict_tokens += added;
      const auto open = open_.find(name);
      if (open == open_.end() || open->second.spent) {
        ReturnMore(caller, lease);  // The attempt ended meanwhile.
        co_return status::NotFound("attempt {} has no open hold", name);
      }
      const int64_t got = std::min(more, lease->left.strict_tokens);
      if (got > 0) {
        open->second.attempt.Extend(got);
        co_return absl::OkStatus();
      }
      why = status::Unavailable("the lease of attempt {} was raised for others alone", name);
      continue;
    }
    why = raised.status();
    if (!absl::IsResourceExhausted(why)) break;
    const bool gave = co_await GiveBack(organization, why);
    const auto open = open_.find(name);
    if (!gave || open == open_.end() || open->second.spent) break;
  }
  ReturnMore(caller, lease);
  co_return why;
}

asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> LeasingQuota::Extend(
    CallContext call, quota_pb::ExtendRequest request) {
  const std::string name = AttemptName(request.key());
  auto open = open_.find(name);
  if (open == open_.end() || open->second.spent) {
    co_return co_await deps_.inner.Extend(call, std::move(request));
  }
  LeasedAttempt& attempt = open->second.attempt;
  const int64_t more = request.output_tokens_wanted() - attempt.output_covered;
  const bool paid = more <= 0 || (!attempt.lease->closed && attempt.Extend(more));
  if (!paid) {
    const absl::Status raised = co_await RaiseLease(call, name, more);
    if (!raised.ok()) co_return raised;
    open = open_.find(name);
  }
  quota_pb::ExtendResponse response;
  response.set_output_tokens_cap(open->second.attempt.output_covered);
  co_return response;
}

void LeasingQuota::EndAttempt(const std::string& name, const LeaseAmounts& spent) {
  Open& open = open_.find(name)->second;
  LeasedAttempt& attempt = open.attempt;
  Leased& lease = *attempt.lease;
  lease.held -= attempt.held;
  lease.left += attempt.held;
  lease.left -= spent;
  lease.unsettled += spent;
  open.spent = spent;
  ++unsettled_;
}

void LeasingQuota::Acknowledge(const std::string& name, bool topped_up) {
  const auto found = open_.find(name);
  if (found == open_.end()) return;
  const Open open = std::move(found->second);
  open_.erase(found);
  --unsettled_;
  open.attempt.lease->unsettled -= *open.spent;
  if (topped_up) {
    open.attempt.lease->left += *open.spent;
    open.caller->escrow.ToppedUp(*open.spent);
  }
  ReturnMore(open.caller, open.attempt.lease);
}

asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> LeasingQuota::Settle(
    CallContext call, quota_pb::SettleRequest request) {
  const std::string name = AttemptName(request.key());
  if (const auto open = open_.find(name); open != open_.end()) {
    request.set_first_sent(!open->second.spent);
    if (!open->second.spent) EndAttempt(name, SpentBy(request));
    request.set_lease_id(open->second.attempt.lease->id);
    request.set_top_up_lease(!open->second.attempt.lease->closed);
    if (const auto cap = open->second.attempt.output_cap) {
      request.set_output_tokens_cap(std::max(*cap, open->second.attempt.output_covered));
    }
  }
  const MonotonicTime sent = Now();
  absl::StatusOr<quota_pb::SettleResponse> response =
      co_await deps_.inner.Settle(call, std::move(request));
  if (response.ok()) Heard(response->limits_version(), sent);
  if (response.ok() && response->lease_lost()) {
    if (const auto open = open_.find(name); open != open_.end()) {
      Close(open->second.caller, open->second.attempt.lease);
    }
  }
  if (response.ok() || IsRefusedForGood(response.status())) {
    Acknowledge(name, response.ok() && response->lease_topped_up());
  }
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> LeasingQuota::Release(
    CallContext call, quota_pb::ReleaseRequest request) {
  const std::string name = AttemptName(request.key());
  const auto open = open_.find(name);
  if (open == open_.end() || open->second.spent) {
    co_return co_await deps_.inner.Release(call, std::move(request));
  }
  const Open ended = open->second;
  EndAttempt(name, {});
  Acknowledge(name, false);
  if (ended.was_asked) co_return co_await deps_.inner.Release(call, std::move(request));
  if (!request.keep_requests()) co_return quota_pb::ReleaseResponse();
  // The request stays counted: by a hold of its own, for a lease knows only what is settled.
  quota_pb::ReserveRequest counted;
  *counted.mutable_key() = request.key();
  *counted.mutable_subjects() = ended.caller->escrow.subjects();
  counted.mutable_estimate()->set_requests(ended.attempt.held.requests);
  counted.mutable_estimate()->set_output_tokens_max(0);
  counted.set_edge_id(ended.edge_id);
  const absl::StatusOr<quota_pb::ReserveResponse> held =
      co_await deps_.inner.Reserve(call, std::move(counted));
  if (!held.ok()) co_return held.status();
  co_return co_await deps_.inner.Release(call, std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> LeasingQuota::Heartbeat(
    CallContext call, quota_pb::HeartbeatRequest request) {
  const MonotonicTime sent = Now();
  const bool is_of_another = request.gone();
  absl::StatusOr<quota_pb::HeartbeatResponse> response =
      co_await deps_.inner.Heartbeat(call, std::move(request));
  if (response.ok() && !is_of_another) {
    const MonotonicTime now = Now();
    // One that is over may have lapsed by now, whatever the service said later.
    ForEachLease([&](const CallerPtr&, const LeasedPtr& lease) {
      if (now < lease->valid_until) lease->Renew(sent);
    });
  }
  co_return response;
}

void LeasingQuota::Stop() {
  stopped_ = true;
  ForEachLease([&](const CallerPtr& caller, const LeasedPtr& lease) { Close(caller, lease); });
}

void LeasingQuota::ArmSweep() {
  if (sweep_ != 0) return;
  sweep_ = deps_.timers.At(Now() + kSweep, [this] {
    sweep_ = 0;
    Sweep();
  });
}

void LeasingQuota::Sweep() {
  const MonotonicTime now = Now();
  ForEachLease([&](const CallerPtr& caller, const LeasedPtr& lease) {
    const Duration unused = now - lease->used_at;
    const bool is_idle =
        unused > options_.idle || (unused > options_.scarce_idle && caller->escrow.is_scarce(now));
    if (is_idle || now >= lease->valid_until) Close(caller, lease);
  });
  std::vector<std::string> due;
  for (auto& [organization, returns] : returns_) {
    if (returns.sending || now < returns.not_before || returns.leases.empty()) continue;
    returns.sending = true;
    due.push_back(organization);
  }
  for (const std::string& each : due) {
    asio::co_spawn(deps_.executor, SendReturns(each), asio::detached);
  }
  absl::erase_if(callers_, [&](const auto& each) {
    const Caller& caller = *each.second;
    return caller.escrow.leases().empty() && !caller.asking && now - caller.called_at > kForget;
  });
  if (!callers_.empty() || !returns_.empty()) ArmSweep();
}

}  // namespace weir::api
