#pragma once

#include <functional>
#include <utility>

#include "common/ids/random.h"
#include "common/testing/fake_clock.h"
#include "common/testing/redis_server.h"
#include "services/quota/redis_windows.h"

namespace weir::quota {

// What is restored where a store has lost its counters: what the test says.
class FakeSource final : public CounterSource {
 public:
  asio::awaitable<absl::StatusOr<std::vector<RestoredCounter>>> CountersOf(
      std::string organization) override {
    const bool fails = organization == failing;
    asked.push_back(std::move(organization));
    if (on_asked) std::exchange(on_asked, nullptr)();
    if (fails) co_return status::Unavailable("the ledger of {} is gone", failing);
    co_return counters;
  }
  absl::StatusOr<std::vector<RestoredCounter>> counters = std::vector<RestoredCounter>();
  std::vector<std::string> asked;
  std::string failing;
  std::function<void()> on_asked;  // The first time.
};

// The server of a test program: starting one takes longer than most tests.
inline testing::RedisServer& SharedServer() {
  static testing::RedisServer server;
  return server;
}

// Windows on an empty database of a real server. `clock` has the time of the scripts; waiting is
// real.
struct RedisWindowsForTest {
  explicit RedisWindowsForTest(const Clock& clock, testing::RedisServer& redis = SharedServer(),
                               RedisStore::Options options = {})
      : windows(WithTime(std::move(options), clock),
                {.route = RouteTo(redis), .clock = system, .random = random, .source = source}) {
    redis.Ask({"FLUSHALL"});
  }

  static std::shared_ptr<const redis::Route> RouteTo(const testing::RedisServer& redis) {
    return *redis::MakeRoute(redis.config());
  }
  static RedisStore::Options WithTime(RedisStore::Options options, const Clock& clock) {
    options.rebuild_grace = Duration(0);
    options.time_us = [&clock] { return ToUnixMicros(clock.Now()); };
    return options;
  }

  SystemClock system;
  SecureRandom random;
  FakeSource source;
  RedisWindows windows;
};

}  // namespace weir::quota
