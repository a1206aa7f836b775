#include "services/guardrails/guardrails_service.h"

#include <utility>
#include <vector>

#include "services/guardrails/delta_inspection.h"
#include "services/guardrails/inspection.h"
#include "services/guardrails/policy_table.h"

namespace weir::guardrails {
namespace {

// Events that a watcher may lag behind. One that lags more watches again, and gets the newest table
// alone.
constexpr size_t kWatcherLag = 32;

size_t TextBytes(const v1::InspectRequest& request) {
  size_t bytes = 0;
  for (const v1::Part& each : request.parts()) bytes += each.text().size();
  return bytes;
}

// Whose stream a state is of: another one's does not go on with it.
std::string StreamOf(const v1::InspectDeltaRequest& request) {
  std::string stream =
      fmt::format("{}\n{}\n{}", request.organization(), request.path(), request.role());
  for (const std::string& each : request.policies()) stream.append(1, '\n').append(each);
  return stream;
}

absl::StatusOr<DeltaState> StateOf(const v1::InspectDeltaRequest& request, const HashKeys& keys) {
  if (request.state().empty()) return DeltaState();
  return OpenState(request.state(), StreamOf(request), keys.seals());
}

// On a worker as on a loop: owns what it touches.
absl::StatusOr<Inspected> Judge(const std::shared_ptr<PolicyUnion>& policies,
                                const std::shared_ptr<const crypto::Hmac>& key,
                                const v1::InspectRequest& request) {
  return InspectParts(request, *policies, *key);
}

absl::StatusOr<DeltaInspected> JudgePiece(const std::shared_ptr<PolicyUnion>& policies,
                                          const std::shared_ptr<const crypto::Hmac>& key,
                                          const v1::InspectDeltaRequest& request,
                                          DeltaState state) {
  WEIR_ASSIGN_OR_RETURN(
      const std::shared_ptr<const PartRules> rules,
      policies->For(
          {.direction = v1::DIRECTION_RESPONSE, .path = request.path(), .role = request.role()}));
  return InspectPiece(request, *rules, std::move(state), *key);
}

// A policy that is not known here may be one of a moment ago.
bool IsNews(const absl::Status& refused) {
  return refused.code() == absl::StatusCode::kFailedPrecondition;
}

}  // namespace

GuardrailsService::GuardrailsService(GuardrailsConfig config, Deps deps)
    : store_(deps.store),
      workers_(deps.workers),
      clock_(deps.clock),
      keys_(deps.hash_secret),
      unions_(static_cast<size_t>(config.combinations_kept)),
      watchers_(kWatcherLag) {
  if (deps.metrics != nullptr) metrics_.emplace(*deps.metrics);
}

absl::Status GuardrailsService::Load() { return Refresh().status(); }

absl::StatusOr<std::shared_ptr<const PolicyCatalog>> GuardrailsService::Refresh() {
  MutexLock lock(refresh_mutex_);
  if (catalog_ != nullptr) {
    WEIR_ASSIGN_OR_RETURN(const int64_t sequence, store_.Sequence());
    if (sequence == catalog_->sequence) return catalog_;
  }
  WEIR_ASSIGN_OR_RETURN(PolicyCatalog catalog, ReadPolicies(store_));
  catalog_ = std::make_shared<const PolicyCatalog>(std::move(catalog));
  std::shared_ptr<const CompiledPolicies> compiled =
      CompiledPolicies::Compile(catalog_, Policies().get(), patterns_);
  {
    MutexLock policies_lock(policies_mutex_);
    policies_ = std::move(compiled);
  }
  patterns_.Trim();
  Publish(*catalog_);
  return catalog_;
}

void GuardrailsService::Publish(const PolicyCatalog& catalog) {
  auto event = std::make_shared<v1::WatchEvent>();
  *event->mutable_table() = MakePolicyTable(catalog);
  MutexLock lock(publish_mutex_);
  watchers_.Publish(event);
  table_event_ = std::move(event);
}

asio::awaitable<void> GuardrailsService::RunHeartbeats(Timers& timers, Duration period) {
  for (;;) {
    co_await SleepFor(timers, period);
    Beat();
  }
}

void GuardrailsService::Beat() {
  MutexLock lock(publish_mutex_);
  if (table_event_ == nullptr) return;
  auto heartbeat = std::make_shared<v1::WatchEvent>();
  heartbeat->set_heartbeat(table_event_->table().version());
  watchers_.Publish(std::move(heartbeat));
}

std::shared_ptr<const CompiledPolicies> GuardrailsService::Policies() const {
  MutexLock lock(policies_mutex_);
  return policies_;
}

template <typename Req>
absl::StatusOr<GuardrailsService::Basis> GuardrailsService::BasisOf(const api::CallContext& call,
                                                                    const Req& request) {
  if (clock_.Monotonic() >= call.deadline) {
    return status::DeadlineExceeded("judging a text came too late");
  }
  const std::shared_ptr<const CompiledPolicies> policies = Policies();
  if (policies == nullptr) return status::Unavailable("the guardrail policies are not read yet");
  WEIR_ASSIGN_OR_RETURN(CompiledPolicyList named,
                        policies->Find(request.organization(), request.policies()));
  return Basis{.policies = unions_.Of(std::move(named)),
               .key = keys_.Of(request.organization()),
               .version = policies->version()};
}

// Edges hear of a new policy from one replica, and ask another.
asio::awaitable<absl::Status> GuardrailsService::CatchUp() {
  if (catching_up_.fetch_add(1) >= kMostCatchingUp) {
    --catching_up_;
    co_return status::Unavailable("too many calls wait for the policies to be read");
  }
  auto read = [this] { return Refresh().status(); };
  absl::Status caught_up = co_await RunOn(workers_, std::move(read));
  --catching_up_;
  co_return caught_up;
}

void GuardrailsService::Count(v1::Direction direction, v1::Verdict verdict, size_t bytes,
                              const FindingTally& tally) {
  if (metrics_) metrics_->Count(direction, verdict, bytes, tally);
}

asio::awaitable<absl::StatusOr<v1::InspectResponse>> GuardrailsService::Inspect(
    api::CallContext call, v1::InspectRequest request) {
  absl::StatusOr<Basis> basis = BasisOf(call, request);
  if (IsNews(basis.status())) {
    std::ignore = co_await CatchUp();
    basis = BasisOf(call, request);
  }
  if (!basis.ok()) co_return basis.status();
  const size_t bytes = TextBytes(request);
  const v1::Direction direction = request.direction();
  absl::StatusOr<Inspected> inspected = status::Unknown("not judged");
  if (bytes <= kInlineBytes) {
    inspected = Judge(basis->policies, basis->key, request);
  } else {
    auto work = [policies = basis->policies, key = basis->key, request = std::move(request)] {
      return Judge(policies, key, request);
    };
    inspected = co_await RunOn(workers_, std::move(work));
  }
  if (!inspected.ok()) co_return inspected.status();
  inspected->response.set_policy_version(basis->version);
  Count(direction, inspected->response.verdict(), bytes, inspected->tally);
  co_return std::move(inspected->response);
}

asio::awaitable<absl::StatusOr<v1::InspectDeltaResponse>> GuardrailsService::InspectDelta(
    api::CallContext call, v1::InspectDeltaRequest request) {
  absl::StatusOr<Basis> basis = BasisOf(call, request);
  if (IsNews(basis.status())) {
    std::ignore = co_await CatchUp();
    basis = BasisOf(call, request);
  }
  if (!basis.ok()) co_return basis.status();
  absl::StatusOr<DeltaState> state = StateOf(request, keys_);
  if (!state.ok()) co_return state.status();
  const std::string stream = StreamOf(request);
  const size_t bytes = request.delta().size();
  const bool is_last = request.last();
  absl::StatusOr<DeltaInspected> inspected = status::Unknown("not judged");
  if (bytes <= kInlineBytes) {
    inspected = JudgePiece(basis->policies, basis->key, request, *std::move(state));
  } else {
    auto work = [policies = basis->policies, key = basis->key, request = std::move(request),
                 state = *std::move(state)] { return JudgePiece(policies, key, request, state); };
    inspected = co_await RunOn(workers_, std::move(work));
  }
  if (!inspected.ok()) co_return inspected.status();
  v1::InspectDeltaResponse& response = inspected->response;
  const bool goes_on = !is_last && response.verdict() != v1::VERDICT_BLOCK;
  if (goes_on) response.set_state(SealState(inspected->state, stream, keys_.seals()));
  Count(v1::DIRECTION_RESPONSE, response.verdict(), bytes, inspected->tally);
  co_return std::move(response);
}

std::shared_ptr<api::GuardrailsEvents> GuardrailsService::Watch(v1::WatchRequest,
                                                                asio::any_io_executor executor) {
  MutexLock lock(publish_mutex_);
  std::vector<api::GuardrailsEvent> first;
  if (table_event_ != nullptr) first.push_back(table_event_);
  return watchers_.Subscribe(std::move(executor), std::move(first));
}

}  // namespace weir::guardrails
