#include "common/rpc/fair_queue.h"

#include <gmock/gmock.h>

#include <vector>

namespace weir::rpc {
namespace {

using ::testing::ElementsAre;

TEST(FairQueueTest, LinesTakeTurnsAndKeepTheirOrder) {
  FairQueue<int> queue;
  for (int i = 1; i <= 3; ++i) queue.Push("greedy", i);
  queue.Push("modest", 10);
  queue.Push("third", 20);
  queue.Push("third", 21);
  std::vector<int> order;
  while (!queue.empty()) order.push_back(queue.Pop());
  EXPECT_THAT(order, ElementsAre(1, 10, 20, 2, 21, 3));
}

TEST(FairQueueTest, ALineThatComesBackStartsAnew) {
  FairQueue<int> queue;
  queue.Push("a", 1);
  EXPECT_EQ(queue.Pop(), 1);
  queue.Push("a", 2);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.Pop(), 2);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace weir::rpc
