#include "services/quota/redis_windows.h"

#include <gtest/gtest.h>

#include "common/testing/redis_server.h"
#include "services/quota/redis_windows_for_test.h"
#include "services/quota/redis_wire.h"
#include "services/quota/windows_contract.h"

namespace weir::quota {
namespace {

struct RedisHarness {
  Windows& windows() { return store.windows; }
  void Advance(Duration step) { clock.Advance(step); }
  void SetWallBack(Duration step) { clock.SetWall(clock.Now() - step); }

  testing::FakeClock clock;
  RedisWindowsForTest store{clock};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, WindowsContract, RedisHarness);

TEST(RedisWindowsTest, TheClockIsTheServers) {
  const SystemClock clock;
  testing::RedisServer& server = SharedServer();
  server.Ask({"FLUSHALL"});
  SecureRandom random;
  FakeSource source;
  RedisWindows windows({.rebuild_grace = Duration(0)},
                       {.route = RedisWindowsForTest::RouteTo(server),
                        .clock = clock,
                        .random = random,
                        .source = source});
  const auto table = TableOf({{.name = "requests",
                               .unit = kRequests,
                               .period_s = 3600,
                               .kind = CountingRule::Kind::kAnchoredWindow}});
  const v1::Subjects subjects = SubjectsOf("ann");
  const ReserveOp op{.id = IdOf(1), .organization = "acme", .matches = table->Match(subjects)};
  const auto outcome = RunUntilDone(windows.Reserve(op));
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome->positions[0].reset_after_ns, 3600 * kSecondNs);
  const redis::Reply time = server.Ask({"HGET", "w1:q:{acme}:m", "t"});
  EXPECT_NEAR(std::stod(time.text), static_cast<double>(ToUnixMicros(clock.Now())), 60e6);
}

TEST(RedisWindowsTest, AmountsThatAScriptCannotCountAreRefused) {
  const testing::FakeClock clock;
  RedisWindowsForTest store(clock);
  const auto table = TableOf({{.name = "seen", .enforcement = v1::ENFORCEMENT_OBSERVE}});
  const v1::Subjects subjects = SubjectsOf("ann");
  const auto reserve = [&](uint32_t number, int64_t tokens) {
    return RunUntilDone(store.windows.Reserve(
        {.id = IdOf(number),
         .organization = "acme",
         .matches = table->Match(subjects),
         .demand = {.input_bound = tokens, .input_likely = tokens, .output_max = 0}}));
  };
  EXPECT_THAT(reserve(1, kMaxExact + 1), testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reserve(2, kMaxAmount), IsOk());
  // Together with what is held: nothing of it is done.
  EXPECT_THAT(reserve(3, kMaxAmount), testing::StatusIs(absl::StatusCode::kInternal));
  const auto positions = RunUntilDone(store.windows.Peek(table->Match(subjects)));
  EXPECT_EQ(positions->at(0).standing.held, kMaxAmount);
}

}  // namespace
}  // namespace weir::quota
