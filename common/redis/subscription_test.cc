#include "common/redis/subscription.h"

#include "common/redis/client_for_test.h"

namespace weir::redis {
namespace {

using Kind = PubSubEvent::Kind;
using testing::IsOk;
using testing::RedisServer;

class SubscriptionTest : public ::testing::Test {
 protected:
  PubSubEvent Next() {
    auto event = testing::RunUntilDone(test_.loop, stream_->Next());
    EXPECT_THAT(event, IsOk());
    return event.ok() ? *event : PubSubEvent{};
  }

  RedisServer server_;
  ClientForTest test_{server_.config()};
  std::shared_ptr<EventStream<PubSubEvent>> stream_ =
      Subscribe(test_.loop.get_executor(), test_.timers, test_.random, test_.route, {"a", "b"});
};

TEST_F(SubscriptionTest, SaysWhenItListensAndThenWhatIsPublished) {
  EXPECT_EQ(Next().kind, Kind::kSubscribed);
  server_.Ask({"PUBLISH", "c", "not for us"});
  server_.Ask({"PUBLISH", "b", "1"});
  server_.Ask({"PUBLISH", "a", "2"});
  const PubSubEvent first = Next();
  EXPECT_EQ(first.channel + first.message, "b1");
  EXPECT_EQ(Next().message, "2");
}

TEST_F(SubscriptionTest, SaysThatItMayHaveMissedSomething) {
  EXPECT_EQ(Next().kind, Kind::kSubscribed);
  server_.Kill();
  server_.Start();
  EXPECT_EQ(Next().kind, Kind::kSubscribed);
  server_.Ask({"PUBLISH", "a", "again"});
  EXPECT_EQ(Next().message, "again");
}

}  // namespace
}  // namespace weir::redis
