#include "common/async/at_once.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "common/testing/run.h"

namespace weir {
namespace {

// Lets each go on a turn of the loop later.
struct Turns {
  asio::awaitable<void> Act(int item) {
    begun.push_back(item);
    most_open = std::max(most_open, ++open);
    co_await asio::post(asio::use_awaitable);
    --open;
  }
  std::vector<int> begun;
  int open = 0, most_open = 0;
};

asio::awaitable<size_t> ActOnAll(Turns& turns, std::vector<int> items, size_t most) {
  co_await ForEachAtOnce<int>(std::move(items), most,
                              [&turns](int item) { return turns.Act(item); });
  co_return turns.begun.size();
}

class ForEachAtOnceTest : public ::testing::TestWithParam<size_t> {};

TEST_P(ForEachAtOnceTest, ActsOnAllAndOnNoMoreAtATime) {
  Turns turns;
  std::vector<int> items(20);
  for (int i = 0; i < 20; ++i) items[static_cast<size_t>(i)] = i;
  EXPECT_EQ(testing::RunUntilDone(ActOnAll(turns, items, GetParam())), items.size());
  EXPECT_EQ(turns.begun, items);
  EXPECT_EQ(turns.open, 0);
  EXPECT_EQ(turns.most_open, static_cast<int>(std::min<size_t>(GetParam(), 20)));
}
INSTANTIATE_TEST_SUITE_P(Most, ForEachAtOnceTest, ::testing::Values(1, 3, 20, 100));

TEST(ForEachAtOnceTest, NothingIsDoneAtOnce) {
  Turns turns;
  EXPECT_EQ(testing::RunUntilDone(ActOnAll(turns, {}, 3)), 0U);
}

asio::awaitable<void> ThrowAtTwo(Turns* turns, int item) {
  co_await turns->Act(item);
  if (item == 2) throw std::runtime_error("two");
}
asio::awaitable<std::string> WhatWasThrown(Turns& turns, size_t most) {
  try {
    co_await ForEachAtOnce<int>({1, 2, 3, 4}, most,
                                [&turns](int item) { return ThrowAtTwo(&turns, item); });
  } catch (const std::runtime_error& thrown) {
    co_return thrown.what();
  }
  co_return "nothing";
}

TEST_P(ForEachAtOnceTest, OneThatThrowsIsHeardOfWhenAllAreDone) {
  Turns turns;
  EXPECT_EQ(testing::RunUntilDone(WhatWasThrown(turns, GetParam())), "two");
  EXPECT_EQ(turns.begun.size(), 4U);
  EXPECT_EQ(turns.open, 0);
}

}  // namespace
}  // namespace weir
