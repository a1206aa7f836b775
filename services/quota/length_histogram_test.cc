#include "services/quota/length_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir::quota {
namespace {

TEST(LengthHistogramTest, OneAnswerIsKnownToAnEighth) {
  for (int64_t length : {1, 2, 15, 16, 17, 20, 31, 32, 100, 255, 256, 4096, 131'072}) {
    LengthHistogram lengths;
    lengths.Add(length);
    EXPECT_GE(lengths.P95(), length);
    EXPECT_LE(lengths.P95(), length + length / 8) << length;
  }
}

TEST(LengthHistogramTest, OneInTwentyMayBeLonger) {
  LengthHistogram lengths;
  for (int i = 0; i < 95; ++i) lengths.Add(10);
  for (int i = 0; i < 5; ++i) lengths.Add(5000);
  EXPECT_EQ(lengths.P95(), 10);
  lengths.Add(5000);
  EXPECT_GE(lengths.P95(), 5000);
}

TEST(LengthHistogramTest, ThePastFades) {
  LengthHistogram lengths;
  for (int i = 0; i < 100'000; ++i) lengths.Add(5000);
  for (int i = 0; i < 10'000; ++i) lengths.Add(10);
  EXPECT_EQ(lengths.P95(), 10);
}

TEST(LengthHistogramTest, VeryLongAnswersAreTheLongestKnown) {
  LengthHistogram lengths;
  lengths.Add(int64_t{1} << 40);
  EXPECT_EQ(lengths.P95(), (int64_t{1} << 26) - 1);
}

TEST(LengthHistogramTest, AfterEachAnswerItIsWhatSortingSays) {
  std::mt19937 random(11);
  for (int round = 0; round < 20; ++round) {
    LengthHistogram lengths;
    std::vector<int64_t> sorted;
    for (int i = 1; i < 1000; ++i) {
      // Mostly near one another, now and then far away: the percentile moves both ways.
      const int64_t length = 1 + random() % (random() % 8 == 0 ? 100'000 : 40 * (1 + i / 250));
      sorted.insert(std::ranges::upper_bound(sorted, length), length);
      lengths.Add(length);
      const int64_t exact = sorted[static_cast<size_t>(i - 1 - i / 20)];
      ASSERT_GE(lengths.P95(), exact) << i;
      ASSERT_LE(lengths.P95(), exact + exact / 8) << i;
    }
  }
}

}  // namespace
}  // namespace weir::quota
