#include "edge/pipeline/relay.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/text/ascii.h"
#include "edge/dialects/openai/answer_text.h"
#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/cut_events.h"
#include "edge/dialects/openai/stream_tee.h"
#include "edge/http/error_body.h"
#include "edge/pipeline/cors.h"

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
  AddCallHeaders(*call_, headers);
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
      co_return co_await PassThrough(std::move(body));
    }
  }
  std::optional<common::v1::Usage> usage = openai::ReadUsage(body);
  const bool estimated = !usage.has_value();
  if (estimated) usage = attempt_->Counted(openai::CountAnswerTokens(body));
  // Before the answer leaves: whoever has it finds it counted.
  attempt_->Settle(*usage, estimated, SettleRequest::OUTCOME_FINISHED);
  call_->http_status = upstream_->http_status();
  const absl::Status sent = co_await call_->exchange->reply->Send(
      upstream_->http_status(), AnswerHeaders("application/json"), body);
  if (!sent.ok()) call_->exchange->client_gone = true;
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Relay::PassThrough(std::string first) {
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
  // The usage object is the last member of these answers; a broken one has none.
  const bool gone = call_->exchange->client_gone || going.code() == absl::StatusCode::kCancelled;
  const size_t at = tail.rfind("\"usage\"");
  std::optional<common::v1::Usage> usage;
  if (going.ok() && at != std::string::npos) usage = openai::ReadUsage("{" + tail.substr(at));
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
asio::awaitable<absl::Status> Relay::CutAtWall(absl::Status refused, std::string withheld,
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
  std::string last = openai::CutEvents(withheld, call_->body.choices,
                                       usage_asked ? std::optional(usage) : std::nullopt);
  // No [DONE]: what is missing must not look like the end.
  last.append("data: ").append(ErrorBody(refusal)).append("\n\n");
  const absl::Status ended = co_await call_->exchange->reply->End(last);
  if (!ended.ok()) call_->exchange->client_gone = true;
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Relay::Stream() {
  Reply& reply = *call_->exchange->reply;
  openai::StreamTee tee({.strip_usage = !call_->body.usage_asked});
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
    co_return co_await CutAtWall(paid_for, std::string(tee.withheld()), budget->covered());
  }
  const bool finished = tee.done();
  const bool gone = call_->exchange->client_gone ||
                    (going.code() == absl::StatusCode::kCancelled && !call_->cut_short);
  SettleRequest::Outcome outcome = SettleRequest::OUTCOME_FAILED;
  if (finished) outcome = SettleRequest::OUTCOME_FINISHED;
  if (!finished && gone) outcome = SettleRequest::OUTCOME_ABORTED;
  if (!finished && call_->cut_short) outcome = SettleRequest::OUTCOME_CUT;
  if (tee.usage()) {
    attempt_->Settle(*tee.usage(), false, outcome);
  } else {
    attempt_->Settle(attempt_->Counted(tee.tokens_counted()), true, outcome);
  }
  if (finished) {
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
  // Too late for another status: an error event, and no [DONE], so that it does not look like a
  // short answer.
  call_->error_code = "upstream_error";
  const bool provider_said = going.code() == absl::StatusCode::kUnavailable && !out.empty();
  if (!provider_said) {
    Refusal refusal{.http_status = 502, .code = "upstream_error"};
    refusal.message = "The provider broke the stream off.";
    if (going.code() == absl::StatusCode::kDeadlineExceeded) refusal.message = "upstream timed out";
    if (call_->cut_short) refusal.message = "The gateway is shutting down.";
    out.append("data: ").append(ErrorBody(refusal)).append("\n\n");
  }
  std::ignore = co_await reply.End(out);
  co_return absl::OkStatus();
}

}  // namespace weir::edge
