// The pipeline's way from an answer of before to the client.
#include <cmath>

#include "common/time/proto_time.h"
#include "edge/caching/recorded_answer.h"
#include "edge/caching/replay.h"
#include "edge/pipeline/cache_calls.h"
#include "edge/pipeline/limit_headers.h"
#include "edge/pipeline/pipeline.h"
#include "edge/pipeline/relay.h"

namespace weir::edge {

using quota::v1::SettleRequest;

namespace {

// Who waits for another's answer waits no longer than that.
constexpr Duration kLongestWait = std::chrono::seconds(30);
// Of a stream, at once.
constexpr size_t kWriteBytes = 16 * 1024;

// What a hit costs: a share of what the answer cost when it was made.
common::v1::Usage PriceOf(const common::v1::Usage& usage, double share) {
  common::v1::Usage price;
  const auto part = [share](int64_t tokens) {
    return static_cast<int64_t>(std::llround(static_cast<double>(tokens) * share));
  };
  price.set_input_uncached_tokens(part(usage.input_uncached_tokens()));
  price.set_cache_read_tokens(part(usage.cache_read_tokens()));
  price.set_cache_write_5m_tokens(part(usage.cache_write_5m_tokens()));
  price.set_cache_write_1h_tokens(part(usage.cache_write_1h_tokens()));
  price.set_output_visible_tokens(part(usage.output_visible_tokens()));
  price.set_reasoning_tokens(part(usage.reasoning_tokens()));
  price.set_audio_input_tokens(part(usage.audio_input_tokens()));
  price.set_audio_output_tokens(part(usage.audio_output_tokens()));
  return price;
}

// What placeholders of a request stand for, masks for themselves: what else a recording has is
// somebody else's.
text::PlaceholderMap OwnPlaceholders(const Guarded& request) {
  text::PlaceholderMap own = request.values;
  for (const auto& [type, highest] : request.numbers_taken) {
    for (uint32_t number = 1; number <= highest; ++number) {
      const std::string placeholder = text::FormatPlaceholder(type, static_cast<int>(number));
      own.Add(placeholder, placeholder);
    }
  }
  return own;
}

// The answer as this request gets it: whole, or the events of a stream. kNotFound: it is none for
// this request.
absl::StatusOr<std::vector<std::string>> Rendered(const Call& call,
                                                  const cache::v1::Recording& recording,
                                                  Replay replay) {
  std::string body = recording.body();
  if (!recording.verbatim() || !call.guard.request.values.empty()) {
    WEIR_ASSIGN_OR_RETURN(body,
                          RestoreRecording(recording.body(), OwnPlaceholders(call.guard.request)));
  }
  if (call.body.stream) return ReplayStream(body, replay);
  WEIR_ASSIGN_OR_RETURN(std::string whole, ReplayWhole(body, replay));
  std::vector<std::string> pieces;
  pieces.push_back(std::move(whole));
  return pieces;
}

// Nobody waits for an answer, or none is given any more.
bool IsLeft(const Call& call) { return call.exchange->client_gone || call.cut_short; }

Refusal NotInCache() {
  Refusal refusal{.http_status = 504, .type = "invalid_request_error", .code = "not_in_cache"};
  refusal.message = "The cache has no answer to this request, and 'only-if-cached' wants no other";
  // The same answer would come.
  refusal.headers.Add("x-should-retry", "false");
  return refusal;
}

// Of a request without an answer of before: what keeps it from getting a new one.
std::optional<Refusal> WhyNotSent(Call& call, const absl::Status& may_attempt) {
  if (IsLeft(call)) return RefusalFor(status::Unavailable("the gateway is shutting down"));
  if (!may_attempt.ok()) {
    call.limit_headers = LimitHeaders(may_attempt);
    return RefusalFor(may_attempt);
  }
  if (call.cache.control.only_if_cached) return NotInCache();
  return std::nullopt;
}

asio::awaitable<absl::Status> WritePieces(Reply* reply, std::vector<std::string> pieces) {
  std::string burst;
  for (const std::string& each : pieces) {
    burst.append(each);
    if (burst.size() < kWriteBytes) continue;
    const absl::Status written = co_await reply->Write(burst);
    if (!written.ok()) co_return written;
    burst.clear();
  }
  co_return co_await reply->End(burst);
}

asio::awaitable<absl::Status> SendPieces(CallPtr call, std::vector<std::string> pieces) {
  Reply& reply = *call->exchange->reply;
  Headers headers;
  headers.Add("content-type",
              call->body.stream ? "text/event-stream; charset=utf-8" : "application/json");
  AddAnswerHeaders(*call, headers);
  call->http_status = 200;
  if (!call->body.stream) {
    co_return co_await reply.Send(200, std::move(headers), pieces.front());
  }
  headers.Add("cache-control", "no-cache");
  headers.Add("x-accel-buffering", "no");
  reply.Begin(200, std::move(headers));
  co_return co_await WritePieces(&reply, std::move(pieces));
}

}  // namespace

asio::awaitable<std::optional<cache::v1::LookupResponse>> Pipeline::AwaitLeader(CallPtr call) {
  CacheUse& use = call->cache;
  use.wait = std::make_shared<AnswerCache::Wait>(deps_.loop);
  AnswerCache::Led led =
      co_await deps_.cache->Lead(LeadOf(*call), call->Now() + kLongestWait, use.wait);
  use.wait.reset();
  use.flight = std::move(led.flight);
  std::optional<cache::v1::LookupResponse> answer;
  if (led.recording) {
    answer.emplace();
    answer->set_kind("exact");
    *answer->mutable_recording() = *std::move(led.recording);
  }
  co_return answer;
}

asio::awaitable<Pipeline::Served> Pipeline::AnswerFromBefore(CallPtr call,
                                                             Gate::Admission admission) {
  Served served{.hold = std::move(admission.hold)};
  std::optional<cache::v1::LookupResponse> hit = std::move(admission.hit);
  if (!hit && call->cache.may_lead() && !IsLeft(*call)) hit = co_await AwaitLeader(call);
  if (hit && !IsLeft(*call)) {
    served = co_await AnswerFromCache(call, *std::move(hit), std::move(served.hold));
    if (served.served) co_return served;
  }
  served.refused = WhyNotSent(*call, admission.may_attempt);
  if (!served.refused) co_return served;
  served.served = true;
  // Nothing was spent; what was held ends here.
  const Attempt unsent(call, &call->plan.attempts(0), std::move(served.hold), deps_.settlements,
                       deps_.clock);
  co_return served;
}

asio::awaitable<Pipeline::Served> Pipeline::AnswerFromCache(CallPtr call,
                                                            cache::v1::LookupResponse hit,
                                                            Attempt::Hold hold) {
  Replay replay{.kind = call->route.kind,
                .id = NewAnswerId(call->route.kind, deps_.random),
                .created = ToUnixMicros(deps_.clock.Now()) / 1'000'000,
                .usage_asked = call->body.usage_asked,
                .request = call->body_bytes};
  absl::StatusOr<std::vector<std::string>> pieces =
      Rendered(*call, hit.recording(), std::move(replay));
  if (!pieces.ok()) {
    call->cache.reason = absl::IsNotFound(pieces.status()) ? "placeholder" : "unusable";
    co_return Served{.hold = std::move(hold)};
  }
  Served served{.served = true};
  Attempt attempt(call, &call->plan.attempts(0), std::move(hold), deps_.settlements, deps_.clock);
  const absl::Status counted =
      attempt.CountUnsent(PriceOf(hit.recording().usage(), call->cache.policy->hit_share()),
                          SettleRequest::OUTCOME_CACHED);
  if (!counted.ok()) {
    served.refused = RefusalFor(status::Unavailable("{}", status::Message(counted)));
    co_return served;
  }
  if (!hit.entry_id().empty()) deps_.cache->Confirm(ConfirmOf(*call, hit.entry_id()));
  call->cache.status = CacheStatus::kHit;
  call->cache.reason = hit.kind();
  call->cache.age = FromProto(hit.age()).value_or(Duration());
  const absl::Status sent = co_await SendPieces(call, *std::move(pieces));
  if (!sent.ok()) call->exchange->client_gone = true;
  co_return served;
}

}  // namespace weir::edge
