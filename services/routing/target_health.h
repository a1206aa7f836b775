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
    // MonotonicTime::min(): never.
    MonotonicTime failed_at;
  };
  View Now() const;

 private:
  std::atomic<int64_t> failed_at_ns_ = MonotonicTime::min().time_since_epoch().count();
  std::atomic<int64_t> consecutive_failures_ = 0;
  std::atomic<Outcome> last_failure_ = v1::ReportRequest::OUTCOME_UNSPECIFIED;
  std::atomic<int> last_status_ = 0;
};

}  // namespace weir::routing
