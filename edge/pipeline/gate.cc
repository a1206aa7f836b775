#include "edge/pipeline/gate.h"

#include <algorithm>
#include <vector>

#include "common/async/at_once.h"
#include "edge/pipeline/answer_dialect.h"
#include "edge/pipeline/cache_calls.h"
#include "edge/pipeline/limit_headers.h"

namespace weir::edge {

using quota::v1::Estimate;
using quota::v1::SettleRequest;

namespace {

// The largest completion of a model whose maximum nobody configured.
constexpr int64_t kUnknownOutputMax = 16'384;
// What simdjson may read behind a body.
constexpr size_t kPadding = 64;

Estimate EstimateOf(const Call& call, int64_t requests) {
  const openai::RequestBody& body = call.body;
  Estimate estimate;
  estimate.set_requests(requests);
  estimate.set_input_tokens_bound(body.input_tokens_bound);
  estimate.set_input_tokens_likely(body.input_tokens_likely);
  if (body.output_tokens_declared)
    estimate.set_output_tokens_declared(*body.output_tokens_declared);
  const bool completes = HasCompletion(call.route.kind);
  const int64_t configured = call.plan.output_tokens_max();
  const int64_t each = configured > 0 ? configured : kUnknownOutputMax;
  estimate.set_output_tokens_max(completes ? each * body.choices : 0);
  return estimate;
}

// Of a request that spends nothing.
Estimate OfRequestAlone() {
  Estimate estimate;
  estimate.set_requests(1);
  return estimate;
}

PolicySubjects SubjectsOf(const Call& call) {
  const identity::v1::Principal& principal = *call.principal;
  PolicySubjects subjects{.organization = principal.organization(),
                          .team = principal.team(),
                          .user = principal.user(),
                          .key = principal.key_name()};
  if (call.route.proxy != nullptr) subjects.proxy = call.route.proxy->name();
  for (const auto& each : call.plan.attempts()) subjects.providers.emplace_back(each.provider());
  return subjects;
}

}  // namespace

// What one call asks, and what it is told.
struct Gate::Phase {
  explicit Phase(CallPtr asked, Gate& gate) : call(std::move(asked)), of(gate) {}
  // Also of a phase that is thrown out of, or let go of: nobody else ends what was held.
  ~Phase() {
    if (hold.ok()) of.Release(call, *std::move(hold));
  }
  CallPtr call;
  Gate& of;
  absl::StatusOr<Attempt::Hold> hold{status::Unavailable("it was not asked")};
  absl::StatusOr<Guarded> judged{Guarded()};
  std::optional<cache::v1::LookupResponse> hit;
  absl::Status may_attempt;
};

void Gate::Release(const CallPtr& call, Attempt::Hold hold) {
  if (hold.settlement == nullptr) return;
  const Attempt ends_it(call, &call->plan.attempts(0), std::move(hold), deps_.settlements,
                        deps_.clock);
}

absl::Status Gate::FindPolicies(Call& call) {
  const std::string& organization = call.principal->organization();
  GuardChoices::Table guards;
  if (deps_.guard_policies != nullptr) {
    guards = deps_.guard_policies->Current();
    if (guards == nullptr) {
      return status::Unavailable("the policies of the guardrails have not been read yet");
    }
  }
  const bool has_guards = guards != nullptr && !guards->attached.IsEmptyFor(organization);
  if (deps_.cache_policies != nullptr && HasCompletion(call.route.kind)) {
    call.cache.table = deps_.cache_policies->Current();
  }
  const bool has_cache =
      call.cache.table != nullptr && !call.cache.table->attached.IsEmptyFor(organization);
  if (!has_guards && !has_cache) return absl::OkStatus();
  const PolicySubjects subjects = SubjectsOf(call);
  if (has_guards) call.guard.chosen = guard_choices_.Choose(guards, subjects);
  if (has_cache) FindCachePolicy(call, subjects);
  return absl::OkStatus();
}

void Gate::FindCachePolicy(Call& call, const PolicySubjects& subjects) const {
  const auto applying = call.cache.table->attached.For(subjects);
  if (applying.empty()) return;
  const auto narrowest = std::find_if(applying.begin(), applying.end(), [&](const auto& each) {
    return each.level == applying.back().level;
  });
  call.cache.policy = narrowest->policy;
  call.cache.is_in_touch = deps_.cache_policies->IsInTouch();
  call.cache.control = ParseCacheControl(call.exchange->head.FindAll("cache-control"));
}

// Who shares answers with this request, by its body as it would leave.
void Gate::Identify(Call& call) {
  CacheUse& use = call.cache;
  if (use.policy == nullptr) return;
  const routing::v1::ProxyRoute* proxy = call.route.proxy;
  const RequestFacts facts{
      .kind = call.route.kind,
      .choosing_proxy = proxy != nullptr && proxy->has_rotation() ? std::string_view(proxy->name())
                                                                  : std::string_view(),
      .resolved_model = call.plan.attempts(0).model(),
      .guardrails = call.guard.chosen != nullptr ? std::string_view(call.guard.chosen->identity)
                                                 : std::string_view(),
      .embedder = use.table->table->embedder_fingerprint()};
  use.identity = identities_.Read(call.body_bytes, *use.policy, facts);
  use.partition = PartitionOf(*use.policy, *call.principal, use.identity);
  const bool asks = use.may_look_up() || use.may_record();
  use.status = asks ? CacheStatus::kMiss : CacheStatus::kBypass;
  use.reason = use.is_usable() ? asks ? "" : "cache_control" : CacheBypassName(use.identity.bypass);
}

asio::awaitable<absl::StatusOr<Gate::Admission>> Gate::Ask(CallPtr call) {
  absl::Status found = FindPolicies(*call);
  if (!found.ok()) return Refuse(std::move(found));
  Identify(*call);
  if (!call->guard.judges_requests() && !call->cache.may_look_up()) {
    return AskQuota(std::move(call));
  }
  return AskAll(std::move(call));
}

asio::awaitable<absl::StatusOr<Gate::Admission>> Gate::Refuse(absl::Status why) { co_return why; }

asio::awaitable<absl::StatusOr<Gate::Admission>> Gate::AskQuota(CallPtr call) {
  Estimate estimate = EstimateOf(*call, 1);
  absl::StatusOr<Attempt::Hold> hold = co_await Reserve(std::move(call), 0, std::move(estimate));
  if (!hold.ok()) co_return hold.status();
  Admission admission;
  admission.hold = *std::move(hold);
  co_return admission;
}

asio::awaitable<absl::StatusOr<Gate::Admission>> Gate::AskAll(CallPtr call) {
  const auto phase = std::make_shared<Phase>(call, *this);
  co_await AskEach(phase);
  const absl::Status leaves = co_await TakeJudgement(phase);
  if (!leaves.ok()) {
    EndHold(*phase, leaves);
    co_return leaves;
  }
  // It is served at no cost: what is left need not do for a new answer.
  if (phase->hit && phase->hold.status().code() == absl::StatusCode::kResourceExhausted) {
    phase->may_attempt = phase->hold.status();
    phase->hold = co_await Reserve(call, 0, OfRequestAlone());
  }
  if (!phase->hold.ok()) co_return phase->hold.status();
  Admission admission;
  admission.hold = *std::move(phase->hold);
  admission.hit = std::move(phase->hit);
  admission.may_attempt = std::move(phase->may_attempt);
  co_return admission;
}

asio::awaitable<void> Gate::AskEach(std::shared_ptr<Phase> phase) {
  const CallPtr call = phase->call;
  std::vector<Question> questions;
  questions.reserve(3);
  if (call->guard.judges_requests()) questions.push_back(Question::kMayItLeave);
  questions.push_back(Question::kMayTheySpend);
  if (call->cache.may_look_up()) questions.push_back(Question::kWasItAnswered);
  return ForEachAtOnce<Question>(std::move(questions), 3, [this, phase](Question question) {
    return AskOne(phase, question);
  });
}

asio::awaitable<absl::Status> Gate::TakeJudgement(std::shared_ptr<Phase> phase) {
  const CallPtr call = phase->call;
  if (!call->guard.judges_requests()) co_return absl::OkStatus();
  if (!phase->judged.ok()) co_return phase->judged.status();
  call->guard.request = *std::move(phase->judged);
  const bool is_edited = call->guard.request.edited.has_value();
  if (is_edited) {
    const absl::Status taken = TakeEdits(*call);
    if (!taken.ok()) co_return taken;
  }
  if (call->guard.request.never_cache) call->cache.Withhold("secret");
  if (call->guard.request.unasked) {
    call->guard.outcome = "unasked";
    // What is in it, and whether it may be kept, nobody has said.
    call->cache.Withhold("unjudged");
  }
  if (!call->cache.may_look_up()) {
    phase->hit.reset();
    co_return absl::OkStatus();
  }
  const bool was_exact_only = call->cache.embeds_elsewhere() && !phase->hit;
  if (is_edited || was_exact_only) phase->hit = co_await LookUp(call, false);
  co_return absl::OkStatus();
}

void Gate::EndHold(Phase& phase, const absl::Status& why) {
  const bool is_blocked = why.code() == absl::StatusCode::kPermissionDenied;
  if (is_blocked) phase.call->guard.outcome = "blocked";
  if (!phase.hold.ok() || phase.hold->settlement == nullptr) return;
  Attempt held(phase.call, &phase.call->plan.attempts(0), *std::move(phase.hold), deps_.settlements,
               deps_.clock);
  // Else probing rules would be free.
  if (is_blocked) std::ignore = held.CountUnsent({}, SettleRequest::OUTCOME_BLOCKED);
}

asio::awaitable<void> Gate::AskOne(std::shared_ptr<Phase> phase, Question question) {
  const CallPtr call = phase->call;
  switch (question) {
    case Question::kMayItLeave:
      phase->judged = co_await deps_.guard->JudgeRequest(
          call->context, RequestPolicies(call->guard), call->body_bytes);
      break;
    case Question::kMayTheySpend: {
      Estimate estimate = EstimateOf(*call, 1);
      phase->hold = co_await Reserve(call, 0, std::move(estimate));
      break;
    }
    case Question::kWasItAnswered: {
      // Elsewhere texts go only as they may leave.
      const bool exact_only = call->guard.judges_requests() && call->cache.embeds_elsewhere();
      phase->hit = co_await LookUp(call, exact_only);
      break;
    }
  }
}

asio::awaitable<absl::StatusOr<Attempt::Hold>> Gate::AskAgain(CallPtr call, int index,
                                                              int64_t requests) {
  Estimate estimate = EstimateOf(*call, requests);
  return Reserve(std::move(call), index, std::move(estimate));
}

asio::awaitable<absl::StatusOr<Attempt::Hold>> Gate::Reserve(CallPtr call, int index,
                                                             Estimate estimate) {
  quota::v1::ReserveRequest request;
  Attempt::Hold hold{.settlement = std::make_unique<SettleRequest>()};
  SettleRequest& settlement = *hold.settlement;
  settlement.mutable_key()->set_request_id(call->request_id);
  settlement.mutable_key()->set_attempt(static_cast<uint32_t>(index + 1));
  SetSubjects(*call, call->plan.attempts(index), *settlement.mutable_subjects());
  settlement.set_requests(estimate.requests());
  *request.mutable_key() = settlement.key();
  *request.mutable_subjects() = settlement.subjects();
  *request.mutable_estimate() = std::move(estimate);
  request.set_edge_id(deps_.edge_id);
  absl::StatusOr<quota::v1::ReserveResponse> reserved =
      co_await deps_.quota.Reserve(call->context, std::move(request));
  if (!reserved.ok()) {
    call->limit_headers = LimitHeaders(reserved.status());
    co_return reserved.status();
  }
  call->limit_headers = LimitHeaders(reserved->states());
  if (reserved->code() == quota::v1::ReserveResponse::CODE_DEGRADED) {
    call->limit_headers.Add("x-weir-degraded", "quota");
  }
  settlement.set_lease_id(reserved->lease_id());
  if (reserved->has_output_tokens_cap()) {
    hold.output_tokens_cap = reserved->output_tokens_cap();
    hold.output_tokens_headroom = reserved->output_tokens_headroom();
  }
  co_return hold;
}

asio::awaitable<std::optional<cache::v1::LookupResponse>> Gate::LookUp(CallPtr call,
                                                                       bool exact_only) {
  const bool is_remote = !exact_only && call->cache.embeds_elsewhere();
  cache::v1::LookupResponse found =
      co_await deps_.cache->Lookup(LookupOf(*call, exact_only), is_remote);
  call->cache.reason = found.hit() ? found.kind() : found.reason();
  std::optional<cache::v1::LookupResponse> hit;
  if (found.hit()) hit = std::move(found);
  co_return hit;
}

absl::Status Gate::TakeEdits(Call& call) {
  std::string edited = *std::move(call.guard.request.edited);
  call.guard.request.edited.reset();
  const size_t size = edited.size();
  edited.append(kPadding, '\0');
  call.decoded = std::move(edited);
  call.body_bytes = std::string_view(call.decoded).substr(0, size);
  absl::StatusOr<openai::RequestBody> body = reader_.Read(call.route.kind, call.body_bytes);
  if (!body.ok()) return status::Internal("an edited body: {}", status::Message(body.status()));
  call.body = *std::move(body);
  call.guard.outcome = "edited";
  Identify(call);
  return absl::OkStatus();
}

}  // namespace weir::edge
