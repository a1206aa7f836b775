#include "edge/pipeline/answer_path.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "edge/caching/recorded_answer.h"
#include "edge/pipeline/answer_dialect.h"

namespace weir::edge {

using texts::StreamRestorer;
using texts::StreamRewriter;

namespace {

// For a judgement, of a whole answer or a piece of it.
constexpr Duration kAskTimeout = std::chrono::seconds(2);

// No cache may keep it, whatever rules did about it.
bool HasSecret(const std::vector<guardrails::v1::Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const auto& each) { return each.entity_type() == "SECRET"; });
}

StreamRewriter::Kind RewriterKind(const Call& call) {
  return call.route.kind == routing::v1::API_KIND_RESPONSES ? StreamRewriter::Kind::kResponses
                                                            : StreamRewriter::Kind::kChat;
}

}  // namespace

std::unique_ptr<AnswerPath> AnswerPath::For(const CallPtr& call, Guards guards) {
  // Vectors say nothing: there is nothing to judge, to put back or to keep.
  if (!HasCompletion(call->route.kind)) return nullptr;
  if (!call->guard.touches_answers() && !call->cache.may_record()) return nullptr;
  return std::make_unique<AnswerPath>(call, guards);
}

AnswerPath::AnswerPath(CallPtr call, Guards guards) : call_(std::move(call)), guards_(guards) {}

api::CallContext AnswerPath::Context() const { return {.deadline = call_->Now() + kAskTimeout}; }

asio::awaitable<absl::StatusOr<std::string>> AnswerPath::Whole(std::string body) {
  const GuardUse& use = call_->guard;
  if (use.judges_answers()) {
    absl::StatusOr<Guarded> judged = co_await guards_.guard->JudgeAnswer(
        Context(), AnswerPolicies(use), body, use.request.numbers_taken);
    if (!judged.ok()) co_return judged.status();
    if (judged->edited) {
      body = *std::move(judged->edited);
      call_->guard.outcome = "edited";
    }
    if (judged->never_cache) call_->cache.Withhold("secret");
    if (judged->unasked) LetGoUnjudged();
  }
  if (call_->cache.may_record()) recording_ = RecordWhole(call_->route.kind, body);
  if (use.request.values.empty()) co_return body;
  co_return RestoreAnswer(body, use.request.values);
}

void AnswerPath::LetGoUnjudged() {
  call_->guard.outcome = "unasked";
  call_->guard.answer_unasked = true;
  call_->cache.Withhold("unjudged");
}

void AnswerPath::BeginStream() {
  const GuardUse& use = call_->guard;
  if (use.judges_answers()) {
    masker_ = std::make_unique<StreamMasker>(
        *guards_.service, StreamMasker::Options{.policies = use.chosen->answers,
                                                .numbers_taken = use.request.numbers_taken,
                                                .kind = RewriterKind(*call_)});
  }
  if (call_->cache.may_record()) recorder_ = std::make_unique<StreamRecorder>(call_->route.kind);
  if (!use.request.values.empty()) {
    restorer_ = std::make_unique<StreamRestorer>(RewriterKind(*call_), use.request.values);
  }
}

asio::awaitable<absl::StatusOr<std::string>> AnswerPath::Events(std::string events) {
  if (!std::exchange(began_, true)) BeginStream();
  if (masker_ != nullptr) {
    absl::StatusOr<std::string> masked = co_await masker_->Feed(Context(), std::move(events));
    if (!masked.ok()) co_return masked.status();
    events = *std::move(masked);
    if (masker_->unasked()) LetGoUnjudged();
    if (HasSecret(masker_->TakeFindings())) call_->cache.Withhold("secret");
  }
  if (recorder_ != nullptr) recorder_->Feed(events);
  if (restorer_ == nullptr) co_return events;
  co_return restorer_->Feed(std::move(events));
}

std::optional<std::string> AnswerPath::TakeRecording(const common::v1::Usage& usage) {
  if (!call_->cache.may_record()) return std::nullopt;
  if (recorder_ != nullptr) return recorder_->Finish(usage);
  return std::exchange(recording_, std::nullopt);
}

}  // namespace weir::edge
