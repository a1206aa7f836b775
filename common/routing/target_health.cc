#include "common/routing/target_health.h"

#include <fmt/format.h>

namespace weir::routing {
namespace {

using v1::ReportRequest;

// From a failure here to hearing of it from routing: two ways over the network, and a wait there.
constexpr Duration kEcho = std::chrono::milliseconds(500);

bool IsFailure(TargetHealth::Outcome outcome) {
  return outcome == ReportRequest::OUTCOME_RATE_LIMITED ||
         outcome == ReportRequest::OUTCOME_SERVER_ERROR ||
         outcome == ReportRequest::OUTCOME_TIMEOUT || outcome == ReportRequest::OUTCOME_UNREACHABLE;
}

std::string FailureName(TargetHealth::Outcome outcome, int http_status) {
  switch (outcome) {
    case ReportRequest::OUTCOME_TIMEOUT:
      return "timeout";
    case ReportRequest::OUTCOME_UNREACHABLE:
      return "unreachable";
    case ReportRequest::OUTCOME_RATE_LIMITED:
      return fmt::format("{}", http_status == 0 ? 429 : http_status);
    case ReportRequest::OUTCOME_SERVER_ERROR:
      return http_status == 0 ? "5xx" : fmt::format("{}", http_status);
    default:
      return "";
  }
}

}  // namespace

void TargetHealth::Record(Outcome outcome, int http_status, MonotonicTime now) {
  if (outcome == ReportRequest::OUTCOME_OK) {
    // Does not end a suspension: the answer may have been under way when the failure came.
    consecutive_failures_.store(0, std::memory_order_relaxed);
    return;
  }
  if (IsFailure(outcome)) RecordFailure(outcome, http_status, now);
}

void TargetHealth::RecordElsewhere(Outcome outcome, int http_status, MonotonicTime failed_at) {
  const MonotonicTime known(Duration(failed_at_ns_.load(std::memory_order_relaxed)));
  const bool is_echo = known != MonotonicTime::min() && failed_at <= known + kEcho;
  if (IsFailure(outcome) && !is_echo) RecordFailure(outcome, http_status, failed_at);
}

void TargetHealth::RecordFailure(Outcome outcome, int http_status, MonotonicTime failed_at) {
  consecutive_failures_.fetch_add(1, std::memory_order_relaxed);
  last_failure_.store(outcome, std::memory_order_relaxed);
  last_status_.store(http_status, std::memory_order_relaxed);
  const int64_t at_ns = failed_at.time_since_epoch().count();
  int64_t before = failed_at_ns_.load(std::memory_order_relaxed);
  while (before < at_ns && !failed_at_ns_.compare_exchange_weak(before, at_ns)) {
  }
}

MonotonicTime TargetHealth::ReturnsAt(Duration suspend) const {
  const MonotonicTime failed_at(Duration(failed_at_ns_.load()));
  if (failed_at == MonotonicTime::min() || suspend <= Duration::zero()) return MonotonicTime::min();
  return failed_at + suspend;
}

TargetHealth::View TargetHealth::Now() const {
  const Outcome outcome = last_failure_.load(std::memory_order_relaxed);
  const int http_status = last_status_.load(std::memory_order_relaxed);
  return {.consecutive_failures = consecutive_failures_.load(std::memory_order_relaxed),
          .last_failure = FailureName(outcome, http_status),
          .outcome = outcome,
          .http_status = http_status,
          .failed_at = MonotonicTime(Duration(failed_at_ns_.load()))};
}

}  // namespace weir::routing
