#include "common/async/loop_local.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(LoopLocalTest, EachLoopHasItsOwnAndKeepsIt) {
  int made = 0;
  LoopLocal<int> numbers([&](asio::io_context&) { return std::make_unique<int>(++made); });
  asio::io_context first;
  asio::io_context second;
  EXPECT_EQ(numbers.Of(first.get_executor()), 1);
  EXPECT_EQ(numbers.Of(second.get_executor()), 2);
  EXPECT_EQ(numbers.Of(first.get_executor()), 1);
}

TEST(LoopLocalTest, ObjectsOfDifferentTypesAreApart) {
  LoopLocal<int> numbers([](asio::io_context&) { return std::make_unique<int>(7); });
  LoopLocal<std::string> names(
      [](asio::io_context&) { return std::make_unique<std::string>("seven"); });
  asio::io_context loop;
  EXPECT_EQ(numbers.Of(loop.get_executor()), 7);
  EXPECT_EQ(names.Of(loop.get_executor()), "seven");
}

TEST(LoopLocalTest, ObjectsGoWithTheirLoop) {
  const auto token = std::make_shared<int>(0);
  LoopLocal<std::shared_ptr<int>> tokens(
      [&](asio::io_context&) { return std::make_unique<std::shared_ptr<int>>(token); });
  {
    asio::io_context loop;
    tokens.Of(loop.get_executor());
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace weir
