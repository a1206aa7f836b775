#pragma once

#include "common/metrics/registry.h"
#include "services/guardrails/finding_tally.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

// What the service counts, by closed sets of labels: no organisation, policy or rule. Thread-safe.
class GuardrailsMetrics {
 public:
  // `registry` outlives it.
  explicit GuardrailsMetrics(metrics::Registry& registry);

  // A text, or a piece of one, was judged.
  void Count(v1::Direction direction, v1::Verdict verdict, size_t bytes, const FindingTally& tally);

 private:
  metrics::CounterFamily& inspections_;
  metrics::CounterFamily& bytes_;
  metrics::CounterFamily& findings_;
};

}  // namespace weir::guardrails
