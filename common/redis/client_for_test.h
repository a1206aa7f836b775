#pragma once

#include <gmock/gmock.h>

#include "common/ids/random.h"
#include "common/redis/client.h"
#include "common/testing/redis_server.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"

namespace weir::redis {

// A client of a real server on a loop and clocks of its own.
class ClientForTest {
 public:
  explicit ClientForTest(RedisConfig config) {
    auto made = MakeRoute(std::move(config));
    EXPECT_THAT(made, testing::IsOk());
    route = *made;
    client = MakeClient(loop.get_executor(), timers, random, route);
  }
  ~ClientForTest() {
    client.reset();
    Turn(std::chrono::milliseconds(1));
  }

  absl::StatusOr<Reply> Call(std::initializer_list<std::string_view> command,
                             Duration within = std::chrono::seconds(5)) {
    return testing::RunUntilDone(loop, client->Call(Encode(command), clock.Monotonic() + within));
  }
  // Until it answers: what a caller sees who asks again and again.
  absl::StatusOr<Reply> CallUntilOk(std::initializer_list<std::string_view> command) {
    const MonotonicTime end = clock.Monotonic() + std::chrono::seconds(8);
    for (;;) {
      absl::StatusOr<Reply> reply = Call(command, std::chrono::seconds(1));
      if (reply.ok() || clock.Monotonic() > end) return reply;
      Turn(std::chrono::milliseconds(20));
    }
  }
  void Turn(Duration time) {
    loop.restart();
    loop.run_for(time);
  }

  asio::io_context loop{1};
  SystemClock clock;
  AsioTimers timers{loop, clock};
  SecureRandom random;
  std::shared_ptr<const Route> route;
  std::unique_ptr<Client> client;
};

}  // namespace weir::redis
