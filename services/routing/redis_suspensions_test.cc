#include "services/routing/redis_suspensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "common/ids/random.h"
#include "common/testing/redis_server.h"
#include "common/testing/run.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"

namespace weir::routing {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;
using testing::RunUntilDone;
using ::testing::SizeIs;

// Replicas on one store and one Redis, on one loop.
class RedisSuspensionsTest : public ::testing::Test {
 protected:
  struct Replica {
    Replica(RedisSuspensionsTest& test, std::shared_ptr<const redis::Route> route)
        : service(RoutingConfig(),
                  {.store = test.store_, .sealer = *test.sealer_, .clock = test.clock_}),
          suspensions({.routing = service,
                       .loop = test.loop_,
                       .timers = test.timers_,
                       .random = test.random_,
                       .route = std::move(route)}) {
      EXPECT_THAT(service.Load(), IsOk());
      asio::co_spawn(test.loop_, suspensions.Run(), asio::detached);
      asio::co_spawn(test.loop_, service.RunHeartbeats(test.timers_, milliseconds(20)),
                     asio::detached);
    }
    RoutingService service;
    RedisSuspensions suspensions;
  };

  RedisSuspensionsTest() {
    const auto put = [this](const StoredObject& object) {
      EXPECT_THAT(store_.Put(object, {.read_at = *store_.Sequence(), .actor = "t", .at = {}}),
                  IsOk());
    };
    for (const char* each : {"openai", "azure"}) {
      put(ToStored(TestProvider(each), sealer_->Seal(kCanary, CredentialContext(kAcme, each))));
    }
    put(ToStored(TestModel("fast", {"openai", "azure"})));
  }
  Replica& Start() {
    Replica& replica = replicas_.emplace_back(*this, *redis::MakeRoute(server_.config()));
    RunFor(milliseconds(200));
    return replica;
  }
  void RunFor(Duration time) {
    loop_.restart();
    loop_.run_for(time);
  }
  void Fail(Replica& replica, std::string_view provider) {
    v1::ReportRequest report;
    report.set_organization(std::string(kAcme));
    report.set_model("fast");
    report.set_provider(std::string(provider));
    report.set_upstream_model("fast");
    report.set_outcome(v1::ReportRequest::OUTCOME_SERVER_ERROR);
    report.set_http_status(503);
    EXPECT_THAT(RunUntilDone(loop_, replica.service.Report({}, report)), IsOk());
  }
  // How many targets it holds for out, within some time.
  int Out(Replica& replica, int wanted) {
    for (int i = 0; i < 100 && replica.service.Out().suspensions_size() != wanted; ++i) {
      RunFor(milliseconds(20));
    }
    return replica.service.Out().suspensions_size();
  }

  testing::RedisServer server_;
  const SystemClock clock_;
  testing::SeededRandom sealing_{1};
  SecureRandom random_;
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(sealing_);
  MemoryRouteStore store_;
  asio::io_context loop_{1};
  AsioTimers timers_{loop_, clock_};
  std::list<Replica> replicas_;
};

TEST_F(RedisSuspensionsTest, WhatOneHearsOfTheOthersHearOf) {
  Replica& first = Start();
  Replica& second = Start();
  const auto watching = second.service.Watch({}, loop_.get_executor());
  Fail(first, "openai");
  ASSERT_EQ(Out(second, 1), 1);
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    const auto event = RunUntilDone(loop_, watching->Next());
    ASSERT_THAT(event, IsOk());
    told = (*event)->has_suspensions();
  }
  EXPECT_TRUE(told) << "its edges must know as well";
  const v1::Suspension learned = second.service.Out().suspensions(0);
  EXPECT_EQ(learned.provider(), "openai");
  EXPECT_EQ(learned.http_status(), 503);
  Fail(second, "azure");
  EXPECT_EQ(Out(first, 2), 2);
}

TEST_F(RedisSuspensionsTest, OneThatStartsBeginsWithWhatIsOut) {
  Fail(Start(), "openai");
  RunFor(milliseconds(200));
  EXPECT_EQ(Out(Start(), 1), 1);
}

TEST_F(RedisSuspensionsTest, WithoutRedisEachKnowsItsOwnAndTheRestWhenItIsBack) {
  Replica& first = Start();
  Replica& second = Start();
  server_.Kill();
  Fail(first, "openai");
  EXPECT_EQ(Out(first, 1), 1);
  RunFor(milliseconds(200));
  EXPECT_EQ(second.service.Out().suspensions_size(), 0);
  server_.Start();
  Fail(first, "azure");
  for (int i = 0; i < 5 && Out(second, 2) != 2; ++i) Fail(first, "azure");
  EXPECT_EQ(second.service.Out().suspensions_size(), 2);
}

}  // namespace
}  // namespace weir::routing
