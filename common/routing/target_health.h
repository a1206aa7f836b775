#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/time/clock.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// How one target of one route is. After a failure it is out for exactly the time that its route
// says (always asked, never kept: a changed setting holds at once); then it is simply back.
// Thread-safe, lock-free.
class TargetHealth {
 public:
  using Outcome = v1::ReportRequest::Outcome;

  // How an attempt went, `now`. Failures are 429, 5xx, a timeout and no connection. An
  // OUTCOME_UNSPECIFIED says nothing. `http_status`: the provider's; 0: none came.
  void Record(Outcome outcome, int http_status, MonotonicTime now);

  // The same, as another process saw it at `failed_at`, of this process's clock. What this process
  // saw by itself and is told back, half a second late at most, changes nothing: a suspension is
  // exactly as long as its route says.
  void RecordElsewhere(Outcome outcome, int http_status, MonotonicTime failed_at);

  // When it comes back after its last failure, where a failure costs `suspend`.
  // MonotonicTime::min(): it never failed or `suspend` is not positive. May lie in the past.
  MonotonicTime ReturnsAt(Duration suspend) const;
  // It may not be called yet.
  bool IsOut(MonotonicTime now, Duration suspend) const { return now < ReturnsAt(suspend); }

  // For people; the parts may be of two neighbouring moments.
  struct View {
    int64_t consecutive_failures = 0;
    // "429", "503", "timeout", "unreachable". Empty: it never failed.
    std::string last_failure;
    // The same as a report says it. OUTCOME_UNSPECIFIED: it never failed.
    Outcome outcome = v1::ReportRequest::OUTCOME_UNSPECIFIED;
    int http_status = 0;
    // MonotonicTime::min(): never.
    MonotonicTime failed_at;
  };
  View Now() const;

 private:
  void RecordFailure(Outcome outcome, int http_status, MonotonicTime failed_at);

  std::atomic<int64_t> failed_at_ns_ = MonotonicTime::min().time_since_epoch().count();
  std::atomic<int64_t> consecutive_failures_ = 0;
  std::atomic<Outcome> last_failure_ = v1::ReportRequest::OUTCOME_UNSPECIFIED;
  std::atomic<int> last_status_ = 0;
};

}  // namespace weir::routing
