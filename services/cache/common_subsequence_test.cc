#include "services/cache/common_subsequence.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace weir::cache {
namespace {

// As the textbook has it.
size_t Slowly(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<size_t> row(b.size() + 1);
  for (const uint32_t value : a) {
    std::vector<size_t> next(1);
    for (size_t j = 0; j < b.size(); ++j) {
      next.push_back(value == b[j] ? row[j] + 1 : std::max(row[j + 1], next.back()));
    }
    row = next;
  }
  return row.back();
}

TEST(CommonSubsequenceTest, IsWhatTheTextbookSays) {
  std::mt19937 random(7);
  for (const size_t longest : {0, 1, 5, 63, 64, 65, 130, 300}) {
    for (int round = 0; round < 10; ++round) {
      std::vector<uint32_t> a(longest), b(random() % (longest + 2));
      for (uint32_t& each : a) each = random() % 9;
      for (uint32_t& each : b) each = random() % 10;
      EXPECT_EQ(LongestCommonSubsequence(a, b), Slowly(a, b)) << longest;
    }
  }
}

}  // namespace
}  // namespace weir::cache
