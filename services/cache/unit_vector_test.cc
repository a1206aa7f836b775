#include "services/cache/unit_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>

namespace weir::cache {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ToUnitLengthTest, HasLengthOne) {
  std::array<float, 2> vector;
  EXPECT_TRUE(ToUnitLength(std::array<int32_t, 2>{3, -4}, vector));
  EXPECT_THAT(vector, ElementsAre(0.6F, -0.8F));
}

TEST(ToUnitLengthTest, ZerosHaveNoDirection) {
  std::array<float, 3> vector = {1, 2, 3};
  EXPECT_FALSE(ToUnitLength(std::array<int32_t, 3>{}, vector));
  EXPECT_THAT(vector, Each(0));
}

TEST(ToUnitLengthTest, TakesLargeSums) {
  std::array<int32_t, 1024> sums;
  sums.fill(1 << 24);
  std::array<float, 1024> vector;
  EXPECT_TRUE(ToUnitLength(sums, vector));
  EXPECT_THAT(vector, Each(1.0F / 32));
}

}  // namespace
}  // namespace weir::cache
