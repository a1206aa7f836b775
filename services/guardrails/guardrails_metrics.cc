#include "services/guardrails/guardrails_metrics.h"

#include <string_view>

namespace weir::guardrails {
namespace {

// Actions by entities (and pattern, deny list, injection) by directions by shadow: never reached.
constexpr size_t kMostFindingSeries = 400;

std::string_view NameOf(v1::Direction direction) {
  return direction == v1::DIRECTION_REQUEST ? "request" : "response";
}

std::string_view NameOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_EDIT:
      return "edit";
    case v1::VERDICT_BLOCK:
      return "block";
    default:
      return "allow";
  }
}

}  // namespace

GuardrailsMetrics::GuardrailsMetrics(metrics::Registry& registry)
    : inspections_(registry.NewCounterFamily(
          "weir_guardrails_inspections_total",
          "Requests, answers and pieces of streamed answers that were judged.",
          {"direction", "verdict"})),
      bytes_(registry.NewCounterFamily("weir_guardrails_inspected_bytes_total",
                                       "Text that was judged.", {"direction"})),
      findings_(registry.NewCounterFamily(
          "weir_guardrails_findings_total", "What rules found, by what they did about it.",
          {"action", "entity", "direction", "shadow"}, kMostFindingSeries)) {}

void GuardrailsMetrics::Count(v1::Direction direction, v1::Verdict verdict, size_t bytes,
                              const FindingTally& tally) {
  inspections_.With({NameOf(direction), NameOf(verdict)}).Add();
  bytes_.With({NameOf(direction)}).Add(static_cast<int64_t>(bytes));
  for (const auto& [kind, count] : tally) {
    findings_
        .With({guardrails::NameOf(kind.action), kind.entity, NameOf(direction),
               kind.shadow ? "true" : "false"})
        .Add(static_cast<int64_t>(count));
  }
}

}  // namespace weir::guardrails
