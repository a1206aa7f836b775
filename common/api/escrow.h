#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/quota/estimate.h"
#include "common/quota/lease_amounts.h"
#include "common/time/clock.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::api {

namespace quota_pb = ::weir::quota::v1;
using quota::LeaseAmounts;

// One lease as its edge sees it: at the service it holds left + held + unsettled. A plain value.
struct Leased {
  std::string id;  // The request id of its key.
  LeaseAmounts granted;
  // May be spent; below 0 where answers took more than was held for them.
  LeaseAmounts left;
  LeaseAmounts held;       // By open attempts.
  LeaseAmounts unsettled;  // Spent by attempts whose settlement is not acknowledged yet.
  int64_t limits_version = 0;
  // How long it lasts after the last sign of the edge was sent.
  Duration ttl{};
  MonotonicTime valid_until;
  MonotonicTime used_at;
  // Nothing is admitted under it any more: what is left was given back, or is to be.
  bool closed = false;
  // Strict tokens that Extend added, in all. Questions for more, and a return, are under way: one
  // kind at a time, for a return must not take away what was added meanwhile.
  int64_t extended = 0;
  int extending = 0;
  bool returning = false;

  // What of it must stay where the rest is given back.
  LeaseAmounts needed() const { return (held + unsettled).Clamped(); }
  bool is_unused() const { return held.empty() && unsettled.empty(); }
  // Something of a limit could be given back.
  bool has_left() const;
  // `sent`: the edge's sign. Stops before the service does, whose clock may go faster (a part in a
  // thousand), and whose answer took its time.
  void Renew(MonotonicTime sent);
};
using LeasedPtr = std::shared_ptr<Leased>;

// An attempt that was admitted under a lease.
struct LeasedAttempt {
  LeasedPtr lease;
  LeaseAmounts held;
  int64_t output_covered = 0;
  std::optional<int64_t> output_cap;

  // Has its lease pay for `more` output; false: it has too little left.
  bool Extend(int64_t more);
};

// The leases of one set of subjects, and what may be admitted under them. Decides with the
// functions of common/quota/estimate.h, as the service does, on what the service said last. Pure
// but for its state; one loop.
class Escrow {
 public:
  explicit Escrow(quota_pb::Subjects subjects) : subjects_(std::move(subjects)) {}

  // A lease that the service granted; `sent` is when it was asked.
  LeasedPtr Add(std::string id, const quota_pb::LeaseResponse& response, MonotonicTime sent,
                MonotonicTime now);

  // Admits an attempt if one of the leases has all of what the service would hold for it, so that
  // nothing of its answer is cut shorter than the service would. Unset: the service is to be asked.
  std::optional<LeasedAttempt> Admit(const quota::Demand& demand, MonotonicTime now);
  // The answer to its Reserve.
  quota_pb::ReserveResponse Answer(const LeasedAttempt& attempt, MonotonicTime now) const;

  // So much was spent, and the lease has as much as before.
  void ToppedUp(const LeaseAmounts& spent);

  // One of its limits is this one.
  bool Counts(const std::string& limit_name, const std::string& entity) const;

  // What an attempt like `demand` needs at most.
  LeaseAmounts NeedOf(const quota::Demand& demand, MonotonicTime now) const;
  // What may be spent in all.
  LeaseAmounts left(MonotonicTime now) const;
  // One of its limits is more than half spent, or held.
  bool is_scarce(MonotonicTime now) const;
  // Less than half of the last lease is left.
  bool is_low(MonotonicTime now) const;

  const quota_pb::Subjects& subjects() const { return subjects_; }
  std::vector<LeasedPtr>& leases() { return leases_; }
  const std::vector<LeasedPtr>& leases() const { return leases_; }

 private:
  struct Limit {
    quota_pb::LimitState state;
    std::string entity;
    int64_t used = 0, held = 0;
    bool strict = false;
    Duration window{0};  // 0: a bucket.
    MonotonicTime resets_at;

    bool counts_requests() const;
    // As it is without what is left of our own leases.
    quota::Standing At(const LeaseAmounts& left, MonotonicTime now) const;
  };
  // What the service would hold. Unset: it would hold less than is wanted.
  struct Need {
    LeaseAmounts amounts;
    std::optional<int64_t> strict_output;
    int64_t adaptive_output = 0;
  };
  std::optional<Need> Weigh(quota::Demand demand, MonotonicTime now) const;
  // Windows that are over begin anew.
  void Roll(MonotonicTime now);
  static bool MayServe(const Leased& lease, MonotonicTime now) {
    return !lease.closed && now < lease.valid_until;
  }

  const quota_pb::Subjects subjects_;
  std::vector<LeasedPtr> leases_;  // Those that still hold something, oldest first.
  std::vector<Limit> limits_;      // The enforced ones, as of the last grant.
  std::optional<int64_t> output_p95_;
  LeaseAmounts last_granted_;
};

}  // namespace weir::api
