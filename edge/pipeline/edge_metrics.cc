#include "edge/pipeline/edge_metrics.h"

#include "edge/dialects/openai/answer_usage.h"
#include "edge/pipeline/attempt.h"
#include "edge/pipeline/call.h"

namespace weir::edge {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// 1 ms to 2 min: a refusal is quick, a long answer is not.
std::vector<double> DurationBuckets() { return metrics::DoublingBuckets(0.001, 18); }

}  // namespace

EdgeMetrics::EdgeMetrics(metrics::Registry& registry)
    : requests_(registry.NewCounterFamily("weir_requests_total", "Requests that were answered.",
                                          {"kind", "status"})),
      duration_(registry.NewHistogramFamily("weir_request_duration_seconds",
                                            "From a request's head to the end of its answer.",
                                            DurationBuckets(), {"kind"})),
      first_byte_(registry.NewHistogram("weir_upstream_first_byte_seconds",
                                        "From a dispatch to the first byte of its answer.",
                                        DurationBuckets())),
      input_tokens_(registry.NewCounter("weir_tokens_total", "Tokens that were spent.",
                                        {{"direction", "input"}})),
      output_tokens_(registry.NewCounter("weir_tokens_total", "Tokens that were spent.",
                                         {{"direction", "output"}})),
      estimated_(
          registry.NewCounter("weir_estimated_answers_total",
                              "Answers whose tokens weir counted, as the provider did not say.")),
      cut_(registry.NewCounter("weir_streams_cut_at_limit_total",
                               "Streams that a strict limit stopped before their end.")),
      refused_retries_(registry.NewCounter("weir_retries_refused_total",
                                           "Requests that were not sent to a further target, as "
                                           "too many were.")),
      upstream_errors_(registry.NewCounterFamily("weir_upstream_errors_total",
                                                 "Attempts that a provider did not answer well.",
                                                 {"error"})),
      cache_(registry.NewCounterFamily("weir_cache_requests_total",
                                       "Requests that a cache policy is for.", {"status"})),
      lost_cache_calls_(registry.NewCounterFamily(
          "weir_cache_calls_lost_total",
          "Calls of the cache that failed, came too late or were too many.", {"call"})),
      guardrails_(registry.NewCounterFamily("weir_guardrail_outcomes_total",
                                            "Requests and answers that guardrails changed, refused "
                                            "or could not be asked about.",
                                            {"outcome"})) {
  metrics::Gauge& in_flight_gauge =
      registry.NewGauge("weir_requests_in_flight", "Requests being answered.");
  metrics::Gauge& connections_gauge =
      registry.NewGauge("weir_connections", "Open client connections.");
  metrics::Gauge& attempts_gauge = registry.NewGauge(
      "weir_outbox_open_attempts", "Attempts in the outbox that are not in the ledger yet.");
  registry.BeforeScrape([this, &in_flight_gauge, &connections_gauge, &attempts_gauge] {
    in_flight_gauge.Set(static_cast<double>(in_flight));
    connections_gauge.Set(static_cast<double>(connections));
    attempts_gauge.Set(static_cast<double>(open_attempts));
  });
}

void EdgeMetrics::CountLostCacheCalls(std::string_view call, int64_t more) {
  if (more > 0) lost_cache_calls_.With({call}).Add(more);
}

void EdgeMetrics::CountRefusedRetry() { refused_retries_.Add(); }

void EdgeMetrics::Count(const Call& call) {
  const std::string_view kind = call.route.found ? KindName(call.route.kind) : "none";
  const std::array<char, 4> status = {static_cast<char>('0' + call.http_status / 100 % 10),
                                      static_cast<char>('0' + call.http_status / 10 % 10),
                                      static_cast<char>('0' + call.http_status % 10), '\0'};
  requests_.With({kind, std::string_view(status.data(), 3)}).Add();
  duration_.With({kind}).Observe(Seconds(call.Now() - call.started));
  if (call.cache.policy != nullptr) cache_.With({CacheStatusName(call.cache.status)}).Add();
  if (!call.guard.outcome.empty()) guardrails_.With({call.guard.outcome}).Add();
  if (call.upstream_first_byte.count() > 0) first_byte_.Observe(Seconds(call.upstream_first_byte));
  if (call.usage_known) {
    const int64_t output = openai::OutputTokens(call.usage);
    output_tokens_.Add(output);
    input_tokens_.Add(openai::TotalTokens(call.usage) - output);
    if (call.usage_estimated) estimated_.Add();
    if (call.cut_at_wall) cut_.Add();
  }
}

void EdgeMetrics::CountAttempt(int http_status, std::string_view error_code) {
  if (http_status >= 400) {
    upstream_errors_.With({http_status == 429 ? "429" : http_status >= 500 ? "5xx" : "4xx"}).Add();
  } else if (error_code == "upstream_error" || error_code == "upstream_timeout") {
    upstream_errors_.With({error_code}).Add();
  }
}

}  // namespace weir::edge
