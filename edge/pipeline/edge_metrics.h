#pragma once

#include <atomic>
#include <cstdint>

#include "common/metrics/registry.h"

namespace weir::edge {

struct Call;

// Figures of all loops of this process. Thread-safe; no label comes from outside.
class EdgeMetrics {
 public:
  // `registry` must outlive this object.
  explicit EdgeMetrics(metrics::Registry& registry);

  // At the end of each request.
  void Count(const Call& call);
  // At the end of each attempt: the provider's status, or 0 where there was none and `error_code`
  // says why.
  void CountAttempt(int http_status, std::string_view error_code);
  // Calls of the cache that came to nothing; `call` is one of a closed set.
  void CountLostCacheCalls(std::string_view call, int64_t more);
  // A request that was not sent to a further target, as too many are.
  void CountRefusedRetry();

  // Requests being answered now: the concurrency limit asks it.
  std::atomic<int64_t> in_flight{0};
  // What the loops' housekeeping last saw.
  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> open_attempts{0};

 private:
  metrics::CounterFamily& requests_;    // By kind and status.
  metrics::HistogramFamily& duration_;  // By kind.
  metrics::Histogram& first_byte_;
  metrics::Counter& input_tokens_;
  metrics::Counter& output_tokens_;
  metrics::Counter& estimated_;
  metrics::Counter& cut_;
  metrics::Counter& refused_retries_;
  metrics::CounterFamily& upstream_errors_;   // By what it was.
  metrics::CounterFamily& cache_;             // By status, of requests that a policy is for.
  metrics::CounterFamily& lost_cache_calls_;  // By call.
  metrics::CounterFamily& guardrails_;        // By outcome, where there was one.
};

}  // namespace weir::edge
