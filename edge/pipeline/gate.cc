#include "edge/pipeline/gate.h"

#include <algorithm>

#include "edge/pipeline/limit_headers.h"

namespace weir::edge {
namespace {

// The largest completion of a model whose maximum nobody configured.
constexpr int64_t kUnknownOutputMax = 16'384;

quota::v1::Estimate EstimateOf(const Call& call, int64_t requests) {
  const openai::RequestBody& body = call.body;
  quota::v1::Estimate estimate;
  estimate.set_requests(requests);
  estimate.set_input_tokens_bound(body.input_tokens_bound);
  estimate.set_input_tokens_likely(body.input_tokens_likely);
  if (body.output_tokens_declared)
    estimate.set_output_tokens_declared(*body.output_tokens_declared);
  const bool chat = call.route.kind == routing::v1::API_KIND_CHAT;
  const int64_t configured = call.plan.output_tokens_max();
  const int64_t each = configured > 0 ? configured : kUnknownOutputMax;
  estimate.set_output_tokens_max(chat ? each * body.choices : 0);
  return estimate;
}

}  // namespace

asio::awaitable<absl::StatusOr<Attempt::Hold>> Gate::Ask(CallPtr call) {
  return Reserve(std::move(call), 0, 1);
}

asio::awaitable<absl::StatusOr<Attempt::Hold>> Gate::AskAgain(CallPtr call, int index,
                                                              int64_t requests) {
  return Reserve(std::move(call), index, requests);
}

asio::awaitable<absl::StatusOr<Attempt::Hold>> Gate::Reserve(CallPtr call, int index,
                                                             int64_t requests) {
  quota::v1::ReserveRequest request;
  Attempt::Hold hold{.settlement = std::make_unique<quota::v1::SettleRequest>()};
  quota::v1::SettleRequest& settlement = *hold.settlement;
  settlement.mutable_key()->set_request_id(call->request_id);
  settlement.mutable_key()->set_attempt(static_cast<uint32_t>(index + 1));
  SetSubjects(*call, call->plan.attempts(index), *settlement.mutable_subjects());
  settlement.set_requests(requests);
  *request.mutable_key() = settlement.key();
  *request.mutable_subjects() = settlement.subjects();
  *request.mutable_estimate() = EstimateOf(*call, requests);
  request.set_edge_id(edge_id_);
  absl::StatusOr<quota::v1::ReserveResponse> reserved =
      co_await quota_.Reserve(call->context, std::move(request));
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

}  // namespace weir::edge
