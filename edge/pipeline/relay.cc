#include "edge/pipeline/relay.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/text/ascii.h"
#include "edge/http/error_body.h"
#include "edge/pipeline/answer_dialect.h"
#include "edge/pipeline/cache_calls.h"
#include "edge/pipeline/cors.h"
#include "edge/pipeline/upstream_refusal.h"

namespace weir::edge {

using quota::v1::SettleRequest;

namespace {

// A progress mark at the latest after so many tokens, or so long.
constexpr int64_t kMarkTokens = 64;
constexpr Duration kMarkInterval = std::chrono::seconds(1);
// How long the client's next request may wait for a provider to end its stream behind [DONE].
constexpr Duration kLinger = std::chrono::milliseconds(100);
// What is kept of an answer that is too large to be held: its usage stands at the end.
constexpr size_t kTail = 64 * 1024;

// Answer headers that reach the client; everything else of the provider's stays here.
constexpr std::string_view kPassedDown[] = {"openai-model", "openai-processing-ms",
                                            "openai-version"};

}  // namespace

void AddAnswerHeaders(const Call& call, Headers& headers) {
  AddCallHeaders(call, headers);
  if (call.guard.is_degraded()) headers.Add("x-weir-degraded", "guardrails");
  if (call.cache.policy == nullptr) return;
  if (call.cache.status == CacheStatus::kHit) {
    AddCacheHit(call.cache.reason, call.cache.age, headers);
  } else {
    AddCacheStatus(call.cache.status, headers);
  }
}

void AddCallHeaders(const Call& call, Headers& headers) {
  headers.Add("x-request-id", call.request_id);
  headers.Add(call.limit_headers);
  AddCorsHeaders(call, headers);
}

Relay::Relay(CallPtr call, UpstreamCall* upstream, Attempt* attempt, Options options)
    : call_(std::move(call)), upstream_(upstream), attempt_(attempt), options_(options) {}

asio::awaitable<absl::Status> Relay::Run() {
  const bool events =
      text::StartsWithIgnoreCase(upstream_->Find("content-type"), "text/event-stream");
  if (call_->body.stream && events) return Stream();
  return Whole();
}

Headers Relay::AnswerHeaders(std::string_view content_type) const {
  Headers headers;
  headers.Reserve(512);
  headers.Add("content-type", content_type);
  for (const std::string_view each : kPassedDown) {
    const std::string_view value = upstream_->Find(each);
    if (!value.empty() && value.size() <= 256) headers.Add(each, value);
  }
  AddAnswerHeaders(*call_, headers);
  return headers;
}

asio::awaitable<absl::Status> Relay::Whole() {
  std::string body;
  // What the upstream promises is believed as far as it would be kept.
  body.reserve(
      std::min<uint64_t>(upstream_->content_length().value_or(2048), options_.max_buffered));
  while (!upstream_->done()) {
    const absl::Status read = co_await upstream_->Read(&body);
    if (!read.ok()) {
      // Nothing was delivered; what the provider made of the prompt is not known.
      const bool gone = call_->exchange->client_gone;
      attempt_->Settle(attempt_->Counted(0), true,
                       gone ? SettleRequest::OUTCOME_ABORTED : SettleRequest::OUTCOME_FAILED);
      co_return read;
    }
    if (body.size() > options_.max_buffered && !upstream_->done()) {
      if (options_.path == nullptr || !options_.path->changes_answers()) {
        co_return co_await PassThrough(std::move(body));
      }
      upstream_->Cancel();
      co_return RefuseAnswer(
          status::DataLoss("the answer is over {} bytes, more than rules can judge",
                           options_.max_buffered),
          attempt_->Counted(0), true);
    }
  }
  const routing::v1::ApiKind kind = call_->route.kind;
  std::optional<common::v1::Usage> usage = UsageOf(kind, body);
  const bool estimated = !usage.has_value();
  if (estimated) usage = attempt_->Counted(CountAnswerTokens(kind, body));
  if (options_.path != nullptr) {
    absl::StatusOr<std::string> passed = co_await options_.path->Whole(std::move(body));
    if (!passed.ok()) co_return RefuseAnswer(passed.status(), *usage, estimated);
    body = *std::move(passed);
    Record(*usage);
  }
  // Before the answer leaves: whoever has it finds it counted.
  attempt_->Settle(*usage, estimated, SettleRequest::OUTCOME_FINISHED);
  call_->http_status = upstream_->http_status();
  const absl::Status sent = co_await call_->exchange->reply->Send(
      upstream_->http_status(), AnswerHeaders("application/json"), body);
  if (!sent.ok()) call_->exchange->client_gone = true;
  co_return absl::OkStatus();
}

absl::Status Relay::RefuseAnswer(absl::Status why, const common::v1::Usage& spent, bool estimated) {
  attempt_->Settle(spent, estimated, SettleRequest::OUTCOME_CUT);
  call_->guard.outcome = "cut";
  call_->guard.answer_refused = why;
  return why;
}

bool Relay::IsRecordable() const {
  if (upstream_->http_status() != 200) return false;
  // Of a further attempt it may be another model's than the one that was looked up for.
  return !call_->cache.may_record() || !call_->cache.policy->per_model() ||
         attempt_->planned().model() == call_->plan.attempts(0).model();
}

void Relay::Record(const common::v1::Usage& usage) {
  if (options_.path == nullptr || options_.cache == nullptr) return;
  std::optional<std::string> body;
  if (IsRecordable()) body = options_.path->TakeRecording(usage);
  if (!body) {
    // Nobody waits for an answer that is not to be had.
    call_->cache.flight.GiveUp();
    return;
  }
  options_.cache->Record(RecordOf(*call_, *std::move(body), usage), std::move(call_->cache.flight));
}

asio::awaitable<absl::Status> Relay::PassThrough(std::string first) {
  call_->cache.flight.GiveUp();  // It is more than is kept.
  Reply& reply = *call_->exchange->reply;
  call_->http_status = upstream_->http_status();
  reply.Begin(upstream_->http_status(), AnswerHeaders("application/json"));
  std::string piece = std::move(first);
  std::string tail;
  absl::Status going = absl::OkStatus();
  while (going.ok()) {
    tail.append(piece);
    if (tail.size() > 2 * kTail) tail.erase(0, tail.size() - kTail);
    going = co_await reply.Write(piece);
    piece.clear();
    if (!going.ok() || upstream_->done()) break;
    going = co_await upstream_->Read(&piece);
  }
  const bool gone = call_->exchange->client_gone || going.code() == absl::StatusCode::kCancelled;
  std::optional<common::v1::Usage> usage;
  if (going.ok()) usage = UsageOfTail(call_->route.kind, tail);
  SettleRequest::Outcome outcome = SettleRequest::OUTCOME_FINISHED;
  if (!going.ok()) outcome = SettleRequest::OUTCOME_FAILED;
  if (!going.ok() && gone) outcome = SettleRequest::OUTCOME_ABORTED;
  if (!going.ok() && call_->cut_short) outcome = SettleRequest::OUTCOME_CUT;
  attempt_->Settle(usage ? *usage : attempt_->Counted(0), !usage, outcome);
  if (!going.ok() && gone) call_->exchange->client_gone = true;
  if (going.ok()) {
    std::ignore = co_await reply.End({});
  } else {
    reply.Break();
  }
  co_return absl::OkStatus();
}

void Relay::BeginStream() {
  Headers headers = AnswerHeaders("text/event-stream; charset=utf-8");
  headers.Add("cache-control", "no-cache");
  headers.Add("x-accel-buffering", "no");
  call_->http_status = 200;
  call_->exchange->reply->Begin(200, std::move(headers));
}

// What the provider generates until it sees that nobody reads on is billed, and not known here: all
// that is held for the completion counts as spent.
asio::awaitable<absl::Status> Relay::CutAtWall(absl::Status refused, const EventTee* tee,
                                               int64_t covered) {
  upstream_->Cancel();
  const common::v1::Usage usage = attempt_->Counted(covered);
  attempt_->Settle(usage, true, SettleRequest::OUTCOME_CUT);
  call_->cut_at_wall = true;
  if (refused.code() != absl::StatusCode::kResourceExhausted) {
    refused = status::Unavailable("the limits of this answer cannot be checked right now");
  }
  Refusal refusal = RefusalFor(refused);
  refusal.message = "The answer is cut here. " + refusal.message;
  call_->error_code = refusal.code;
  if (!call_->exchange->reply->begun()) BeginStream();
  const bool usage_asked = call_->body.usage_asked;
  std::string last =
      tee->CutEvents(call_->body.choices, usage_asked ? std::optional(usage) : std::nullopt);
  last.append(tee->ErrorEvent(ErrorBody(refusal)));
  const absl::Status ended = co_await call_->exchange->reply->End(last);
  if (!ended.ok()) call_->exchange->client_gone = true;
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Relay::Stream() {
  Reply& reply = *call_->exchange->reply;
  const std::unique_ptr<EventTee> owned = NewEventTee(call_->route.kind, !call_->body.usage_asked);
  EventTee& tee = *owned;
  const std::shared_ptr<StreamBudget> budget = attempt_->NewBudget();
  std::string raw;
  std::string out;
  absl::Status going = absl::OkStatus();
  absl::Status paid_for = absl::OkStatus();
  int64_t marked = 0;
  MonotonicTime marked_at = call_->started;
  while (going.ok() && !tee.done()) {
    raw.clear();
    if (!tee.withheld().empty()) {
      paid_for = co_await budget->Reach(tee.cautious_tokens());
      if (!paid_for.ok()) break;
    } else {
      going = co_await upstream_->Read(&raw);
      if (!going.ok()) break;
    }
    if (budget) tee.SetWall(budget->wall());
    out.clear();
    absl::Status fed = tee.Feed(raw, out);
    if (fed.code() == absl::StatusCode::kResourceExhausted) {
      fed = status::DataLoss("{}", status::Message(fed));
    }
    if (options_.path != nullptr && !out.empty()) {
      absl::StatusOr<std::string> passed = co_await options_.path->Events(std::move(out));
      out.clear();
      if (!passed.ok()) {
        upstream_->Cancel();
        call_->guard.outcome = "cut";
        going = call_->guard.answer_refused = passed.status();
        break;
      }
      out = *std::move(passed);
    }
    // As long as nothing is to be sent, another provider can answer instead.
    if (!fed.ok() && !reply.begun()) {
      going = fed;
      break;
    }
    if (!reply.begun() && !out.empty()) BeginStream();
    if (tee.done()) break;
    if (!fed.ok()) {
      going = fed;
      break;
    }
    const int64_t counted = tee.tokens_counted();
    if (counted - marked >= kMarkTokens ||
        (counted > marked && call_->Now() - marked_at >= kMarkInterval)) {
      attempt_->Progress(counted);
      marked = counted;
      marked_at = call_->Now();
    }
    if (budget) budget->Arrived(tee.cautious_tokens());
    going = co_await reply.Write(out);
    out.clear();
    if (going.ok() && tee.withheld().empty() && upstream_->done()) {
      going = status::DataLoss("the provider ended the stream early");
    }
  }
  if (!paid_for.ok() && !call_->exchange->client_gone) {
    co_return co_await CutAtWall(paid_for, &tee, budget->covered());
  }
  const bool refused = !call_->guard.answer_refused.ok();
  const bool finished = tee.done() && !refused;
  const bool gone = call_->exchange->client_gone ||
                    (going.code() == absl::StatusCode::kCancelled && !call_->cut_short);
  SettleRequest::Outcome outcome = SettleRequest::OUTCOME_FAILED;
  if (finished && !tee.failed()) outcome = SettleRequest::OUTCOME_FINISHED;
  if (!finished && gone) outcome = SettleRequest::OUTCOME_ABORTED;
  if (!finished && (call_->cut_short || refused)) outcome = SettleRequest::OUTCOME_CUT;
  if (tee.usage()) {
    attempt_->Settle(*tee.usage(), false, outcome);
  } else {
    attempt_->Settle(attempt_->Counted(tee.tokens_counted()), true, outcome);
  }
  if (finished) {
    if (!tee.failed()) {
      Record(tee.usage() ? *tee.usage() : attempt_->Counted(tee.tokens_counted()));
    }
    const absl::Status ended = co_await reply.End(out);
    if (!ended.ok()) call_->exchange->client_gone = true;
    // The end of the body behind [DONE]: so that the connection can be used again.
    raw.clear();
    upstream_->LimitRest(kLinger);
    if (!upstream_->done()) std::ignore = co_await upstream_->Read(&raw);
    co_return absl::OkStatus();
  }
  if (gone) {
    // Also where nobody saw it leave: a client that took nothing within the limit.
    call_->exchange->client_gone = true;
    reply.Break();
    co_return absl::OkStatus();
  }
  if (!reply.begun()) co_return going;
  // Too late for another status: an error event, and no end, so that it does not look like a short
  // answer.
  call_->error_code = "upstream_error";
  const bool provider_said =
      !refused && going.code() == absl::StatusCode::kUnavailable && !out.empty();
  if (!provider_said) {
    Refusal refusal{.http_status = 502, .code = "upstream_error"};
    refusal.message = "The provider broke the stream off.";
    if (going.code() == absl::StatusCode::kDeadlineExceeded) refusal.message = "upstream timed out";
    if (call_->cut_short) refusal.message = "The gateway is shutting down.";
    if (refused) {
      refusal = RefusalForJudgement(call_->guard.answer_refused);
      call_->error_code = refusal.code;
    }
    out.append(tee.ErrorEvent(ErrorBody(refusal)));
  }
  std::ignore = co_await reply.End(out);
  co_return absl::OkStatus();
}

}  // namespace weir::edge
