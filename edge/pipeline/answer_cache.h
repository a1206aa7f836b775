#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/api/cache.h"
#include "common/async/timers.h"

namespace weir::edge {

class AnswerCache;

// The lead of all equal requests of one principal: those wait for this one's answer. Kept alive by
// renewals as long as it is held, given up where it goes without a record. Empty: no lead.
class Flight {
 public:
  Flight() = default;
  Flight(Flight&& other) noexcept : lease_(std::move(other.lease_)) {}
  Flight& operator=(Flight&& other) noexcept {
    if (this != &other) {
      GiveUp();
      lease_ = std::move(other.lease_);
    }
    return *this;
  }
  ~Flight() { GiveUp(); }

  // False also where the lease was lost since: others lead now.
  bool leads() const;
  // Another may lead, at once.
  void GiveUp();

 private:
  friend class AnswerCache;
  struct Lease;
  explicit Flight(std::shared_ptr<Lease> lease) : lease_(std::move(lease)) {}
  // The id of the lease, which is not looked after any more; empty where it does not lead.
  std::string Take();

  std::shared_ptr<Lease> lease_;
};

// The cache service as requests use it: whatever fails there is a miss here, nothing waits longer
// than it is worth, and what goes on behind a request's back is bounded. One for each loop, on its
// thread; outlives what runs there, flights included.
class AnswerCache {
 public:
  struct Options {
    // All that a look-up may cost a request.
    Duration lookup_timeout = std::chrono::milliseconds(3);
    // The same, where questions are embedded by somebody else.
    Duration remote_lookup_timeout = std::chrono::milliseconds(500);
    // Of look-ups that nobody waits for any more, and of confirmations.
    size_t max_calls = 4096;
    // Of a renewal, a release, a confirmation, a record.
    Duration call_timeout = std::chrono::seconds(2);
    Duration renew_every = std::chrono::seconds(3);
    // Calls of Lead under way.
    size_t max_leads = 4096;
    // While anybody waits for a leader: how often the service is asked for a sign of life, and how
    // long it may take.
    Duration listen_every = std::chrono::milliseconds(100);
    Duration silent_after = std::chrono::milliseconds(400);
    // Records in flight, and the bytes of their questions and answers.
    size_t max_records = 256;
    size_t max_record_bytes = 64 * 1024 * 1024;
  };
  struct Deps {
    api::Cache& cache;  // All must outlive what runs on the loop.
    asio::io_context& loop;
    Timers& timers;
  };
  // Since the start.
  struct Counts {
    int64_t lookups_late = 0;     // They took longer than the timeout.
    int64_t lookups_failed = 0;   // For another reason; LookupResponse.reason has it.
    int64_t confirms_failed = 0;  // Or were too many.
    int64_t leads_failed = 0;
    int64_t leads_lost = 0;       // To others, while they were held.
    int64_t records_dropped = 0;  // There were too many.
    int64_t records_failed = 0;
  };

  AnswerCache(Options options, Deps deps) : options_(options), deps_(deps) {}
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  // Never an error: where the service cannot say in time, it is a miss for the reason "timeout",
  // "busy" (too many look-ups are under way), "no_policy", "unavailable" or "unusable".
  // `is_remote`: the text goes to another embedder, which takes longer.
  asio::awaitable<api::cache_pb::LookupResponse> Lookup(api::cache_pb::LookupRequest request,
                                                        bool is_remote = false);

  // Returns at once. What goes wrong is counted.
  void Confirm(api::cache_pb::ConfirmRequest request);

  // A wait for another's answer, as seen from outside.
  class Wait {
   public:
    explicit Wait(asio::io_context& loop) : wake_(loop, asio::steady_timer::time_point::max()) {}
    // Nobody wants that answer any more: Lead returns, with nothing.
    void End();

   private:
    friend class AnswerCache;
    asio::steady_timer wake_;
    bool is_over_ = false;
    bool is_ended_ = false;
  };

  // One of the two, or neither: then the request goes on by itself.
  struct Led {
    Flight flight;
    std::optional<api::cache_pb::Recording> recording;
  };
  // Waits for the answer of another until `deadline`, 30 s at most, or until `wait` (of its own,
  // not null) is ended; not on a service that gives no sign of life. Never an error.
  asio::awaitable<Led> Lead(api::cache_pb::LeadRequest request, MonotonicTime deadline,
                            std::shared_ptr<Wait> wait);

  // Keeps an answer, and ends `flight` with it (`lease_id` is set here). Returns at once. Where
  // there are too many, or the service does not take it, the flight is given up.
  void Record(api::cache_pb::RecordRequest request, Flight flight);

  const Counts& counts() const { return counts_; }
  size_t records_in_flight() const { return records_; }
  size_t record_bytes() const { return record_bytes_; }

 private:
  friend class Flight;
  struct Asked;
  struct Leading;

  asio::awaitable<void> Ask(std::shared_ptr<Asked> asked, api::CallContext call,
                            api::cache_pb::LookupRequest request);
  api::cache_pb::LookupResponse ResponseOf(Asked& asked);
  asio::awaitable<void> AskToLead(std::shared_ptr<Leading> leading, MonotonicTime deadline,
                                  api::cache_pb::LeadRequest request);
  Led ResultOf(absl::StatusOr<api::cache_pb::LeadResponse> led, std::string organization);
  asio::awaitable<void> SendConfirm(api::cache_pb::ConfirmRequest request);
  // Has the service give signs of life while any lead is under way, and ends those that wait on one
  // that stands still.
  void ListenIn();
  asio::awaitable<void> Listen();
  void ArmRenewal(const std::shared_ptr<Flight::Lease>& lease);
  asio::awaitable<void> Renew(std::shared_ptr<Flight::Lease> lease);
  void Release(api::cache_pb::ReleaseRequest request);
  asio::awaitable<void> SendRelease(api::cache_pb::ReleaseRequest request);
  asio::awaitable<void> SendRecord(api::cache_pb::RecordRequest request, size_t bytes);
  api::CallContext In(Duration timeout) const {
    return {.deadline = deps_.timers.clock().Monotonic() + timeout};
  }

  const Options options_;
  const Deps deps_;
  Counts counts_;
  size_t calls_ = 0;
  size_t leads_ = 0;                       // Also those that nobody waits for any more.
  std::set<std::shared_ptr<Wait>> waits_;  // Those that somebody does.
  bool is_listening_ = false;
  bool is_silent_ = false;  // The service stands still.
  size_t records_ = 0;
  size_t record_bytes_ = 0;
};

}  // namespace weir::edge
