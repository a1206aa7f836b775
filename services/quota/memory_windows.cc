#include "services/quota/memory_windows.h"

namespace weir::quota {
namespace {

// Holds that lapse under one lock: so many that a mass expiry is quick, so few that nobody waits
// for it.
constexpr int64_t kReapedAtOnce = 128;

WindowEngineOptions EngineOptions(const QuotaConfig& config) {
  return {.hold_ttl_ns = config.hold_ttl.count(),
          .replay_retention_ns = config.replay_retention.count()};
}

}  // namespace

MemoryWindows::MemoryWindows(const QuotaConfig& config, const Clock& clock)
    : clock_(clock), hold_ttl_ns_(config.hold_ttl.count()), budget_{config.replay_records} {
  for (size_t i = 0; i < kShards; ++i) {
    shards_.push_back(std::make_unique<Shard>(EngineOptions(config), budget_));
  }
}

MemoryWindows::Shard& MemoryWindows::ShardOf(std::string_view organization) {
  return *shards_[HashOf(organization) % kShards];
}

Instant MemoryWindows::Now() const {
  return {.wall_ns = clock_.Now().time_since_epoch().count(),
          .monotonic_ns = clock_.Monotonic().time_since_epoch().count()};
}

asio::awaitable<absl::StatusOr<ReserveOutcome>> MemoryWindows::Reserve(ReserveOp op) {
  Shard& shard = ShardOf(op.organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  co_return shard.engine.Reserve(op, now);
}

asio::awaitable<absl::StatusOr<ExtendOutcome>> MemoryWindows::Extend(ExtendOp op) {
  Shard& shard = ShardOf(op.organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  co_return shard.engine.Extend(op, now);
}

asio::awaitable<absl::StatusOr<SettleOutcome>> MemoryWindows::Settle(SettleOp op) {
  Shard& shard = ShardOf(op.organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  co_return shard.engine.Settle(op, now);
}

asio::awaitable<absl::Status> MemoryWindows::Release(ReleaseOp op) {
  Shard& shard = ShardOf(op.organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  shard.engine.Release(op.id, op.keep_requests, now);
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<LeaseOutcome>> MemoryWindows::Lease(LeaseOp op) {
  Shard& shard = ShardOf(op.organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  co_return shard.engine.Lease(op, now);
}

asio::awaitable<absl::Status> MemoryWindows::Return(std::string organization,
                                                    std::vector<ReturnedLease> leases) {
  Shard& shard = ShardOf(organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  for (const ReturnedLease& each : leases) shard.engine.Return(each, now);
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<int64_t>> MemoryWindows::Renew(std::string edge_id) {
  const Instant now = Now();
  int64_t holds = 0;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    holds += shard->engine.Renew(edge_id, now);
  }
  co_return holds;
}

asio::awaitable<absl::StatusOr<int64_t>> MemoryWindows::Forsake(std::string edge_id) {
  const Instant now = Now();
  int64_t holds = 0;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    holds += shard->engine.Forsake(edge_id, now);
  }
  co_return holds;
}

int64_t MemoryWindows::ReapShard(Shard& shard) {
  for (int64_t ended = 0;;) {
    const Instant now = Now();
    MutexLock lock(shard.mutex);
    const int64_t some = shard.engine.Reap(kReapedAtOnce, now);
    ended += some;
    if (some < kReapedAtOnce) return ended;
  }
}

asio::awaitable<absl::StatusOr<Reaped>> MemoryWindows::ReapExpired() {
  Reaped reaped;
  int64_t due = kForeverNs;
  for (const auto& shard : shards_) {
    reaped.holds += ReapShard(*shard);
    MutexLock lock(shard->mutex);
    due = std::min(due, shard->engine.NextDueNs());
  }
  const int64_t idle = due == kForeverNs ? hold_ttl_ns_ : due - Now().monotonic_ns;
  reaped.idle_for = Duration(std::clamp<int64_t>(idle, 0, hold_ttl_ns_));
  co_return reaped;
}

asio::awaitable<absl::StatusOr<Positions>> MemoryWindows::Peek(LimitMatches matches) {
  if (matches.empty()) co_return Positions();
  Shard& shard = ShardOf(matches.front().limit->organization);
  const Instant now = Now();
  MutexLock lock(shard.mutex);
  co_return shard.engine.Peek(matches, now);
}

asio::awaitable<absl::Status> MemoryWindows::Restore(std::vector<RestoredCounter> counters) {
  const Instant now = Now();
  for (const RestoredCounter& each : counters) {
    Shard& shard = ShardOf(each.limit->organization);
    MutexLock lock(shard.mutex);
    shard.engine.Restore(each, now);
  }
  co_return absl::OkStatus();
}

}  // namespace weir::quota
