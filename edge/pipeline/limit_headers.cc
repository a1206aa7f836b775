#include "edge/pipeline/limit_headers.h"

#include "common/status/detail.h"
#include "common/text/parse.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

namespace pb = ::weir::common::v1;

Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

struct Standing {
  pb::Unit unit = pb::UNIT_UNSPECIFIED;
  int64_t limit = 0;
  int64_t remaining = 0;
  Duration reset{};
};

void AddFamily(const Standing& state, Headers& headers) {
  const bool tokens = state.unit == pb::UNIT_TOTAL_TOKENS;
  headers.Add(tokens ? "x-ratelimit-limit-tokens" : "x-ratelimit-limit-requests", state.limit);
  headers.Add(tokens ? "x-ratelimit-remaining-tokens" : "x-ratelimit-remaining-requests",
              state.remaining);
  headers.Add(tokens ? "x-ratelimit-reset-tokens" : "x-ratelimit-reset-requests",
              text::FormatRateLimitReset(state.reset));
}

void AddPlain(const Standing& state, Headers& headers) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(state.reset).count();
  headers.Add("x-ratelimit-limit", state.limit);
  headers.Add("x-ratelimit-remaining", state.remaining);
  headers.Add("x-ratelimit-reset", int64_t{seconds});
}

}  // namespace

Headers LimitHeaders(const google::protobuf::RepeatedPtrField<quota::v1::LimitState>& states) {
  Headers headers;
  std::optional<Standing> requests;
  std::optional<Standing> tokens;
  for (const auto& each : states) {
    if (!each.enforced()) continue;
    std::optional<Standing>& slot = each.unit() == pb::UNIT_TOTAL_TOKENS ? tokens : requests;
    if (slot && slot->remaining <= each.remaining()) continue;
    slot = {each.unit(), each.limit(), each.remaining(), ToDuration(each.reset_after())};
  }
  if (requests) AddFamily(*requests, headers);
  if (tokens) AddFamily(*tokens, headers);
  if (tokens || requests) AddPlain(tokens ? *tokens : *requests, headers);
  return headers;
}

Headers LimitHeaders(const absl::Status& refused) {
  Headers headers;
  const auto violation = status::Detail<pb::QuotaViolation>(refused);
  if (!violation) return headers;
  const Standing state{violation->unit(), violation->limit(), violation->remaining(),
                       ToDuration(violation->reset_after())};
  AddFamily(state, headers);
  AddPlain(state, headers);
  return headers;
}

}  // namespace weir::edge
