#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>

#include "services/quota/redis_store.h"
#include "services/quota/windows.h"

namespace weir::quota {

// Settlements of one event loop on their way to the store. Those of an organisation that draw from
// leases wait a little for others and go in one script: until they are posted the lease holds what
// they spent, so nobody is let in or kept out for it. The others go at once, before whatever is
// asked after them. Used on the loop's thread.
class RedisSettlements {
 public:
  // Of one script: the store does nothing else meanwhile.
  static constexpr size_t kMostAtOnce = 64;
  static constexpr Duration kLinger = std::chrono::milliseconds(5);

  // `store` must outlive the loop.
  RedisSettlements(RedisStore& store, asio::any_io_executor loop)
      : store_(store), loop_(std::move(loop)) {}

  // As Windows::Settle; nothing of `op` is needed once it suspends.
  asio::awaitable<absl::StatusOr<SettleOutcome>> Settle(SettleOp op);

 private:
  struct Batch;
  using BatchPtr = std::shared_ptr<Batch>;

  void Add(const SettleOp& op, Batch& batch);
  BatchPtr Join(const SettleOp& op);
  asio::awaitable<void> SendLater(std::string organization, BatchPtr batch);
  asio::awaitable<void> Send(std::string organization, BatchPtr batch);

  RedisStore& store_;
  const asio::any_io_executor loop_;
  absl::flat_hash_map<std::string, BatchPtr> batches_;  // By organisation.
};

}  // namespace weir::quota
