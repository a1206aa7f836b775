#pragma once

#include <array>
#include <string_view>

#include "common/async/mutex.h"
#include "common/time/clock.h"
#include "services/quota/config.h"
#include "services/quota/window_engine.h"
#include "services/quota/windows.h"

namespace weir::quota {

// Hot state of one process. Organisations are spread over shards; an operation takes one lock for
// some hundred nanoseconds and never suspends. Renew names no organisation: it asks shard after
// shard.
class MemoryWindows final : public Windows {
 public:
  // `clock` must outlive this object. `config` is valid.
  MemoryWindows(const QuotaConfig& config, const Clock& clock);

  asio::awaitable<absl::StatusOr<ReserveOutcome>> Reserve(ReserveOp op) override;
  asio::awaitable<absl::StatusOr<ExtendOutcome>> Extend(ExtendOp op) override;
  asio::awaitable<absl::StatusOr<SettleOutcome>> Settle(SettleOp op) override;
  asio::awaitable<absl::Status> Release(ReleaseOp op) override;
  asio::awaitable<absl::StatusOr<LeaseOutcome>> Lease(LeaseOp op) override;
  asio::awaitable<absl::Status> Return(std::string organization,
                                       std::vector<ReturnedLease> leases) override;
  asio::awaitable<absl::StatusOr<int64_t>> Renew(std::string edge_id) override;
  asio::awaitable<absl::StatusOr<int64_t>> Forsake(std::string edge_id) override;
  asio::awaitable<absl::StatusOr<Reaped>> ReapExpired() override;
  asio::awaitable<absl::StatusOr<Positions>> Peek(LimitMatches matches) override;
  asio::awaitable<absl::Status> Restore(std::vector<RestoredCounter> counters) override;

 private:
  static constexpr size_t kShards = 16;
  struct alignas(64) Shard {
    Shard(const WindowEngineOptions& options, RecordBudget& budget) : engine(options, budget) {}
    Mutex mutex;
    WindowEngine engine ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(std::string_view organization);
  Instant Now() const;
  int64_t ReapShard(Shard& shard);

  const Clock& clock_;
  const int64_t hold_ttl_ns_;
  RecordBudget budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace weir::quota
