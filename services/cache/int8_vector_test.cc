#include "services/cache/int8_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <vector>

namespace weir::cache {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ToInt8Test, TheLargestIs127) {
  std::array<int8_t, 4> bytes;
  const float scale = ToInt8(std::array<float, 4>{0.5F, -0.5F, 0.25F, 0}, bytes);
  EXPECT_FLOAT_EQ(scale, 0.5F / 127);
  EXPECT_THAT(bytes, ElementsAre(127, -127, 64, 0));
}

TEST(ToInt8Test, ZerosStayZeros) {
  std::array<int8_t, 3> bytes = {1, 2, 3};
  EXPECT_EQ(ToInt8(std::array<float, 3>{}, bytes), 0);
  EXPECT_THAT(bytes, Each(0));
}

TEST(ToInt8Test, IsOffByHalfAScaleAtMost) {
  EXPECT_TRUE(rc::check([] {
    std::vector<float> vector;
    for (const int each : *rc::gen::container<std::vector<int>>(rc::gen::inRange(-9999, 10'000))) {
      vector.push_back(static_cast<float>(each) / 10'000);
    }
    std::vector<int8_t> bytes(vector.size());
    const float scale = ToInt8(vector, bytes);
    for (size_t i = 0; i < vector.size(); ++i) {
      RC_ASSERT(std::fabs(vector[i] - scale * bytes[i]) <= scale * 0.5001F);
    }
  }));
}

}  // namespace
}  // namespace weir::cache
