#include "edge/pipeline/pipeline.h"

#include <absl/cleanup/cleanup.h>

#include <algorithm>
#include <exception>

#include "common/log/log.h"
#include "common/status/detail.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "edge/http/inflater.h"
#include "edge/pipeline/cors.h"
#include "edge/pipeline/credential.h"
#include "edge/pipeline/models_list.h"
#include "edge/pipeline/relay.h"
#include "edge/pipeline/request_log.h"
#include "edge/pipeline/upstream_refusal.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {

using quota::v1::SettleRequest;
using routing::v1::ReportRequest;

namespace {

constexpr size_t kMaxErrorBody = 256 * 1024;
constexpr Duration kAskTimeout = std::chrono::seconds(2);
// In logs and metrics alone; nginx's number for it.
constexpr int kClientClosedRequest = 499;
// From so many on a request is sent at the end of its loop's turn, in one burst with the others:
// each that is sent by itself wakes up a receiver that has gone to sleep since the last one.
constexpr size_t kManyInFlight = 4;

absl::Status Decode(Call& call, size_t max_body) {
  const std::string_view coding = call.exchange->head.Find("content-encoding");
  call.body_bytes = call.exchange->body;
  if (coding.empty() || text::EqualsIgnoreCase(coding, "identity")) return absl::OkStatus();
  if (!text::EqualsIgnoreCase(coding, "gzip")) {
    return status::Unimplemented("Content-Encoding '{}' is not supported: want gzip or none",
                                 text::Excerpt(coding));
  }
  Inflater inflater(max_body, 20);
  WEIR_RETURN_IF_ERROR(inflater.Feed(call.body_bytes, call.decoded));
  if (!inflater.done()) return status::InvalidArgument("the gzip body ends early");
  const size_t size = call.decoded.size();
  call.decoded.append(64, '\0');
  call.body_bytes = std::string_view(call.decoded).substr(0, size);
  return absl::OkStatus();
}

// A service of the gateway that does not answer in time is out; "timed out" is said of upstreams
// alone.
absl::Status InTime(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kDeadlineExceeded) return status;
  return status::Unavailable("the gateway cannot admit the request right now");
}

// What a planned attempt means in the table in hand; null where the plan was made of another one
// that names it differently.
const UpstreamTarget* FindTarget(const Call& call, const routing::v1::Attempt& planned) {
  const auto& targets = call.routes->targets;
  if (planned.provider_index() >= targets.size()) return nullptr;
  const UpstreamTarget& target = targets[planned.provider_index()];
  const bool same = target.provider->name() == planned.provider() &&
                    target.provider->organization() == call.principal->organization();
  return same ? &target : nullptr;
}

ReportRequest::Outcome OutcomeOf(const absl::Status& status, int http_status) {
  if (status.code() == absl::StatusCode::kDeadlineExceeded) return ReportRequest::OUTCOME_TIMEOUT;
  if (!status.ok()) return ReportRequest::OUTCOME_UNREACHABLE;
  if (http_status == 429) return ReportRequest::OUTCOME_RATE_LIMITED;
  return http_status >= 500 ? ReportRequest::OUTCOME_SERVER_ERROR : ReportRequest::OUTCOME_OK;
}

}  // namespace

Pipeline::Pipeline(PipelineOptions options, Deps deps)
    : options_(std::move(options)), deps_(deps), retries_(options_.retries, deps.clock) {
  auto anonymous = std::make_shared<identity::v1::Principal>();
  anonymous->set_organization(options_.open_organization);
  anonymous_ = std::move(anonymous);
}

CallPtr Pipeline::NewCall(Exchange* exchange) const {
  auto call = std::make_shared<Call>();
  call->exchange = exchange;
  call->clock = &deps_.clock;
  call->started = deps_.clock.Monotonic();
  call->request_id = NewRequestId(deps_.clock.Now(), deps_.random);
  return call;
}

asio::awaitable<void> Pipeline::Serve(Exchange* exchange) {
  const CallPtr call = NewCall(exchange);
  call->context.deadline = call->started + kAskTimeout;
  // Not by shared_ptr: the call must not keep itself alive through its exchange.
  exchange->on_client_gone = [raw = call.get()] { EndWaits(*raw); };
  TakeClientAddress(*call);
  ++deps_.metrics.in_flight;
  running_.insert(call.get());
  {
    // However the request ends: a frame that is thrown out of or let go of counts no longer.
    const absl::Cleanup ended = [this, raw = call.get()] {
      running_.erase(raw);
      --deps_.metrics.in_flight;
    };
    Verdict refused;
    try {
      refused = co_await Run(call);
    } catch (const std::exception& thrown) {
      log::Error("edge.request.failed",
                 {{"request_id", call->request_id}, {"reason", thrown.what()}});
      refused = RefusalFor(status::Internal("a step threw"));
    }
    if (refused && !exchange->reply->begun()) {
      if (exchange->client_gone) {
        TakeLeave(*call);
      } else {
        co_await SendRefusal(call, *std::move(refused));
      }
    }
  }
  Finish(*call);
}

// Nobody reads what would be said, and no provider is to blame.
void Pipeline::TakeLeave(Call& call) {
  call.http_status = kClientClosedRequest;
  call.error_code = "client_closed_request";
  call.exchange->reply->Break();
}

void Pipeline::CutShort() {
  for (Call* each : running_) {
    each->cut_short = true;
    EndWaits(*each);
  }
}

void Pipeline::EndWaits(Call& call) {
  if (call.upstream != nullptr) call.upstream->Cancel();
  if (call.cache.wait != nullptr) call.cache.wait->End();
}

asio::awaitable<void> Pipeline::Refuse(Exchange* exchange, absl::Status why) {
  const CallPtr call = NewCall(exchange);
  Refusal refusal = RefusalFor(why);
  if (exchange->head.fields == nullptr && why.code() == absl::StatusCode::kOutOfRange) {
    refusal.http_status = 431;
    refusal.code = "request_head_too_large";
  }
  // Of an upstream it is a 504; here it is the client that is slow.
  if (why.code() == absl::StatusCode::kDeadlineExceeded) {
    refusal = {.http_status = 408, .type = "invalid_request_error", .code = "request_timeout"};
    refusal.message = status::Message(why);
  }
  co_await SendRefusal(call, std::move(refusal));
  Finish(*call);
}

// The order of business. Each step ends the request with a refusal, or lets it go on.
asio::awaitable<Pipeline::Verdict> Pipeline::Run(CallPtr call) {
  if (Verdict refused = Admit(call)) co_return refused;
  if (Verdict refused = Match(call)) co_return refused;
  if (call->exchange->head.method == "OPTIONS") {
    co_return co_await AnswerPreflight(call);
  }
  if (Verdict refused = Parse(call)) co_return refused;

  absl::Status known = co_await Authenticate(call);
  if (known.ok()) known = Authorize(*call);
  if (!known.ok()) co_return RefusalFor(known);
  if (call->route.kind == routing::v1::API_KIND_MODELS) co_return co_await ListModels(call);

  // The plan is local and comes first: its first target's limits are asked with the caller's.
  const absl::Status planned = co_await Plan(call);
  if (!planned.ok()) co_return RefusalFor(InTime(planned));

  absl::StatusOr<Gate::Admission> admitted = co_await deps_.gate.Ask(call);
  if (!admitted.ok()) co_return RefusalFor(InTime(admitted.status()));
  Attempt::Hold hold;
  if (call->cache.policy == nullptr) {
    hold = std::move(admitted->hold);
  } else {
    Served served = co_await AnswerFromBefore(call, *std::move(admitted));
    if (served.served) co_return served.refused;
    hold = std::move(served.hold);
  }
  Verdict answered = co_await Answer(call, std::move(hold));
  // Before it is told: those who wait for this one's answer get none.
  call->cache.flight.GiveUp();
  co_return answered;
}

Pipeline::Verdict Pipeline::Admit(const CallPtr& call) {
  if (deps_.metrics.in_flight > options_.max_concurrent) return Overloaded();
  if (!deps_.addresses.Admit(call->exchange->client)) {
    Refusal refusal{.http_status = 429, .type = "requests", .code = "rate_limit_exceeded"};
    refusal.message = "Rate limit exceeded: too many requests from this address";
    refusal.headers.Add("retry-after", "1");
    return refusal;
  }
  call->routes = deps_.routes.Current();
  if (call->routes != nullptr) return std::nullopt;
  return RefusalFor(status::Unavailable("the routing table has not been read yet"));
}

Pipeline::Verdict Pipeline::Match(const CallPtr& call) {
  const RequestHead& head = call->exchange->head;
  call->route = MatchPath(*call->routes, head.path);
  if (!call->route.found) return UnknownUrl(head.path);
  const routing::v1::ProxyRoute* proxy = call->route.proxy;
  if (proxy != nullptr && proxy->kinds_size() > 0 &&
      std::find(proxy->kinds().begin(), proxy->kinds().end(), call->route.kind) ==
          proxy->kinds().end()) {
    return UnknownUrl(head.path);
  }
  if (head.method == "OPTIONS") return std::nullopt;
  const bool models = call->route.kind == routing::v1::API_KIND_MODELS;
  const bool get = head.method == "GET" || head.method == "HEAD";
  if (models ? !get : head.method != "POST") {
    return MethodNotAllowed(head.method, models ? "GET, HEAD, OPTIONS" : "POST, OPTIONS");
  }
  if (proxy == nullptr || proxy->degraded_reason().empty()) return std::nullopt;
  return RefusalFor(status::Unavailable("the proxy '{}' cannot serve: {}", proxy->name(),
                                        proxy->degraded_reason()));
}

Pipeline::Verdict Pipeline::Parse(const CallPtr& call) {
  if (call->route.kind == routing::v1::API_KIND_MODELS) return std::nullopt;
  const std::string_view type = call->exchange->head.Find("content-type");
  if (!type.empty() && !text::StartsWithIgnoreCase(type, "application/json")) {
    return RefusalFor(
        status::Unimplemented("Content-Type '{}' is not supported: want "
                              "application/json",
                              text::Excerpt(type)));
  }
  if (absl::Status decoded = Decode(*call, options_.max_body); !decoded.ok()) {
    return RefusalFor(decoded);
  }
  absl::StatusOr<openai::RequestBody> body = reader_.Read(call->route.kind, call->body_bytes);
  if (!body.ok()) return RefusalFor(body.status());
  call->body = *std::move(body);
  return std::nullopt;
}

asio::awaitable<absl::Status> Pipeline::Authenticate(CallPtr call) {
  if (options_.open_auth) {
    call->principal = anonymous_;
    co_return absl::OkStatus();
  }
  const std::string_view own =
      call->route.proxy != nullptr ? call->route.proxy->key_header() : std::string_view{};
  absl::StatusOr<std::string_view> credential = ReadCredential(call->exchange->head, own);
  if (!credential.ok()) co_return credential.status();
  if (credential->empty()) {
    common::v1::AuthFailure failure;
    failure.set_reason(common::v1::AuthFailure::REASON_MISSING);
    co_return status::WithDetail(
        status::Unauthenticated("You didn't provide an API key: want it in an Authorization "
                                "header (Authorization: Bearer YOUR_KEY) or in x-api-key"),
        failure);
  }
  call->principal = deps_.identity.FindFresh(*credential);
  if (call->principal != nullptr) co_return absl::OkStatus();
  std::string copy(*credential);
  absl::StatusOr<api::CachingIdentity::Resolved> resolved =
      co_await deps_.identity.Resolve(call->context, std::move(copy));
  if (!resolved.ok()) {
    // Out of reach is never told as a refusal of the key.
    if (resolved.status().code() == absl::StatusCode::kUnauthenticated ||
        resolved.status().code() == absl::StatusCode::kPermissionDenied) {
      co_return resolved.status();
    }
    co_return status::Unavailable("the key cannot be checked right now");
  }
  call->principal = resolved->principal;
  co_return absl::OkStatus();
}

absl::Status Pipeline::Authorize(const Call& call) const {
  const identity::v1::Principal& principal = *call.principal;
  const auto allows = [](const auto& list, std::string_view value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  if (!allows(principal.scopes(), KindName(call.route.kind))) {
    return status::PermissionDenied("this key may not call {}", KindName(call.route.kind));
  }
  const routing::v1::ProxyRoute* proxy = call.route.proxy;
  if (proxy != nullptr && proxy->organization() != principal.organization()) {
    return status::PermissionDenied("this key is not of the proxy's organisation");
  }
  if (proxy != nullptr && !allows(principal.allowed_proxies(), proxy->name())) {
    return status::PermissionDenied("this key may not call the proxy '{}'", proxy->name());
  }
  if (proxy == nullptr && !principal.allowed_proxies().empty()) {
    return status::PermissionDenied("this key may only call its proxies");
  }
  return absl::OkStatus();
}

asio::awaitable<absl::Status> Pipeline::Plan(CallPtr call) {
  routing::v1::PlanRequest request;
  request.set_table_version(call->routes->table->version());
  request.set_organization(call->principal->organization());
  if (call->route.proxy != nullptr) request.set_proxy(call->route.proxy->name());
  request.set_kind(call->route.kind);
  request.set_model(call->body.model);
  absl::StatusOr<routing::v1::PlanResponse> plan =
      co_await deps_.routing.Plan(call->context, std::move(request));
  if (!plan.ok()) co_return plan.status();
  call->plan = *std::move(plan);
  const auto& allowed = call->principal->allowed_models();
  for (const auto& attempt : call->plan.attempts()) {
    if (allowed.empty() ||
        std::find(allowed.begin(), allowed.end(), attempt.model()) != allowed.end()) {
      continue;
    }
    co_return status::PermissionDenied("this key may not call the model '{}'", attempt.model());
  }
  co_return absl::OkStatus();
}

asio::awaitable<Pipeline::Verdict> Pipeline::Answer(CallPtr call, Attempt::Hold hold) {
  Verdict refused;
  int64_t requests = hold.settlement->requests();
  const int count = call->plan.attempts_size();
  retries_.Request();
  // The first attempt begins in any case: it ends its hold where it comes to nothing.
  for (int i = 0; i < count && (i == 0 || !call->exchange->client_gone); ++i) {
    if (i > 0) {
      if (!retries_.Retry()) {
        deps_.metrics.CountRefusedRetry();
        break;
      }
      call->context.deadline = call->Now() + kAskTimeout;  // The first target had its own time.
      absl::StatusOr<Attempt::Hold> further = co_await deps_.gate.AskAgain(call, i, requests);
      if (!further.ok()) {
        refused = RefusalFor(InTime(further.status()));
        continue;
      }
      hold = *std::move(further);
    }
    ++call->attempts;
    Attempt attempt(call, &call->plan.attempts(i), std::move(hold), deps_.settlements, deps_.clock);
    refused = co_await TryOne(call, &attempt);
    // Over where the client has an answer, and where another target would say the same.
    const bool final = !refused || refused->http_status < 429 || call->exchange->reply->begun() ||
                       !call->guard.answer_refused.ok();
    if (final) co_return refused;
    if (attempt.settled()) requests = 0;
  }
  co_return refused;
}

asio::awaitable<Pipeline::Verdict> Pipeline::TryOne(CallPtr call, Attempt* attempt) {
  const auto& planned = attempt->planned();
  const UpstreamTarget* found = FindTarget(*call, planned);
  if (found == nullptr) {
    co_return RefusalFor(
        status::Unavailable("the provider '{}' has changed just now", planned.provider()));
  }
  const UpstreamTarget& target = *found;
  call->provider = planned.provider();
  call->upstream_model = planned.upstream_model();
  if (!target.usable.ok())
    co_return RefusalFor(status::Unavailable("{}", status::Message(target.usable)));
  const absl::Status intended = attempt->Intend();
  if (!intended.ok()) co_return RefusalFor(status::Unavailable("{}", status::Message(intended)));
  if (running_.size() >= kManyInFlight) {
    co_await asio::post(deps_.loop, asio::use_awaitable);
  }
  // Who left while all this was asked was told of no upstream call, and needs none.
  if (call->exchange->client_gone) co_return std::nullopt;

  UpstreamCall upstream(target.pool, deps_.deadlines, deps_.clock, target.times);
  call->upstream = &upstream;
  const absl::Cleanup over = [raw = call.get()] { raw->upstream = nullptr; };
  const std::string body = attempt->RequestBody(target);
  const std::string head = attempt->RequestHead(target, body.size(), options_.forward_headers);
  const absl::Status started = co_await upstream.Start(head, body);
  call->upstream_first_byte = upstream.first_byte_after();
  call->upstream_status = upstream.http_status();
  const auto retry_after =
      started.ok() ? text::ParseInt64(upstream.Find("retry-after")) : std::nullopt;
  // That all of our own connections to it are busy is not the provider's fault.
  const bool busy = started.code() == absl::StatusCode::kResourceExhausted;
  const auto report = [&] {
    Report(call, planned, started, upstream.http_status(),
           std::chrono::seconds(std::clamp<int64_t>(retry_after.value_or(0), 0, 86'400)));
  };
  // Bad news at once, for those who are planned meanwhile; good news does not delay the answer.
  const bool good = started.ok() && upstream.http_status() / 100 == 2;
  const bool reportable = !call->exchange->client_gone && !busy;
  if (reportable && (!good || call->body.stream)) report();
  Verdict verdict;
  if (!started.ok()) {
    // Nothing came back. What the provider made of the prompt is not known once it was sent.
    if (upstream.dispatched()) {
      attempt->Settle(attempt->Counted(0), true,
                      call->exchange->client_gone ? SettleRequest::OUTCOME_ABORTED
                                                  : SettleRequest::OUTCOME_FAILED);
    }
    verdict = RefusalForUpstream(started, planned.provider());
  } else if (upstream.http_status() / 100 == 2) {
    const std::unique_ptr<AnswerPath> path = AnswerPath::For(call, deps_.guards);
    Relay relay(
        call, &upstream, attempt,
        {.max_buffered = options_.max_answer_buffer, .path = path.get(), .cache = deps_.cache});
    const absl::Status relayed = co_await relay.Run();
    if (!call->guard.answer_refused.ok()) {
      verdict = RefusalForJudgement(call->guard.answer_refused);
    } else if (!relayed.ok()) {
      verdict = RefusalForUpstream(relayed, planned.provider());
    }
    if (reportable && !call->body.stream) report();
  } else {
    verdict = co_await AnswerError(call, &upstream, attempt);
  }
  if (!call->exchange->client_gone) {
    deps_.metrics.CountAttempt(started.ok() ? upstream.http_status() : 0,
                               verdict ? verdict->code : call->error_code);
  }
  co_return verdict;
}

asio::awaitable<Pipeline::Verdict> Pipeline::AnswerError([[maybe_unused]] CallPtr call,
                                                         UpstreamCall* upstream, Attempt* attempt) {
  std::string body;
  absl::Status read = absl::OkStatus();
  while (read.ok() && !upstream->done() && body.size() < kMaxErrorBody) {
    read = co_await upstream->Read(&body);
  }
  attempt->Settle({}, false, SettleRequest::OUTCOME_FAILED);
  co_return RefusalForAnswer(*upstream, body, attempt->planned().provider());
}

void Pipeline::Report(const CallPtr& call, const routing::v1::Attempt& planned,
                      const absl::Status& outcome, int http_status, Duration retry_after) {
  const std::string_view proxy =
      call->route.proxy != nullptr ? std::string_view(call->route.proxy->name()) : "";
  const uint64_t target = GoodNews::TargetOf(call->principal->organization(), proxy,
                                             planned.provider(), planned.upstream_model());
  const ReportRequest::Outcome how = OutcomeOf(outcome, http_status);
  if (how != ReportRequest::OUTCOME_OK) {
    good_news_.Failed(target);
  } else if (!good_news_.ShouldTell(target, call->Now())) {
    return;
  }
  ReportRequest report;
  report.set_organization(call->principal->organization());
  if (!proxy.empty()) report.set_proxy(std::string(proxy));
  report.set_provider(planned.provider());
  report.set_upstream_model(planned.upstream_model());
  report.set_model(planned.model());
  report.set_outcome(how);
  report.set_http_status(http_status);
  report.set_first_byte_us(call->upstream_first_byte.count() / 1000);
  if (retry_after.count() > 0) {
    report.mutable_retry_after()->set_seconds(
        std::chrono::duration_cast<std::chrono::seconds>(retry_after).count());
  }
  // Health is the routing service's business: a report that fails, or is late, changes nothing for
  // this request.
  const api::CallContext context{.deadline = call->Now() + kAskTimeout};
  asio::co_spawn(deps_.loop, deps_.routing.Report(context, std::move(report)), asio::detached);
}

asio::awaitable<Pipeline::Verdict> Pipeline::ListModels(CallPtr call) {
  const std::optional<std::string> body = ModelsBody(*call);
  if (!body) {
    co_return RefusalFor(
        status::NotFound("The model '{}' does not exist", text::Excerpt(call->route.model_id)));
  }
  Headers headers;
  headers.Add("content-type", "application/json");
  AddCallHeaders(*call, headers);
  call->http_status = 200;
  std::ignore = co_await call->exchange->reply->Send(200, std::move(headers), *body);
  co_return std::nullopt;
}

asio::awaitable<void> Pipeline::SendRefusal(CallPtr call, Refusal refusal) {
  call->http_status = refusal.http_status;
  call->error_code = refusal.code;
  Headers headers;
  headers.Add("content-type", "application/json");
  AddCallHeaders(*call, headers);
  const std::string body = ErrorBody(refusal);
  headers.Add(refusal.headers);
  std::ignore = co_await call->exchange->reply->Send(refusal.http_status, std::move(headers), body);
}

void Pipeline::TakeClientAddress(Call& call) const {
  Exchange& exchange = *call.exchange;
  if (options_.trusted_proxies.empty() || !options_.trusted_proxies.Contains(exchange.client)) {
    return;
  }
  // The rightmost address that no trusted proxy wrote about itself; what stands left of it anybody
  // may have written.
  const std::string joined = exchange.head.FindAll("x-forwarded-for");
  std::string_view chain = joined;
  while (!chain.empty()) {
    const size_t comma = chain.rfind(',');
    const std::string_view last =
        text::Trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    ErrorCode error;
    const auto address = asio::ip::make_address(std::string(last), error);
    if (error) return;
    exchange.client = address;
    if (comma == std::string_view::npos || !options_.trusted_proxies.Contains(address)) return;
    chain = chain.substr(0, comma);
  }
}

void Pipeline::Finish(const Call& call) {
  deps_.metrics.Count(call);
  LogRequest(call);
}

}  // namespace weir::edge
