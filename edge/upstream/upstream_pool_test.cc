#include "edge/upstream/upstream_pool.h"

#include "edge/testing/upstream_fixture.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::edge::testing::Answer;
using ::weir::edge::testing::ScriptedServer;
using ::weir::edge::testing::UpstreamFixture;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

using ConnectionPtr = std::unique_ptr<UpstreamConnection>;

class UpstreamPoolTest : public UpstreamFixture {
 protected:
  absl::StatusOr<ConnectionPtr> Take(UpstreamPool& pool, bool fresh = false) {
    return RunUntilDone(loop_, pool.Take(fresh));
  }
  // Five connections that wait for a request.
  ScriptedServer server_{
      std::vector<ScriptedServer::Script>(5, {{.bytes = "", .stay_open = true}})};
};

TEST_F(UpstreamPoolTest, GivesTheNewestIdleConnectionAgain) {
  auto pool = Pool(server_.url());
  ConnectionPtr first = *Take(*pool);
  EXPECT_FALSE(first->reused);
  const Transport* transport = first->transport.get();
  pool->GiveBack(std::move(first));
  ConnectionPtr again = *Take(*pool);
  EXPECT_TRUE(again->reused);
  EXPECT_EQ(again->transport.get(), transport);
  EXPECT_EQ(pool->open(), 1U);
}

TEST_F(UpstreamPoolTest, FreshIsAlwaysNew) {
  auto pool = Pool(server_.url());
  pool->GiveBack(*Take(*pool));
  ConnectionPtr fresh = *Take(*pool, true);
  EXPECT_FALSE(fresh->reused);
  EXPECT_EQ(pool->open(), 2U);
}

TEST_F(UpstreamPoolTest, RefusesBeyondItsBound) {
  auto pool = Pool(server_.url(), 2);
  ConnectionPtr first = *Take(*pool);
  ConnectionPtr second = *Take(*pool);
  EXPECT_THAT(Take(*pool), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2")));
  pool->GiveBack(std::move(first));
  EXPECT_THAT(Take(*pool), IsOk());
}

TEST_F(UpstreamPoolTest, AtItsBoundAFreshOneReplacesAnIdleOne) {
  auto pool = Pool(server_.url(), 1);
  pool->GiveBack(*Take(*pool));
  EXPECT_THAT(Take(*pool, true), IsOk());
  EXPECT_EQ(pool->open(), 1U);
}

TEST_F(UpstreamPoolTest, AFailedConnectFreesItsPlace) {
  std::string url;
  {
    url = ScriptedServer({}).url();
  }
  auto pool = Pool(url, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Take(*pool), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(pool->open(), 0U);
  }
}

TEST_F(UpstreamPoolTest, ForgettingFreesAPlace) {
  auto pool = Pool(server_.url(), 1);
  ConnectionPtr taken = *Take(*pool);
  taken.reset();
  pool->Forget();
  EXPECT_THAT(Take(*pool), IsOk());
}

TEST_F(UpstreamPoolTest, ConnectionsThatIdledTooLongAreClosed) {
  idle_keep_ = std::chrono::milliseconds(10);
  auto pool = Pool(server_.url());
  pool->GiveBack(*Take(*pool));
  pool->CloseIdle();
  EXPECT_EQ(pool->open(), 1U);
  std::this_thread::sleep_for(std::chrono::milliseconds(15));
  pool->CloseIdle();
  EXPECT_EQ(pool->open(), 0U);
}

TEST_F(UpstreamPoolTest, AConnectionThatIdledTooLongIsNotTaken) {
  idle_keep_ = std::chrono::milliseconds(10);
  auto pool = Pool(server_.url());
  pool->GiveBack(*Take(*pool));
  std::this_thread::sleep_for(std::chrono::milliseconds(15));
  ConnectionPtr next = *Take(*pool);
  EXPECT_FALSE(next->reused);
  EXPECT_EQ(pool->open(), 1U);
}

}  // namespace
}  // namespace weir::edge
