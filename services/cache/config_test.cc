#include "services/cache/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::cache {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

TEST(CacheConfigTest, DefaultsAreValid) { EXPECT_THAT(CacheConfig().Validate(), IsOk()); }

TEST(CacheConfigTest, NamesEveryFault) {
  CacheConfig config;
  config.budget.bytes = 1;
  config.graph_from = 1;
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("cache.max_bytes"), HasSubstr("cache.graph_from"))));
}

TEST(CacheConfigTest, ChoosesWhereAnswersLie) {
  const auto chosen = [](bool files, bool redis) {
    CacheConfig config;
    config.ChooseStore(files, redis);
    EXPECT_THAT(config.CheckStore(files, redis), IsOk());
    return config.store;
  };
  EXPECT_EQ(chosen(true, false), CacheConfig::Store::kFile);
  EXPECT_EQ(chosen(true, true), CacheConfig::Store::kRedis);
  EXPECT_EQ(chosen(false, true), CacheConfig::Store::kRedis);
  EXPECT_EQ(chosen(false, false), CacheConfig::Store::kMemory);
  CacheConfig config;
  config.store = CacheConfig::Store::kRedis;
  EXPECT_THAT(config.CheckStore(true, false), StatusIs(absl::StatusCode::kInvalidArgument));
  config.store = CacheConfig::Store::kFile;
  EXPECT_THAT(config.CheckStore(false, true), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace weir::cache
