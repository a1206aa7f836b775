#include "edge/pipeline/good_news.h"

namespace weir::edge {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart{std::chrono::hours(1)};

TEST(GoodNewsTest, IsToldOnceInAWhileForEachTarget) {
  GoodNews news;
  const uint64_t one = GoodNews::TargetOf("acme", "openai", "gpt");
  const uint64_t other = GoodNews::TargetOf("acme", "openai", "o3");
  EXPECT_TRUE(news.ShouldTell(one, kStart));
  EXPECT_TRUE(news.ShouldTell(other, kStart));
  EXPECT_FALSE(news.ShouldTell(one, kStart + milliseconds(99)));
  EXPECT_TRUE(news.ShouldTell(one, kStart + milliseconds(100)));
  EXPECT_FALSE(news.ShouldTell(one, kStart + milliseconds(199)));
}

TEST(GoodNewsTest, IsToldBehindAFailure) {
  GoodNews news;
  EXPECT_TRUE(news.ShouldTell(1, kStart));
  news.Failed(1);
  EXPECT_TRUE(news.ShouldTell(1, kStart + milliseconds(1)));
  news.Failed(2);  // Of which nothing was told yet.
  EXPECT_TRUE(news.ShouldTell(2, kStart));
}

TEST(GoodNewsTest, NamesAreToldApart) {
  EXPECT_NE(GoodNews::TargetOf("ab", "c"), GoodNews::TargetOf("a", "bc"));
  EXPECT_NE(GoodNews::TargetOf("a", "b"), GoodNews::TargetOf("b", "a"));
}

TEST(GoodNewsTest, TargetsAreBounded) {
  GoodNews news;
  for (uint64_t target = 0; target < 50'000; ++target) {
    EXPECT_TRUE(news.ShouldTell(target, kStart));
  }
  EXPECT_FALSE(news.ShouldTell(49'999, kStart));
}

}  // namespace
}  // namespace weir::edge
