#pragma once

#include "common/async/loop_local.h"
#include "services/quota/redis_settlements.h"
#include "services/quota/redis_store.h"
#include "services/quota/windows.h"

namespace weir::quota {

// Hot state that processes share, in Redis: one script an operation, so that each happens wholly or
// not at all. Time is the server's alone (one clock: it does not go back, and elapses as its wall
// clock does). Finds lost counters again by itself (RedisStore).
//
// A counter holds at most 2^53; what would exceed that is kInternal and changes nothing. An
// organisation remembers `replay_records` attempts that ended.
class RedisWindows final : public Windows {
 public:
  RedisWindows(RedisStore::Options options, RedisStoreDeps deps)
      : store_(std::move(options), std::move(deps)), settlements_([this](asio::io_context& loop) {
          return std::make_unique<RedisSettlements>(store_, loop.get_executor());
        }) {}

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
  asio::awaitable<absl::StatusOr<std::vector<AttemptId>>> Confirm(
      std::string organization, std::vector<AttemptId> open) override;
  void OnLoss(std::function<void(const std::string&)> told) override {
    store_.OnLoss(std::move(told));
  }
  void Distrust(std::string_view organization) override { store_.Distrust(organization); }

 private:
  asio::awaitable<absl::StatusOr<int64_t>> ForsakeIn(std::string organization, std::string edge_id);
  // Until when there is nothing to reap in it.
  asio::awaitable<absl::StatusOr<Reaped>> ReapOne(std::string organization);

  RedisStore store_;
  LoopLocal<RedisSettlements> settlements_;
};

}  // namespace weir::quota
