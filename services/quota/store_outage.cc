#include "services/quota/store_outage.h"

#include "common/log/log.h"
#include "common/status/detail.h"
#include "services/quota/limit_states.h"
#include "services/quota/quota_requests.h"

namespace weir::quota {
namespace {

// Subjects of limits that shares are kept of; beyond, nobody else gets one.
constexpr size_t kMostShares = 100'000;

bool IsAdaptive(const LimitMatch& match) {
  return match.limit->enforcement == Enforcement::kAdaptive;
}

std::string KeyOf(const LimitMatch& match) {
  return fmt::format("{}\n{}\n{}", match.limit->organization, match.limit->name, match.subject);
}

// Clients read it: why the store is away is the operator's, and in the log.
absl::Status Refused(std::string_view what) {
  common::v1::RetryLater later;
  *later.mutable_retry_after() = ToProto(kRetrySoonNs);
  return status::WithDetail(
      status::Unavailable("{}, and what is spent cannot be asked now; try again in 1s", what),
      later);
}

// What one call is likely to cost.
int64_t LikelyCost(const LimitMatch& match, const Demand& demand) {
  if (match.limit->counts_requests()) return demand.requests;
  const Offer offer = OfferAdaptive({}, demand, std::nullopt);
  return offer.input + offer.output;
}

}  // namespace

StoreOutage::StoreOutage(const QuotaConfig& config, metrics::Registry* metrics)
    : share_(config.outage_share) {
  if (metrics == nullptr) return;
  is_away_ = &metrics->NewGauge("weir_quota_store_away",
                                "1 while the store of quota's counters does not answer.");
  auto& calls = metrics->NewCounterFamily("weir_quota_calls_without_store_total",
                                          "Calls decided without quota's counters.", {"outcome"});
  granted_calls_ = &calls.With({"granted"});
  refused_calls_ = &calls.With({"refused"});
}

CountingRule StoreOutage::ShareOf(const CompiledLimit& limit) const {
  const auto part = [this](int64_t of) {
    return static_cast<int64_t>(static_cast<double>(of) * share_);
  };
  CountingRule rule = limit.rule;
  // By the monotonic clock: whoever sets the other one must not open a window.
  if (!rule.is_bucket()) rule.kind = CountingRule::Kind::kAnchoredWindow;
  rule.count = part(rule.count);
  rule.capacity = part(rule.capacity);
  return rule;
}

std::optional<ReserveOutcome> StoreOutage::TakeShares(const ReserveOp& op, Instant now) {
  if (granted_.size() + op.matches.size() > kMostShares) return std::nullopt;
  for (const LimitMatch& each : op.matches) {
    if (!IsAdaptive(each)) continue;
    const Granted& granted = granted_[KeyOf(each)];
    const bool has_room = granted.counter.At(ShareOf(*each.limit), now).room() > 0;
    if (!has_room || granted.total >= each.limit->rule.capacity) return std::nullopt;
  }
  ReserveOutcome outcome{.kind = ReserveOutcome::Kind::kDegraded};
  for (const LimitMatch& each : op.matches) {
    const int64_t cost = LikelyCost(each, op.demand);
    Position position{.standing = {.capacity = each.limit->rule.capacity}};
    if (IsAdaptive(each)) {
      const CountingRule rule = ShareOf(*each.limit);
      Granted& granted = granted_[KeyOf(each)];
      if (!op.dry_run) {
        granted.counter.Settle(rule, now, 0, cost);
        granted.total = SaturatingAdd(granted.total, cost);
      }
      position = {granted.counter.At(rule, now), granted.counter.ResetAfter(rule, now)};
    }
    if (!each.limit->counts_requests()) outcome.held_tokens = std::max(outcome.held_tokens, cost);
    outcome.positions.push_back(position);
  }
  return outcome;
}

void StoreOutage::Begin(const absl::Status& why) {
  if (is_out_.exchange(true)) return;
  grants_ = refusals_ = 0;
  granted_.clear();
  if (is_away_ != nullptr) is_away_->Set(1);
  log::Warn("quota.store.away", {{"error", std::string(status::Message(why))}});
}

void StoreOutage::CountRefusal() {
  ++refusals_;
  if (refused_calls_ != nullptr) refused_calls_->Add(1);
}

absl::StatusOr<ReserveOutcome> StoreOutage::Grant(const ReserveOp& op, const absl::Status& why,
                                                  Instant now) {
  MutexLock lock(mutex_);
  Begin(why);
  for (const LimitMatch& each : op.matches) {
    if (each.limit->enforcement != Enforcement::kStrict) continue;
    CountRefusal();
    return Refused(fmt::format("limit '{}' must not be exceeded", each.limit->name));
  }
  std::optional<ReserveOutcome> outcome = TakeShares(op, now);
  if (!outcome) {
    CountRefusal();
    return Refused("the share of this call's limits is spent");
  }
  ++grants_;
  if (granted_calls_ != nullptr) granted_calls_->Add(1);
  return *std::move(outcome);
}

void StoreOutage::Keep(Missed missed) {
  has_missed_ = true;
  const AttemptId id = missed.id;
  const auto found = missed_.find(id);
  if (found != missed_.end()) {
    if (found->second.settlement == nullptr) found->second = std::move(missed);
  } else if (missed_.size() < kMostMissed) {
    missed_.emplace(id, std::move(missed));
  }
}

void StoreOutage::MissedRelease(const ReleaseOp& op) {
  MutexLock lock(mutex_);
  Keep({.id = op.id,
        .organization = std::string(op.organization),
        .keep_requests = op.keep_requests,
        .settlement = nullptr});
}

void StoreOutage::MissedSettlement(std::unique_ptr<v1::SettleRequest> request) {
  const absl::StatusOr<AttemptId> id = ParseKey(request->key());
  if (!id.ok()) return;
  MutexLock lock(mutex_);
  Keep({.id = *id,
        .organization = request->subjects().organization(),
        .settlement = std::move(request)});
}

void StoreOutage::PutBack(Missed missed) {
  MutexLock lock(mutex_);
  Keep(std::move(missed));
}

std::vector<StoreOutage::Missed> StoreOutage::Take(size_t most) {
  MutexLock lock(mutex_);
  std::vector<Missed> taken;
  while (taken.size() < most && !missed_.empty()) {
    taken.push_back(std::move(missed_.begin()->second));
    missed_.erase(missed_.begin());
  }
  has_missed_ = !missed_.empty();
  return taken;
}

void StoreOutage::Answered(const AttemptId* id) {
  // Two loads a call while all is well.
  if (!is_out_ && !has_missed_) return;
  MutexLock lock(mutex_);
  if (id != nullptr) {
    // It was asked again: the hold that it may have left is in use now.
    const auto found = missed_.find(*id);
    if (found != missed_.end() && found->second.settlement == nullptr) missed_.erase(found);
  }
  if (!is_out_.exchange(false)) return;
  if (is_away_ != nullptr) is_away_->Set(0);
  log::Info("quota.store.back", {{"granted", grants_},
                                 {"refused", refusals_},
                                 {"to_tell", static_cast<int64_t>(missed_.size())}});
}

}  // namespace weir::quota
