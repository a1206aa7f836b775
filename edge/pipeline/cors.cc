#include "edge/pipeline/cors.h"

#include <algorithm>

#include "common/text/excerpt.h"

namespace weir::edge {
namespace {

// Everything the official SDKs send from a browser, and the places of a credential.
constexpr std::string_view kAllowedHeaders =
    "authorization, content-type, x-api-key, api-key, api_key, apikey, x-goog-api-key, "
    "cache-control, openai-beta, x-client-request-id, x-request-id, x-stainless-arch, "
    "x-stainless-async, "
    "x-stainless-helper-method, x-stainless-lang, x-stainless-os, x-stainless-package-version, "
    "x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, "
    "x-stainless-timeout";
constexpr std::string_view kExposedHeaders =
    "x-request-id, retry-after, x-should-retry, x-ratelimit-limit-requests, "
    "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, "
    "x-cache-status, x-cache-kind, age, x-weir-degraded";

// The Origin, where the proxy allows it; else empty.
std::string_view AllowedOrigin(const Call& call) {
  if (call.exchange->head.fields == nullptr || call.route.proxy == nullptr) return {};
  const std::string_view origin = call.exchange->head.Find("origin");
  if (origin.empty() || origin.size() > 512) return {};
  const auto& allowed = call.route.proxy->cors_origins();
  const bool found = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& each) {
    return each == "*" || each == origin;
  });
  return found ? origin : std::string_view{};
}

}  // namespace

void AddCorsHeaders(const Call& call, Headers& headers) {
  const std::string_view origin = AllowedOrigin(call);
  if (origin.empty()) return;
  headers.Add("access-control-allow-origin", origin);
  headers.Add("access-control-expose-headers", kExposedHeaders);
  headers.Add("vary", "Origin");
}

asio::awaitable<std::optional<Refusal>> AnswerPreflight(CallPtr call) {
  if (AllowedOrigin(*call).empty()) {
    Refusal refusal{.http_status = 403, .type = "invalid_request_error", .code = "cors_forbidden"};
    refusal.message = fmt::format("The origin '{}' is not allowed here",
                                  text::Excerpt(call->exchange->head.Find("origin")));
    co_return refusal;
  }
  Headers headers;
  AddCorsHeaders(*call, headers);
  headers.Add("access-control-allow-methods", "GET, POST, OPTIONS");
  std::string allowed(kAllowedHeaders);
  if (!call->route.proxy->key_header().empty()) {
    allowed.append(", ").append(call->route.proxy->key_header());
  }
  headers.Add("access-control-allow-headers", allowed);
  headers.Add("access-control-max-age", "600");
  headers.Add("x-request-id", call->request_id);
  call->http_status = 204;
  std::ignore = co_await call->exchange->reply->Send(204, std::move(headers), {});
  co_return std::nullopt;
}

}  // namespace weir::edge
