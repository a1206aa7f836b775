#include "services/quota/memory_windows.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/testing/fake_clock.h"
#include "services/quota/windows_contract.h"

namespace weir::quota {
namespace {

struct MemoryHarness {
  Windows& windows() { return memory; }
  void Advance(Duration step) { clock.Advance(step); }
  void SetWallBack(Duration step) { clock.SetWall(clock.Now() - step); }

  testing::FakeClock clock;
  MemoryWindows memory{QuotaConfig{}, clock};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, WindowsContract, MemoryHarness);

// What `work` answers before anything else gets a turn on its loop; nothing where it suspended.
template <typename T>
asio::awaitable<void> KeepUnlessSuspended(asio::awaitable<absl::StatusOr<T>> work,
                                          std::optional<T>& result) {
  auto others_had_a_turn = std::make_shared<bool>(false);
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::post(executor, [others_had_a_turn] { *others_had_a_turn = true; });
  absl::StatusOr<T> value = co_await std::move(work);
  if (value.ok() && !*others_had_a_turn) result = *std::move(value);
}
template <typename T>
std::optional<T> AtOnce(asio::awaitable<absl::StatusOr<T>> work) {
  asio::io_context loop;
  std::optional<T> result;
  asio::co_spawn(loop, KeepUnlessSuspended(std::move(work), result), asio::detached);
  loop.run();
  return result;
}

TEST(MemoryWindowsTest, NeverSuspends) {
  MemoryHarness harness;
  const auto table = TableOf({{.name = "requests", .unit = kRequests}});
  const v1::Subjects subjects = SubjectsOf("ann");
  ReserveOp op{.id = IdOf(1), .organization = "acme", .matches = table->Match(subjects)};
  EXPECT_TRUE(AtOnce(harness.memory.Reserve(op)));
  EXPECT_TRUE(AtOnce(harness.memory.Extend({.id = IdOf(1), .organization = "acme"})));
  EXPECT_TRUE(AtOnce(harness.memory.Settle({.id = IdOf(1), .organization = "acme"})));
  EXPECT_TRUE(AtOnce(harness.memory.Peek(op.matches)));
  EXPECT_TRUE(AtOnce(harness.memory.Renew("edge")));
  EXPECT_TRUE(AtOnce(harness.memory.ReapExpired()));
}

TEST(MemoryWindowsTest, ForgetsEndedAttemptsAfterAnHour) {
  MemoryHarness harness;
  SettleOp op{.id = IdOf(1), .organization = "acme", .tokens = 5, .prior = PriorPosting{}};
  EXPECT_EQ(AtOnce(harness.memory.Settle(op))->kind, SettleOutcome::Kind::kApplied);
  op.prior.reset();
  EXPECT_EQ(AtOnce(harness.memory.Settle(op))->kind, SettleOutcome::Kind::kRepeated);
  harness.clock.Advance(std::chrono::hours(1));
  AtOnce(harness.memory.ReapExpired());
  EXPECT_EQ(AtOnce(harness.memory.Settle(op))->kind, SettleOutcome::Kind::kUnknown);
}

TEST(MemoryWindowsTest, SixtyFourThreadsOnALimitOfTwentyRequestsGetExactlyTwenty) {
  MemoryHarness harness;
  const auto table = TableOf({{.name = "requests", .unit = kRequests, .count = 20},
                              {.name = "tokens", .count = 1'000'000}});
  const v1::Subjects subjects = SubjectsOf("ann");
  std::atomic<int> granted = 0;
  std::vector<std::thread> callers;
  for (uint32_t caller = 0; caller < 64; ++caller) {
    callers.emplace_back([&, caller] {
      for (uint32_t i = 0; i < 50; ++i) {
        ReserveOp op{.id = IdOf(caller * 1000 + i),
                     .organization = "acme",
                     .matches = table->Match(subjects),
                     .demand = {.input_bound = 10, .output_declared = 20}};
        const auto outcome = AtOnce(harness.memory.Reserve(op));
        if (outcome->kind != ReserveOutcome::Kind::kGranted) continue;
        ++granted;
        SettleOp spent{.id = op.id, .organization = "acme", .tokens = 30, .requests = 1};
        AtOnce(harness.memory.Settle(spent));
      }
    });
  }
  for (std::thread& each : callers) each.join();
  EXPECT_EQ(granted, 20);
  const Positions positions = *AtOnce(harness.memory.Peek(table->Match(subjects)));
  EXPECT_EQ(positions[0].standing.used, 20);
  EXPECT_EQ(positions[0].standing.held, 0);
  EXPECT_EQ(positions[1].standing.used, 600);
}

TEST(MemoryWindowsTest, ThreadsThatReserveSettleExtendRenewAndReapDoNotLoseAToken) {
  MemoryHarness harness;
  const auto table = TableOf({{.name = "tokens", .count = 1'000'000'000}});
  const v1::Subjects subjects = SubjectsOf("ann");
  std::vector<std::thread> callers;
  for (uint32_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      const std::string edge = fmt::format("edge-{}", caller);
      for (uint32_t i = 0; i < 500; ++i) {
        const AttemptId id = IdOf(caller * 1000 + i);
        ReserveOp op{.id = id,
                     .organization = "acme",
                     .edge_id = edge,
                     .matches = table->Match(subjects),
                     .demand = {.input_bound = 10}};
        AtOnce(harness.memory.Reserve(op));
        AtOnce(harness.memory.Extend({.id = id, .organization = "acme", .output_wanted = 300}));
        AtOnce(harness.memory.Renew(edge));
        AtOnce(harness.memory.ReapExpired());
        AtOnce(harness.memory.Settle({.id = id, .organization = "acme", .tokens = 7}));
      }
    });
  }
  for (std::thread& each : callers) each.join();
  const Positions positions = *AtOnce(harness.memory.Peek(table->Match(subjects)));
  EXPECT_EQ(positions[0].standing.used, 4 * 500 * 7);
  EXPECT_EQ(positions[0].standing.held, 0);
}

TEST(WindowEngineTest, CountersThatAreIdleAreDropped) {
  RecordBudget budget{1000};
  WindowEngine engine({}, budget);
  const auto table =
      TableOf({{.name = "each", .level = v1::LEVEL_USER, .subject = "*", .unit = kRequests}});
  Instant now{.wall_ns = 0, .monotonic_ns = 0};
  for (uint32_t i = 0; i < 100'000; ++i) {
    const v1::Subjects subjects = SubjectsOf(fmt::format("user-{}", i));
    ReserveOp op{.id = IdOf(i), .organization = "acme", .matches = table->Match(subjects)};
    engine.Reserve(op, now);
    engine.Settle({.id = op.id, .organization = "acme", .requests = 1}, now);
    now.wall_ns += kSecondNs;
    now.monotonic_ns += kSecondNs;
  }
  EXPECT_LT(engine.counters(), 2048u);
}

TEST(WindowEngineTest, ALapsedHoldWhoseTruthNeverComesIsForgotten) {
  RecordBudget budget{1000};
  WindowEngine engine({.max_lapsed = 10}, budget);
  const auto table = TableOf({{.name = "requests", .unit = kRequests, .count = 1000}});
  const v1::Subjects subjects = SubjectsOf("ann");
  Instant now{.wall_ns = 0, .monotonic_ns = 0};
  for (uint32_t i = 0; i < 20; ++i) {
    engine.Reserve({.id = IdOf(i), .organization = "acme", .matches = table->Match(subjects)}, now);
  }
  now.monotonic_ns += 60 * kSecondNs;
  EXPECT_EQ(engine.Reap(100, now), 20);
  engine.Reap(100, now);
  const auto settle = [&](uint32_t number) {
    return engine.Settle({.id = IdOf(number), .organization = "acme"}, now).kind;
  };
  EXPECT_EQ(settle(9), SettleOutcome::Kind::kUnknown);
  EXPECT_EQ(settle(10), SettleOutcome::Kind::kApplied);
  now.monotonic_ns += 7 * kDayNs;
  engine.Reap(100, now);
  EXPECT_EQ(settle(11), SettleOutcome::Kind::kUnknown);
}

}  // namespace
}  // namespace weir::quota
