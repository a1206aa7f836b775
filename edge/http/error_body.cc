#include "edge/http/error_body.h"

#include <algorithm>
#include <optional>

#include "common/status/detail.h"
#include "common/text/excerpt.h"
#include "common/text/json_escape.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

namespace pb = ::weir::common::v1;

// Longer waits hang clients that obey Retry-After without a bound.
constexpr int64_t kLongestRetryAfter = 60;

int64_t CeilSeconds(const google::protobuf::Duration& duration) {
  return duration.seconds() + (duration.nanos() > 0 ? 1 : 0);
}

void AddRetryAfter(const google::protobuf::Duration& wait, Refusal& refusal) {
  refusal.headers.Add("retry-after", std::max<int64_t>(1, CeilSeconds(wait)));
}

Refusal ForQuota(const absl::Status& status) {
  Refusal refusal{.http_status = 429, .type = "requests", .code = "rate_limit_exceeded"};
  refusal.message = fmt::format("Rate limit exceeded: {}", status::Message(status));
  const auto violation = status::Detail<pb::QuotaViolation>(status);
  if (!violation) return refusal;
  refusal.type = violation->unit() == pb::UNIT_TOTAL_TOKENS ? "tokens" : "requests";
  const int64_t retry = CeilSeconds(violation->retry_after());
  if (violation->hard() && (!violation->has_reset_after() || retry > kLongestRetryAfter)) {
    // A budget that is used up for long: trying again by itself is pointless, and a long
    // Retry-After hangs clients.
    refusal.type = refusal.code = "insufficient_quota";
    refusal.headers.Add("x-should-retry", "false");
  }
  if (!violation->contact().empty()) refusal.message += "; ask " + violation->contact();
  AddRetryAfter(violation->retry_after(), refusal);
  return refusal;
}

Refusal ForAuthentication(const absl::Status& status) {
  Refusal refusal{.http_status = 401, .type = "invalid_request_error", .code = "invalid_api_key"};
  refusal.message = status::Message(status);
  const auto failure = status::Detail<pb::AuthFailure>(status);
  if (!failure) return refusal;
  switch (failure->reason()) {
    case pb::AuthFailure::REASON_REVOKED:
      refusal.code = "api_key_revoked";
      break;
    case pb::AuthFailure::REASON_EXPIRED:
      refusal.code = "api_key_expired";
      break;
    case pb::AuthFailure::REASON_DISABLED:
      refusal.code = "api_key_disabled";
      break;
    default:
      break;
  }
  return refusal;
}

Refusal ForArgument(const absl::Status& status) {
  Refusal refusal{.http_status = 400, .type = "invalid_request_error"};
  refusal.message = status::Message(status);
  if (const auto bad = status::Detail<pb::BadFields>(status); bad && bad->fields_size() > 0) {
    refusal.param = bad->fields(0).path();
    refusal.code = "invalid_value";
  }
  return refusal;
}

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":");
  if (value.empty()) {
    out.append("null");
  } else {
    text::AppendJsonString(out, value);
  }
}

}  // namespace

Refusal RefusalFor(const absl::Status& status) {
  Refusal refusal{.message = std::string(status::Message(status))};
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ForArgument(status);
    case absl::StatusCode::kUnauthenticated:
      return ForAuthentication(status);
    case absl::StatusCode::kPermissionDenied:
      refusal.type = "invalid_request_error";
      if (status::Detail<pb::PolicyDenial>(status)) {
        refusal.http_status = 422;
        refusal.code = "content_filter";
        return refusal;
      }
      refusal.http_status = 403;
      refusal.code = "permission_denied";
      return refusal;
    case absl::StatusCode::kNotFound:
      refusal.http_status = 404;
      refusal.type = "invalid_request_error";
      refusal.code = "model_not_found";
      refusal.param = "model";
      return refusal;
    case absl::StatusCode::kResourceExhausted:
      return ForQuota(status);
    case absl::StatusCode::kOutOfRange:
      refusal.http_status = 413;
      refusal.type = "invalid_request_error";
      refusal.code = "request_too_large";
      return refusal;
    case absl::StatusCode::kUnimplemented:
      refusal.http_status = 415;
      refusal.type = "invalid_request_error";
      refusal.code = "unsupported_content";
      return refusal;
    case absl::StatusCode::kUnavailable:
      refusal.http_status = 503;
      refusal.type = "service_unavailable_error";
      refusal.code = "service_unavailable";
      if (const auto later = status::Detail<pb::RetryLater>(status)) {
        AddRetryAfter(later->retry_after(), refusal);
      }
      return refusal;
    case absl::StatusCode::kDeadlineExceeded:
      refusal.http_status = 504;
      refusal.code = "upstream_timeout";
      refusal.message = "upstream timed out";
      return refusal;
    default:
      // Our own fault: the reason is in the log, not in the answer.
      refusal.code = "internal_error";
      refusal.message = "The gateway failed to handle the request.";
      return refusal;
  }
}

std::string ErrorBody(const Refusal& refusal) {
  std::string body = "{\"error\":{\"message\":";
  text::AppendJsonString(body, refusal.message);
  body.append(",");
  AppendMember(body, "type", refusal.type);
  body.append(",");
  AppendMember(body, "param", refusal.param);
  body.append(",");
  AppendMember(body, "code", refusal.code);
  body.append("}}");
  return body;
}

Refusal UnknownUrl(std::string_view path) {
  return {.http_status = 404,
          .type = "invalid_request_error",
          .code = "unknown_url",
          .message = fmt::format("Unknown request URL: {}. Please check the URL for typos.",
                                 text::Excerpt(path, 200))};
}

Refusal MethodNotAllowed(std::string_view method, std::string allow) {
  Refusal refusal{.http_status = 405,
                  .type = "invalid_request_error",
                  .code = "method_not_allowed",
                  .message = fmt::format("Method {} is not allowed here: want {}",
                                         text::Excerpt(method, 20), allow)};
  refusal.headers.Add("allow", allow);
  return refusal;
}

Refusal Overloaded() {
  Refusal refusal{.http_status = 503,
                  .type = "service_unavailable_error",
                  .code = "server_is_overloaded",
                  .message = "server overloaded"};
  refusal.headers.Add("retry-after", "1");
  return refusal;
}

}  // namespace weir::edge
