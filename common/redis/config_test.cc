#include "common/redis/config.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"

namespace weir::redis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(RedisConfigTest, TheDefaultsAreValidAndNotSet) {
  EXPECT_THAT(RedisConfig().Validate(), IsOk());
  EXPECT_FALSE(RedisConfig().is_set());
}

TEST(RedisConfigTest, NamesEveryFaultAtOnce) {
  RedisConfig config{.address = "localhost",
                     .user = "weir",
                     .tls = RedisTls{.key_file = "a"},
                     .sentinel = RedisSentinel{.addresses = {"x"}},
                     .command_timeout = Duration(0)};
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("redis.address is 'localhost'"),
                             HasSubstr("redis.address is set beside sentinel"),
                             HasSubstr("redis.sentinel.master is empty"),
                             HasSubstr("redis.sentinel.addresses[0] is 'x'"),
                             HasSubstr("redis.password is empty, but user is set"),
                             HasSubstr("redis.tls.certificate and tls.key belong together"),
                             HasSubstr("redis.command_timeout is 0s"))));
}

}  // namespace
}  // namespace weir::redis
