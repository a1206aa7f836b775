#include "services/cache/row_sum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <random>
#include <vector>

namespace weir::cache {
namespace {

using ::testing::Each;

std::vector<int32_t> SumBy(RowSum sum, const Int8Matrix& table, const std::vector<uint32_t>& rows) {
  std::vector<int32_t> sums(table.columns, 77);  // What was there does not matter.
  sum(table, rows, sums);
  return sums;
}

TEST(SumRowsTest, AddsRows) {
  std::vector<int8_t> values(2 * 32, 3);
  values[32] = -128;
  const std::vector<int32_t> sums = SumBy(SumRowsPortably, {values.data(), 2, 32}, {0, 1, 1});
  EXPECT_EQ(sums[0], 3 - 256);
  EXPECT_EQ(sums[31], 9);
}

TEST(SumRowsTest, NoRowsAreZeros) {
  const std::vector<int8_t> values(32, 3);
  EXPECT_THAT(SumBy(SumRowsPortably, {values.data(), 1, 32}, {}), Each(0));
  EXPECT_THAT(SumBy(FastestRowSum(), {values.data(), 1, 32}, {}), Each(0));
}

constexpr size_t kRows = 10;

class Avx2RowSumTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Avx2RowSum() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  }
};

TEST_F(Avx2RowSumTest, TheLargestBytesDoNotOverflow) {
  for (const int8_t value : {-128, 127}) {
    const std::vector<int8_t> values(256, value);
    const Int8Matrix table{values.data(), 1, 256};
    for (const size_t count : {255, 256, 257, 512, 1000}) {
      EXPECT_THAT(SumBy(Avx2RowSum(), table, std::vector<uint32_t>(count, 0)),
                  Each(value * static_cast<int32_t>(count)));
    }
  }
}

TEST_F(Avx2RowSumTest, IsThePortableSum) {
  EXPECT_TRUE(rc::check([](uint32_t seed) {
    std::mt19937 random(seed);
    const size_t columns = 32 * *rc::gen::inRange<size_t>(1, 33);
    const size_t count = *rc::gen::inRange<size_t>(0, 600);
    std::vector<int8_t> values(kRows * columns + 1);
    for (int8_t& each : values) each = static_cast<int8_t>(random());
    std::vector<uint32_t> rows(count);
    for (uint32_t& each : rows) each = random() % kRows;
    // From an odd address: a table lies where its file has it.
    const Int8Matrix table{values.data() + 1, kRows, columns};
    RC_ASSERT(SumBy(Avx2RowSum(), table, rows) == SumBy(SumRowsPortably, table, rows));
  }));
}

}  // namespace
}  // namespace weir::cache
