#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/async/mutex.h"
#include "common/metrics/registry.h"
#include "services/quota/config.h"
#include "services/quota/windows.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::quota {

// What quota does while its hot state cannot be asked: who is let in without it, and what it must
// be told when it is back. Thread-safe; an outage begins with the first call that the store did not
// answer, and ends with the next that it did.
//
// What is to be told is bounded: of more than kMostMissed the rest is left out, whose holds lapse.
class StoreOutage {
 public:
  static constexpr size_t kMostMissed = 100'000;

  // `metrics` (null: nothing is counted) must outlive this object.
  StoreOutage(const QuotaConfig& config, metrics::Registry* metrics);

  // Decides a Reserve that the store did not answer, for the reason `why`.
  //
  // A strict limit, or one of requests: kUnavailable with a RetryLater. Adaptive limits: kDegraded
  // while a local share of each is left (`outage_share` of its count in each of its periods, and
  // its count over the whole outage); then kUnavailable. Limits that observe: kDegraded.
  absl::StatusOr<ReserveOutcome> Grant(const ReserveOp& op, const absl::Status& why, Instant now);

  // A Reserve that was refused by Grant may have left a hold: it is released later, unless the key
  // is asked for again. A release that did not arrive: likewise.
  void MissedRelease(const ReleaseOp& op);
  // A settlement that is in the ledger, but not in the store.
  void MissedSettlement(std::unique_ptr<v1::SettleRequest> request);

  // The store answered `id` (or nothing in particular): an outage is over.
  void Answered(const AttemptId* id = nullptr);

  // One that the store was not told of, at most.
  struct Missed {
    AttemptId id;
    std::string organization;
    bool keep_requests = false;
    std::unique_ptr<v1::SettleRequest> settlement;  // Null: a release.
  };
  std::vector<Missed> Take(size_t most);
  // It could still not be told.
  void PutBack(Missed missed);
  // True where there is something to tell.
  bool has_missed() const { return has_missed_; }

 private:
  // What was granted of one limit to one subject.
  struct Granted {
    Counter counter;
    int64_t total = 0;
  };
  CountingRule ShareOf(const CompiledLimit& limit) const;
  // Nothing where there is no room.
  std::optional<ReserveOutcome> TakeShares(const ReserveOp& op, Instant now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(Missed missed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountRefusal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Begin(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const double share_;
  // Null where nothing is counted.
  metrics::Gauge* is_away_ = nullptr;
  metrics::Counter* granted_calls_ = nullptr;
  metrics::Counter* refused_calls_ = nullptr;
  std::atomic<bool> is_out_ = false;
  std::atomic<bool> has_missed_ = false;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Granted> granted_ ABSL_GUARDED_BY(mutex_);
  int64_t grants_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t refusals_ ABSL_GUARDED_BY(mutex_) = 0;
  // By key: of a key's two the settlement is kept.
  absl::flat_hash_map<AttemptId, Missed, AttemptIdHash> missed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::quota
