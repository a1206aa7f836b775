#include "services/quota/redis_rebuilds.h"

namespace weir::quota {

RedisRebuilds::RedisRebuilds() : shared_(std::make_shared<Shared>()) {}

std::optional<RedisRebuilds::Lead> RedisRebuilds::Begin(const std::string& organization) {
  MutexLock lock(shared_->mutex);
  if (!shared_->waiting.try_emplace(organization).second) return std::nullopt;
  return Lead(shared_, organization);
}

void RedisRebuilds::Lead::End(absl::Status result) {
  const std::shared_ptr<Shared> shared = std::exchange(shared_, nullptr);
  if (shared == nullptr) return;
  MutexLock lock(shared->mutex);
  auto waiters = shared->waiting.extract(organization_);
  if (waiters.empty()) return;
  for (const std::shared_ptr<Waiter>& each : waiters.mapped()) {
    asio::post(each->wake.get_executor(), [each, result] {
      each->result = result;
      each->wake.cancel();
    });
  }
}

asio::awaitable<absl::Status> RedisRebuilds::Await(Timers& timers, std::string organization,
                                                   Duration wait) {
  auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor);
  {
    MutexLock lock(shared_->mutex);
    const auto found = shared_->waiting.find(organization);
    if (found == shared_->waiting.end()) co_return absl::OkStatus();
    found->second.push_back(waiter);
  }
  const Timers::Id alarm =
      timers.At(timers.clock().Monotonic() + wait, [waiter] { waiter->wake.cancel(); });
  co_await waiter->wake.async_wait(kTuple);
  timers.Cancel(alarm);
  co_return waiter->result;
}

}  // namespace weir::quota
