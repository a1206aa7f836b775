#include "services/quota/redis_rebuilds.h"

namespace weir::quota {

void RedisRebuilds::Lead::End(absl::Status result) {
  if (RedisRebuilds* all = std::exchange(all_, nullptr)) all->Finish(organization_, result);
}

std::optional<RedisRebuilds::Lead> RedisRebuilds::Begin(const std::string& organization) {
  MutexLock lock(mutex_);
  if (!waiting_.try_emplace(organization).second) return std::nullopt;
  return Lead(*this, organization);
}

void RedisRebuilds::Finish(const std::string& organization, const absl::Status& result) {
  MutexLock lock(mutex_);
  auto waiters = waiting_.extract(organization);
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
    MutexLock lock(mutex_);
    const auto found = waiting_.find(organization);
    if (found == waiting_.end()) co_return absl::OkStatus();
    found->second.push_back(waiter);
  }
  const Timers::Id alarm =
      timers.At(timers.clock().Monotonic() + wait, [waiter] { waiter->wake.cancel(); });
  co_await waiter->wake.async_wait(kTuple);
  timers.Cancel(alarm);
  co_return waiter->result;
}

}  // namespace weir::quota
