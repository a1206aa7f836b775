#include "common/http/ops_answer.h"

#include <fmt/format.h>

#include "common/text/excerpt.h"
#include "common/text/json_escape.h"

namespace weir::http {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";

// The shape of the gateway's own errors, so that one reader of errors is enough.
OpsAnswer Refusal(int status, std::string_view code, std::string_view message) {
  OpsAnswer answer{.status = status, .content_type = "application/json"};
  answer.body = "{\"error\":{\"message\":";
  text::AppendJsonString(answer.body, message);
  answer.body += ",\"type\":\"invalid_request_error\",\"param\":null,\"code\":";
  text::AppendJsonString(answer.body, code);
  answer.body += "}}";
  return answer;
}

OpsAnswer Readiness(const OpsSources& sources) {
  const std::string why_not = sources.not_ready();
  if (!why_not.empty()) {
    return {.status = 503, .content_type = kText, .body = "not ready: " + why_not + "\n"};
  }
  const std::string remark = sources.remark ? sources.remark() : "";
  return {.content_type = kText, .body = remark.empty() ? "ok\n" : "ok\n" + remark + "\n"};
}

}  // namespace

OpsAnswer AnswerOps(const OpsSources& sources, std::string_view method, std::string_view path) {
  if (method != "GET" && method != "HEAD") {
    OpsAnswer answer = Refusal(
        405, "method_not_allowed",
        fmt::format("Method {} is not allowed here: want GET, HEAD", text::Excerpt(method, 20)));
    answer.allow = "GET, HEAD";
    return answer;
  }
  if (path == "/livez") return {.content_type = kText, .body = "ok\n"};
  if (path == "/readyz" || path == "/healthz" || path == "/health") {
    return Readiness(sources);
  }
  if (path == "/metrics") return {.content_type = kMetrics, .body = sources.metrics()};
  return Refusal(404, "unknown_url",
                 fmt::format("Unknown request URL: {}. Please check the URL for typos.",
                             text::Excerpt(path, 200)));
}

}  // namespace weir::http
