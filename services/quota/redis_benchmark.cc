// What a decision costs on Redis: a Reserve and its Settle under two limits, N callers at once on
// one event loop. Time is the client's CPU; redis_us is the server's, of one of the two.
#include <benchmark/benchmark.h>

#include "services/quota/limits_for_test.h"
#include "services/quota/redis_windows_for_test.h"

namespace weir::quota {
namespace {

std::shared_ptr<const LimitTable> TwoLimits() {
  return TableOf({{.name = "tokens-per-day",
                   .level = v1::LEVEL_USER,
                   .subject = "*",
                   .count = 1'000'000'000'000,
                   .period_s = 86'400},
                  {.name = "requests-per-minute",
                   .level = v1::LEVEL_TEAM,
                   .subject = "*",
                   .unit = kRequests,
                   .count = 1'000'000'000,
                   .kind = CountingRule::Kind::kTokenBucket}});
}

asio::awaitable<void> Pair(Windows& windows, LimitMatches matches, uint32_t number, int& open) {
  const ReserveOp op{.id = IdOf(number),
                     .organization = "acme",
                     .body_hash = 7,
                     .edge_id = "edge-1",
                     .matches = matches,
                     .demand = {.input_bound = 500, .input_likely = 400, .output_declared = 300}};
  const absl::StatusOr<ReserveOutcome> outcome = co_await windows.Reserve(op);
  const SettleOp spent{.id = op.id,
                       .organization = "acme",
                       .tokens = 600,
                       .requests = 1,
                       .matches = std::move(matches)};
  const absl::StatusOr<SettleOutcome> settled = co_await windows.Settle(spent);
  if (!outcome.ok() || !settled.ok()) std::abort();
  --open;
}

void BM_RedisPair(benchmark::State& state) {
  const SystemClock clock;
  testing::RedisServer& server = SharedServer();
  RedisWindowsForTest store(clock, server);
  const auto table = TwoLimits();
  const v1::Subjects subjects = SubjectsOf("ann", "platform");
  const LimitMatches matches = table->Match(subjects);
  asio::io_context loop{1};
  uint32_t number = 0;
  const double before = server.CpuSeconds();
  for (auto _ : state) {
    int open = static_cast<int>(state.range(0));
    for (int i = 0; i < state.range(0); ++i) {
      asio::co_spawn(loop, Pair(store.windows, matches, ++number, open), asio::detached);
    }
    while (open > 0) loop.run_one();
  }
  const double decisions = 2.0 * number;
  state.SetItemsProcessed(static_cast<int64_t>(decisions));
  state.counters["redis_us"] = (server.CpuSeconds() - before) * 1e6 / decisions;
}
BENCHMARK(BM_RedisPair)->Arg(1)->Arg(16)->Arg(64)->Arg(256);

// Two limits of the organisation, and three of each of many users.
std::shared_ptr<const LimitTable> FiveLimits() {
  const LimitSpec day{.name = "user-day",
                      .level = v1::LEVEL_USER,
                      .subject = "*",
                      .count = 1'000'000'000'000,
                      .period_s = 86'400,
                      .enforcement = v1::ENFORCEMENT_STRICT};
  LimitSpec all = day, all_requests = day, minute = day, requests = day;
  all.name = "all-tokens", all.level = v1::LEVEL_ORGANIZATION, all.subject = "";
  all.period_s = 60, all.enforcement = v1::ENFORCEMENT_ADAPTIVE;
  all_requests = all;
  all_requests.name = "all-requests", all_requests.unit = kRequests;
  minute.name = "user-minute", minute.period_s = 60;
  minute.enforcement = v1::ENFORCEMENT_ADAPTIVE;
  requests.name = "user-requests", requests.unit = kRequests;
  requests.kind = CountingRule::Kind::kTokenBucket, requests.burst = requests.count;
  return TableOf({day, all, all_requests, minute, requests});
}

asio::awaitable<void> Lease(Windows& windows, LeaseOp op, int& open) {
  const absl::StatusOr<LeaseOutcome> leased = co_await windows.Lease(std::move(op));
  if (!leased.ok() || leased->kind != LeaseOutcome::Kind::kGranted) std::abort();
  --open;
}

asio::awaitable<void> SettleLeased(Windows& windows, SettleOp op, int& open) {
  const absl::StatusOr<SettleOutcome> settled = co_await windows.Settle(std::move(op));
  if (!settled.ok() || !settled->topped_up) std::abort();
  --open;
}

// A settlement that draws from a lease and tops it up, N at once of 1,000 users.
void BM_RedisLeased(benchmark::State& state) {
  constexpr uint32_t kUsers = 1000;
  const SystemClock clock;
  testing::RedisServer& server = SharedServer();
  RedisWindowsForTest store(clock, server);
  const auto table = FiveLimits();
  std::vector<v1::Subjects> subjects;
  for (uint32_t i = 0; i < kUsers; ++i) {
    subjects.push_back(SubjectsOf(fmt::format("user-{}", i), "platform"));
  }
  asio::io_context loop{1};
  for (uint32_t i = 0; i < kUsers; ++i) {
    const LeaseOp lease{.id = IdOf(i, 2),
                        .organization = "acme",
                        .edge_id = "edge-1",
                        .matches = table->Match(subjects[i]),
                        .wanted = {8, 8000, 8000}};
    int open = 1;
    asio::co_spawn(loop, Lease(store.windows, lease, open), asio::detached);
    while (open > 0) loop.run_one();
  }
  uint32_t number = 0;
  const double before = server.CpuSeconds();
  for (auto _ : state) {
    int open = static_cast<int>(state.range(0));
    for (int i = 0; i < state.range(0); ++i) {
      const uint32_t user = ++number * 7919 % kUsers;
      SettleOp op{.id = IdOf(number),
                  .organization = "acme",
                  .tokens = 600,
                  .requests = 1,
                  .matches = table->Match(subjects[user]),
                  .lease = IdOf(user, 2),
                  .top_up = true,
                  .first_sent = true};
      asio::co_spawn(loop, SettleLeased(store.windows, std::move(op), open), asio::detached);
    }
    while (open > 0) loop.run_one();
  }
  state.SetItemsProcessed(number);
  state.counters["redis_us"] = (server.CpuSeconds() - before) * 1e6 / number;
}
BENCHMARK(BM_RedisLeased)->Arg(1)->Arg(16)->Arg(64);

}  // namespace
}  // namespace weir::quota
