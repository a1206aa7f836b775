#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mock_upstream/usage.h"

namespace weir::mock {

// How an exchange ended.
enum class Outcome {
  kOpen,      // It has not.
  kFinished,  // The whole answer was handed to the kernel.
  kAborted,   // The client went away before that.
  kDropped,   // A behaviour cut it.
  kError,     // An error status was answered, scripted or deserved.
};
std::string_view OutcomeName(Outcome outcome);

// Sums over exchanges, of all models or of one.
struct Totals {
  int64_t requests = 0;  // = finished + aborted + dropped + errors + those still open.
  int64_t finished = 0, aborted = 0, dropped = 0, errors = 0;
  Usage finished_tokens;  // What a bill is compared with, together with:
  Usage aborted_tokens;   // what had been sent when the client left: the prompt's once the head was
                          // out, the completion's of the frames that were.
  Usage dropped_tokens;   // Likewise.
};

// One exchange, as GET /requests shows it.
struct LoggedRequest {
  uint64_t serial = 0;  // From 1; goes on after a reset.
  std::string head;     // Start line and headers, byte for byte.
  std::string body;     // Cut at kBodyLimit.
  bool body_cut = false;
  std::string model;
  int64_t started_at_us = 0;  // Microseconds since the Unix epoch.
  int64_t finished_at_us = 0;
  Outcome outcome = Outcome::kOpen;
  int status = 0;
  Usage tokens;
  size_t frames_sent = 0;
};

// The mock's own books: what it sent, told by itself. Thread-safe.
class Ledger {
 public:
  static constexpr size_t kBodyLimit = 64 * 1024;
  static constexpr size_t kMaxModels = 1'000;  // Further ones are booked under "(others)".

  // Keeps the last `log_size` requests; 0 keeps none, and reads no clock.
  explicit Ledger(size_t log_size) : log_(log_size) {}

  struct Ticket {
    uint64_t serial = 0;
    uint64_t epoch = 0;
    std::string model;
  };
  // A request has been read. Every ticket must come back through End exactly once.
  Ticket Begin(std::string_view model, std::string_view head, std::string_view body);

  struct Ending {
    Outcome outcome = Outcome::kOpen;
    int status = 0;
    Usage tokens;  // Sent.
    size_t frames_sent = 0;
  };
  void End(const Ticket& ticket, const Ending& ending);

  // Forgets sums and log. Exchanges that are open now are booked nowhere when they end.
  void Reset();

  int64_t open() const;
  struct Sums {
    Totals all;
    std::map<std::string, Totals, std::less<>> by_model;
  };
  Sums sums() const;
  // The last `limit`, oldest first.
  std::vector<LoggedRequest> Last(size_t limit) const;

 private:
  Totals& TotalsOf(std::string_view model);

  mutable std::mutex mutex_;
  uint64_t serial_ = 0;  // All under mutex_.
  uint64_t first_serial_ = 1;
  uint64_t epoch_ = 0;
  int64_t open_ = 0;
  Sums sums_;
  std::vector<LoggedRequest> log_;  // A ring: serial s stands at s % size.
};

}  // namespace weir::mock
