#include "common/api/lru.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::api {
namespace {

std::vector<std::string> Keys(Lru<std::string, int>& map) {
  std::vector<std::string> keys;
  map.Retain([&](const std::string& key, int) {
    keys.push_back(key);
    return true;
  });
  return keys;
}

TEST(LruTest, ForgetsWhatWasNotUsedForLongest) {
  Lru<std::string, int> map(2);
  EXPECT_EQ(map.Put("a", 1), std::nullopt);
  EXPECT_EQ(map.Put("b", 2), std::nullopt);
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(map.Put("c", 3), std::pair(std::string("b"), 2));
  EXPECT_EQ(map.Find("b"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  EXPECT_EQ(map.size(), 2u);
}

TEST(LruTest, ReplacingCountsAsUse) {
  Lru<std::string, int> map(2);
  map.Put("a", 1);
  map.Put("b", 2);
  EXPECT_EQ(map.Put("a", 3), std::nullopt);
  EXPECT_THAT(Keys(map), ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(*map.Find("a"), 3);
}

TEST(LruTest, ErasesByKeyAndByChoice) {
  Lru<std::string, int> map(10);
  for (int i = 0; i < 6; ++i) map.Put(std::string(1, static_cast<char>('a' + i)), i);
  map.Erase("c");
  map.Erase("z");
  map.Retain([](const std::string&, int value) { return value % 2 == 1; });
  EXPECT_THAT(Keys(map), ::testing::ElementsAre("f", "d", "b"));
  EXPECT_EQ(map.Find("a"), nullptr);
  map.Clear();
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.Find("b"), nullptr);
}

}  // namespace
}  // namespace weir::api
