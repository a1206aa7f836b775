#include "edge/pipeline/upstream_refusal.h"

#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "edge/dialects/openai/answer_usage.h"

namespace weir::edge {

Refusal RefusalForUpstream(const absl::Status& status, std::string_view provider) {
  Refusal refusal;
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    refusal.http_status = 504;
    refusal.code = "upstream_timeout";
    refusal.message = "upstream timed out";
    return refusal;
  }
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    refusal = Overloaded();
    refusal.message = fmt::format("The provider '{}' has no free connection", provider);
    return refusal;
  }
  refusal.http_status = 502;
  refusal.code = "upstream_error";
  refusal.message = fmt::format("The provider '{}' could not be reached or broke off", provider);
  return refusal;
}

Refusal RefusalForJudgement(const absl::Status& why) {
  const bool is_said = why.code() == absl::StatusCode::kPermissionDenied ||
                       why.code() == absl::StatusCode::kUnavailable;
  if (is_said) return RefusalFor(why);
  Refusal refusal{.http_status = 502, .code = "upstream_error"};
  refusal.message = "The provider's answer cannot be judged by the rules that apply to it";
  return refusal;
}

Refusal RefusalForAnswer(const UpstreamCall& upstream, std::string_view body,
                         std::string_view provider) {
  const int status = upstream.http_status();
  Refusal refusal{.http_status = status, .code = "upstream_error"};
  if (status == 401 || status == 403) {
    refusal.http_status = 502;
    refusal.code = "upstream_auth_failed";
    refusal.message = fmt::format(
        "The provider '{}' refused the gateway's own credential (status {})", provider, status);
    return refusal;
  }
  if (status < 400 || status > 599) {
    refusal.http_status = 502;
    refusal.message = fmt::format(
        "The provider '{}' answered with status {}, which is not followed", provider, status);
    return refusal;
  }
  refusal.type = status < 500 ? "invalid_request_error" : "api_error";
  if (status == 429) {
    refusal.type = "requests";
    refusal.code = "upstream_rate_limited";
    if (const auto wait = text::ParseInt64(upstream.Find("retry-after")); wait && *wait > 0) {
      refusal.headers.Add("retry-after", std::min<int64_t>(*wait, 60));
    }
  }
  openai::ErrorObject said = openai::ReadErrorObject(body);
  if (said.message.empty()) {
    refusal.message = fmt::format("The provider '{}' answered with status {}", provider, status);
    return refusal;
  }
  refusal.message = std::move(said.message);
  // What is wrong with the request is the client's to mend, and the provider knows best; a fault of
  // the provider's own stays one of ours.
  if (status < 500 && status != 429) {
    if (!said.type.empty()) refusal.type = std::move(said.type);
    if (!said.code.empty()) refusal.code = std::move(said.code);
    refusal.param = std::move(said.param);
  }
  return refusal;
}

}  // namespace weir::edge
