#include "services/quota/redis_hot_state.h"

#include "services/quota/memory_windows.h"
#include "services/quota/redis_windows.h"

namespace weir::quota {
namespace {

constexpr size_t kMostRebuilds = 10'000;

RedisStore::Options OptionsOf(const QuotaConfig& config) {
  return {.hold_ttl = config.hold_ttl,
          .replay_retention = config.replay_retention,
          .replay_records = config.replay_records,
          // A batch and its commit, and once more.
          .rebuild_grace = 2 * config.ledger_linger + std::chrono::milliseconds(50),
          // A notice to an edge that is idle, and its answer.
          .listening = std::chrono::milliseconds(500)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<HotState>> HotState::Open(const QuotaConfig& quota,
                                                         const redis::RedisConfig& redis,
                                                         Deps deps) {
  auto state = std::make_unique<HotState>();
  if (quota.store != QuotaConfig::Store::kRedis) {
    state->windows_ = std::make_unique<MemoryWindows>(quota, deps.clock);
    return state;
  }
  WEIR_ASSIGN_OR_RETURN(std::shared_ptr<const redis::Route> route, redis::MakeRoute(redis));
  state->rebuilders_ = std::make_unique<WorkerPool>("weir-rebuild", 1, kMostRebuilds);
  state->counters_ =
      std::make_unique<LedgerCounters>(LedgerCounters::Deps{.limits = deps.limits,
                                                            .ledger = deps.ledger,
                                                            .workers = *state->rebuilders_,
                                                            .clock = deps.clock});
  state->windows_ =
      std::make_unique<RedisWindows>(OptionsOf(quota), RedisStoreDeps{.route = std::move(route),
                                                                      .clock = deps.clock,
                                                                      .random = deps.random,
                                                                      .source = *state->counters_});
  return state;
}

absl::Status CheckStore(const QuotaConfig& quota, const redis::RedisConfig& redis) {
  if (quota.store != QuotaConfig::Store::kRedis || redis.is_set()) return absl::OkStatus();
  return status::InvalidArgument(
      "quota.store is redis, but redis.address is empty and there is no redis.sentinel");
}

std::string HotStoreName(const redis::RedisConfig& redis) {
  return "redis-" + (redis.sentinel ? redis.sentinel->master : redis.address);
}

}  // namespace weir::quota
