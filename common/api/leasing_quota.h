#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/api/escrow.h"
#include "common/api/forwarding_quota.h"
#include "common/async/timers.h"
#include "common/ids/random.h"
#include "common/metrics/registry.h"

namespace weir::api {

// What the loops of a process count together.
struct LeaseMetrics {
  explicit LeaseMetrics(metrics::Registry& registry);
  metrics::Counter& leased;   // Decisions by a lease.
  metrics::Counter& asked;    // Decisions by the service.
  metrics::Counter& cut_off;  // By a lease, while the service cannot be asked.
  metrics::Gauge& leases;     // That hold something.
};

// Quota for an edge whose quota service is a network away: takes leases, shares of the limits of
// those who call, which are spent here without asking (docs/adr/0013). One for each event loop, on
// its thread; must outlive what runs on the loop.
//
// A decision is wholly by one lease or wholly by the service; what a lease cannot pay for the
// service decides, so that the end of a limit is exact. Where the service refuses, what this loop
// has leased in the organisation is given back, and the service asked once more.
//
// A lease is used while the service's answers flow: one that names other limits, or a second
// without any, sends the next call to the service. Where that cannot be reached, leases are used
// until they lapse. A settlement tops its lease up; a lease that is not used is given back.
class LeasingQuota final : public ForwardingQuota {
 public:
  struct Options {
    // Without an answer of the service, its limits may have changed.
    Duration silence = std::chrono::seconds(1);
    // A lease that nobody uses for so long is given back; the second where one of its limits is
    // more than half spent.
    Duration idle = std::chrono::seconds(10);
    Duration scarce_idle = std::chrono::seconds(1);
    // After a refused lease, the next question.
    Duration pause = std::chrono::seconds(1);
    Duration ask_timeout = std::chrono::seconds(2);
    // Sets of subjects that are watched; more get no lease.
    size_t max_subjects = 10'000;
    // Attempts whose settlement is not acknowledged: beyond, the service is asked, at its own pace.
    size_t max_unsettled = 4096;
    // The first lease is for so many calls, and is taken where so many would be given at least; the
    // next is for twice as many while one does not last a second, up to the most.
    int64_t first_calls = 8;
    int64_t least_calls = 4;
    int64_t most_calls = 2048;
  };
  struct Deps {
    Quota& inner;  // All must outlive this object.
    Timers& timers;
    Random& random;
    asio::any_io_executor executor;  // Of the loop.
    LeaseMetrics& metrics;
    // Whether the service can be asked at all now.
    std::function<bool()> is_reachable;
  };
  LeasingQuota(Options options, Deps deps);
  ~LeasingQuota() override;

  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> Heartbeat(
      CallContext call, quota_pb::HeartbeatRequest request) override;
  // Without attempts: asks which of the organisation's leases (of all, where none is named) the
  // service still holds, and gives up the others. Of attempts those are named to it that no lease
  // pays for: they have holds of their own.
  asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> Announce(
      CallContext call, quota_pb::AnnounceRequest request) override;

  // Gives back all that is not needed, and takes no more.
  void Stop();
  // Leases that hold something at the service, or are to be given back.
  size_t leases() const { return count_ + returns_.size(); }

 private:
  // A set of subjects that calls.
  struct Caller {
    explicit Caller(quota_pb::Subjects subjects) : escrow(std::move(subjects)) {}
    Escrow escrow;
    MonotonicTime called_at;
    MonotonicTime not_before;  // No lease is asked for until then.
    MonotonicTime granted_at;
    int64_t calls = 0;  // That the next lease is for.
    bool asking = false;
  };
  using CallerPtr = std::shared_ptr<Caller>;
  struct Wave;  // While it lives, returns that somebody waits for are on their way.
  struct Open {
    CallerPtr caller;
    std::string edge_id;
    LeasedAttempt attempt;
    // After its first settlement: what is counted as spent until it is acknowledged.
    std::optional<LeaseAmounts> spent;
    bool was_asked = false;  // The service may have a hold of its own for it.
  };

  MonotonicTime Now() const { return deps_.timers.clock().Monotonic(); }
  bool IsFresh(MonotonicTime now) const {
    return heard_at_ && now - *heard_at_ <= options_.silence;
  }
  CallerPtr CallerOf(const quota_pb::Subjects& subjects, MonotonicTime now);
  // Unset: no lease pays for it.
  std::optional<quota_pb::ReserveResponse> Admit(const CallerPtr& caller, const std::string& name,
                                                 const std::string& edge_id,
                                                 const quota::Demand& demand,
                                                 bool was_asked = false);
  void Heard(int64_t limits_version, MonotonicTime sent);
  bool MayLease(const Caller& caller, MonotonicTime now) const;
  // The next lease of a caller whose calls are like this one.
  quota_pb::LeaseRequest NewLease(Caller& caller, const quota::Demand& demand,
                                  const std::string& edge_id);
  // Asks for another lease where there is little left.
  void Refill(const CallerPtr& caller, const quota::Demand& demand, const std::string& edge_id);
  asio::awaitable<void> Ask(CallerPtr caller, quota_pb::LeaseRequest request);
  // Has the service raise the lease of an attempt.
  asio::awaitable<absl::Status> RaiseLease(CallContext call, std::string name, int64_t more);
  // Gives back what is left of the leases on the limit that refused; false: nothing was.
  asio::awaitable<bool> GiveBack(std::string organization, absl::Status refused);
  void Close(const CallerPtr& caller, const LeasedPtr& lease);
  // Says so to the service, with what else waits for that.
  void QueueReturn(const std::string& organization, const std::string& id, LeasedPtr lease);
  // Done when what is to be given back in the organisation was, or could not be; at the latest
  // after half a second. False: there was nothing.
  asio::awaitable<bool> AwaitReturns(std::string organization);
  asio::awaitable<void> SendReturns(std::string organization);
  // Gives back what a closed lease needs no more; all of it where nothing needs it.
  void ReturnMore(const CallerPtr& caller, const LeasedPtr& lease);
  void EndAttempt(const std::string& name, const LeaseAmounts& spent);
  void Acknowledge(const std::string& name, bool topped_up);
  LeasedPtr AddLease(const CallerPtr& caller, std::string id,
                     const quota_pb::LeaseResponse& response, MonotonicTime sent);
  void RemoveLease(const CallerPtr& caller, const LeasedPtr& lease);
  // The service does not hold it any more, nor what is open under it.
  void Lose(const CallerPtr& caller, const LeasedPtr& lease);
  // Asks which leases of the organisation are still held.
  asio::awaitable<absl::Status> ConfirmLeases(CallContext call, std::string organization);
  asio::awaitable<void> ConfirmInto(CallContext call, std::string organization,
                                    std::shared_ptr<absl::Status> result);
  template <typename Do>
  void ForEachLease(Do act);
  void ArmSweep();
  void Sweep();

  const Options options_;
  const Deps deps_;
  absl::flat_hash_map<std::string, CallerPtr> callers_;  // By their subjects.
  // Those that have leases, by their organisation.
  absl::flat_hash_map<std::string, absl::flat_hash_set<CallerPtr>> leasing_;
  absl::flat_hash_map<std::string, Open> open_;  // By the attempt's key.
  // What is to be given back in an organisation.
  struct Returns {
    // By their ids. Null: what is not known here, and is over.
    absl::flat_hash_map<std::string, LeasedPtr> leases;
    std::vector<std::shared_ptr<Wave>> waves;  // Of those who wait for all of it.
    bool sending = false;
    MonotonicTime not_before;  // After a failure.
  };
  absl::flat_hash_map<std::string, Returns> returns_;
  int64_t limits_version_ = 0;
  std::optional<MonotonicTime> heard_at_;  // When the last call that was answered was sent.
  size_t count_ = 0;
  size_t unsettled_ = 0;
  Timers::Id sweep_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::api
