#include "edge/pipeline/request_log.h"

#include "common/log/log.h"
#include "common/text/excerpt.h"
#include "edge/dialects/openai/answer_usage.h"
#include "edge/pipeline/attempt.h"

namespace weir::edge {
namespace {

// Ids that clients choose: bounded, and only characters that cannot mislead whoever reads the log.
std::string ClientRequestId(const Call& call) {
  if (call.exchange->head.fields == nullptr) return {};
  std::string_view id = call.exchange->head.Find("x-client-request-id");
  if (id.empty()) id = call.exchange->head.Find("x-request-id");
  std::string clean;
  for (const char c : id.substr(0, 128)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '_' || c == '-';
    if (plain) clean.push_back(c);
  }
  return clean;
}

int64_t Micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

void LogRequest(const Call& call) {
  if (!log::Enabled(log::Level::kInfo)) return;
  static const identity::v1::Principal kNobody;
  const identity::v1::Principal& who = call.principal ? *call.principal : kNobody;
  const int64_t output = openai::OutputTokens(call.usage);
  const int64_t input = openai::TotalTokens(call.usage) - output;
  const std::string client_id = ClientRequestId(call);
  const std::string_view proxy =
      call.route.proxy != nullptr ? std::string_view(call.route.proxy->name()) : std::string_view{};
  const std::string client = call.exchange->client.to_string();
  const std::string_view cache =
      call.cache.policy != nullptr ? CacheStatusName(call.cache.status) : std::string_view();
  log::Info("request.done", {{"request_id", call.request_id},
                             {"client_request_id", client_id},
                             {"client", client},
                             {"kind", KindName(call.route.kind)},
                             {"proxy", proxy},
                             {"status", call.http_status},
                             {"error", call.error_code},
                             {"organization", who.organization()},
                             {"team", who.team()},
                             {"user", who.user()},
                             {"key", who.key_public_id()},
                             {"model", call.plan.model()},
                             {"provider", call.provider},
                             {"upstream_model", call.upstream_model},
                             {"upstream_status", call.upstream_status},
                             {"attempts", call.attempts},
                             {"stream", call.body.stream},
                             {"cache", cache},
                             {"cache_reason", call.cache.reason},
                             {"guardrails", call.guard.outcome},
                             {"input_tokens", input},
                             {"output_tokens", output},
                             {"estimated", call.usage_estimated},
                             {"client_gone", call.exchange->client_gone},
                             {"first_byte_us", Micros(call.upstream_first_byte)},
                             {"duration_us", Micros(call.Now() - call.started)}});
}

}  // namespace weir::edge
