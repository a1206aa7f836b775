#include "common/config/config_errors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/config/suggest.h"
#include "common/testing/status_matchers.h"

namespace weir::config {
namespace {

using weir::testing::IsOk;
using weir::testing::StatusIs;
using namespace std::chrono_literals;

TEST(ConfigErrorsTest, CollectsAllByKey) {
  ConfigErrors errors("quota");
  errors.InRange("hold_ttl", 2h, 30s, 10min);
  errors.Add("redis_address", "is empty, but quota.store is 'redis'");
  errors.InRange("shards", int64_t{0}, 1, 64);
  errors.InRange("share", std::nan(""), 0.0, 1.0);
  errors.SizeInRange("buffer", 1 << 30, 1024, 16 << 20);
  errors.NotEmpty("name", "");
  EXPECT_THAT(errors.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "quota.hold_ttl is 2h, want 30s to 10m; "
                       "quota.redis_address is empty, but quota.store is 'redis'; "
                       "quota.shards is 0, want 1 to 64; quota.share is nan, want 0 to 1; "
                       "quota.buffer is 1GiB, want 1KiB to 16MiB; quota.name is empty"));
}

TEST(ConfigErrorsTest, IsOkWithoutErrors) {
  ConfigErrors errors("quota");
  errors.InRange("hold_ttl", 30s, 30s, 10min);
  errors.InRange("hold_ttl", 10min, 30s, 10min);
  errors.InRange("shards", int64_t{64}, 1, 64);
  errors.SizeInRange("buffer", 1024, 1024, 2048);
  errors.NotEmpty("name", "x");
  errors.Include(absl::OkStatus());
  EXPECT_TRUE(errors.empty());
  EXPECT_THAT(errors.ToStatus(), IsOk());
}

TEST(ConfigErrorsTest, IncludesAPartAsItIs) {
  ConfigErrors errors("");
  errors.Add("profile", "is odd");
  errors.Include(status::InvalidArgument("quota.shards is 0, want 1 to 64"));
  EXPECT_THAT(errors.ToStatus(), StatusIs(absl::StatusCode::kInvalidArgument,
                                          "profile is odd; quota.shards is 0, want 1 to 64"));
}

TEST(ClosestTest, FindsTypingMistakesAlone) {
  const std::vector<std::string_view> keys = {"address", "level", "listeners", "tls"};
  EXPECT_EQ(Closest("adress", keys), "address");
  EXPECT_EQ(Closest("levle", keys), "level");
  EXPECT_EQ(Closest("lsiteners", keys), "listeners");
  EXPECT_EQ(Closest("tsl", keys), "tls");
  EXPECT_EQ(Closest("colour", keys), "");
  EXPECT_EQ(Closest("", keys), "");
  EXPECT_EQ(Closest(std::string(1000, 'x'), keys), "");
}

}  // namespace
}  // namespace weir::config
