#include <benchmark/benchmark.h>

#include "common/async/asio.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/memory_ledger.h"
#include "services/quota/memory_limit_store.h"
#include "services/quota/memory_windows.h"
#include "services/quota/quota_service.h"

// What one admitted call costs in memory: the engine alone, and the whole service without its
// ledger.
namespace weir::quota {
namespace {

// Answers at once and keeps nothing.
class NoLedger final : public LedgerSink {
 public:
  asio::awaitable<absl::StatusOr<bool>> Append(std::unique_ptr<LedgerRow>) override {
    co_return false;
  }
};

std::vector<StoredLimit> TwoLimits() {
  return {{.limit = LimitOf({.name = "tokens-per-day",
                             .level = v1::LEVEL_USER,
                             .subject = "*",
                             .count = kMaxAmount,
                             .period_s = 86'400})},
          {.limit = LimitOf({.name = "requests-per-minute",
                             .level = v1::LEVEL_KEY,
                             .subject = "*",
                             .unit = kRequests,
                             .count = kMaxAmount,
                             .kind = CountingRule::Kind::kTokenBucket})}};
}

v1::Subjects Caller() {
  v1::Subjects subjects;
  subjects.set_organization("acme");
  subjects.set_team("platform");
  subjects.set_user("ann");
  subjects.set_key_name("laptop");
  subjects.set_key_public_id("3fA9kLm2");
  subjects.set_provider("openai");
  subjects.set_model("gpt-4o-mini");
  return subjects;
}

void BM_EnginePair(benchmark::State& state) {
  RecordBudget budget{100'000};
  WindowEngine engine({}, budget);
  const auto table = LimitTable::Build(TwoLimits());
  const v1::Subjects subjects = Caller();
  const SystemClock clock;
  uint32_t number = 0;
  for (auto _ : state) {
    const Instant now{.wall_ns = clock.Now().time_since_epoch().count(),
                      .monotonic_ns = clock.Monotonic().time_since_epoch().count()};
    const AttemptId id = IdOf(++number);
    ReserveOp op{.id = id,
                 .organization = "acme",
                 .edge_id = "edge-1",
                 .matches = table->Match(subjects),
                 .demand = {.input_bound = 300, .input_likely = 60}};
    benchmark::DoNotOptimize(engine.Reserve(op, now));
    benchmark::DoNotOptimize(
        engine.Settle({.id = id, .organization = "acme", .tokens = 200, .requests = 1}, now));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_EnginePair);

struct Fixture {
  QuotaConfig config;
  SystemClock clock;
  MemoryLimitStore store;
  LiveLimits limits;
  MemoryLedger ledger;
  NoLedger sink;
  WorkerPool workers{"bench", 1, 10};
  MemoryWindows windows{config, clock};
  QuotaService service{config,
                       {.windows = windows,
                        .limits = limits,
                        .sink = sink,
                        .ledger = ledger,
                        .workers = workers,
                        .clock = clock}};
};

struct Requests {
  Requests() {
    *reserve.mutable_subjects() = Caller();
    reserve.mutable_estimate()->set_requests(1);
    reserve.mutable_estimate()->set_input_tokens_bound(300);
    reserve.mutable_estimate()->set_input_tokens_likely(60);
    reserve.set_edge_id("edge-1");
    *settle.mutable_subjects() = Caller();
    settle.set_seq(1);
    settle.set_requests(1);
    settle.set_kind("chat");
    settle.set_outcome(v1::SettleRequest::OUTCOME_FINISHED);
    settle.mutable_usage()->set_input_uncached_tokens(60);
    settle.mutable_usage()->set_output_visible_tokens(140);
  }
  void Next() {
    reserve.mutable_key()->set_request_id(fmt::format("{:032x}", ++number * 0x9e3779b97f4a7c15));
    reserve.mutable_key()->set_attempt(1);
    *settle.mutable_key() = reserve.key();
  }
  v1::ReserveRequest reserve;
  v1::SettleRequest settle;
  uint64_t number = 0;
};

// What of the next benchmark is the caller's part.
void BM_RequestsOfAPair(benchmark::State& state) {
  Requests requests;
  for (auto _ : state) {
    requests.Next();
    v1::ReserveRequest reserve = requests.reserve;
    benchmark::DoNotOptimize(reserve);
    v1::SettleRequest settle = requests.settle;
    benchmark::DoNotOptimize(settle);
  }
}
BENCHMARK(BM_RequestsOfAPair);

asio::awaitable<void> Pairs(QuotaService& service, benchmark::State& state) {
  Requests requests;
  for (auto _ : state) {
    requests.Next();
    absl::StatusOr<v1::ReserveResponse> held = co_await service.Reserve({}, requests.reserve);
    benchmark::DoNotOptimize(held);
    absl::StatusOr<v1::SettleResponse> settled = co_await service.Settle({}, requests.settle);
    benchmark::DoNotOptimize(settled);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_ServicePair(benchmark::State& state) {
  Fixture fixture;
  for (const StoredLimit& each : TwoLimits()) (void)fixture.store.Put(each);
  (void)fixture.limits.Reload(fixture.store);
  asio::io_context loop;
  asio::co_spawn(loop, Pairs(fixture.service, state), asio::detached);
  loop.run();
}
BENCHMARK(BM_ServicePair);

}  // namespace
}  // namespace weir::quota
