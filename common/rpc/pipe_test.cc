#include <gmock/gmock.h>
#include <sys/resource.h>

#include "common/rpc/pipe_codec.h"
#include "common/rpc/pipe_fixture.h"
#include "common/status/detail.h"
#include "common/testing/status_matchers.h"

namespace weir::rpc::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using weir::testing::IsOk;
using weir::testing::StatusIs;

class PipeTest : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string Listen() {
    return std::string_view(GetParam()) == "unix" ? NewSocket() : "127.0.0.1:0";
  }
  static std::string AddressOf(const EchoServer& server, const std::string& listened) {
    return server.port() == 0 ? listened : server.address();
  }
};
INSTANTIATE_TEST_SUITE_P(Transports, PipeTest, ::testing::Values("unix", "tcp"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(PipeTest, AnswersACall) {
  const std::string listen = Listen();
  EchoServer server(listen);
  EchoClient client({AddressOf(server, listen)});
  const auto answer = client.Ask(kSay, 41, "id");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->attempt(), 42U);
  EXPECT_EQ(answer->request_id(), "id");
}

TEST_P(PipeTest, CarriesManyAtOnceAndAnswersEachItsOwn) {
  const std::string listen = Listen();
  EchoServer server(listen);
  EchoClient client({AddressOf(server, listen)});
  auto all = [](EchoClient* asking) -> asio::awaitable<int> {
    int right = 0, done = 0;
    for (uint32_t i = 0; i < 500; ++i) {
      asio::co_spawn(asking->io(), asking->AskLater(kSay, i, fmt::format("{}", i), seconds(5)),
                     [&right, &done, i](std::exception_ptr, absl::StatusOr<AttemptKey> answer) {
                       ++done;
                       right += answer.ok() && answer->attempt() == i + 1 &&
                                answer->request_id() == fmt::format("{}", i);
                     });
    }
    while (done < 500) co_await SleepFor(asking->timers(), milliseconds(1));
    co_return right;
  };
  EXPECT_EQ(client.Run(all(&client)), 500);
}

TEST_P(PipeTest, CarriesAMessageOfManyMegabytesBesideSmallOnes) {
  const std::string listen = Listen();
  EchoServer server(listen);
  EchoClient client({AddressOf(server, listen)});
  const auto answer = client.Ask(kSay, 1, std::string(17'000'000, 'x'));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->request_id().size(), 17'000'000U);
  EXPECT_THAT(client.Ask(kSay, 1, "small"), IsOk());
}

class PipeFailureTest : public ::testing::Test {
 protected:
  const std::string socket_ = NewSocket();
};

TEST_F(PipeFailureTest, AnErrorCarriesItsDetails) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  const auto answer = client.Ask(kFail, 0, "such thing");
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kNotFound, "no such thing"));
  const auto detail = status::Detail<AttemptKey>(answer.status());
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->request_id(), "detail");
}

TEST_F(PipeFailureTest, AnUnknownMethodIsAnsweredByItself) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  EXPECT_THAT(client.Ask({.name = "Fly"}), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(client.Ask({.name = "Count"}), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(client.Ask(kSay), IsOk());
}

TEST_F(PipeFailureTest, AMalformedRequestIsAnsweredByItself) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  const auto answer = client.Run(client.client().Call(
      kSay, api::CallContext{.deadline = client.clock().Monotonic() + seconds(5)},
      std::string("acme"), std::string("\xFF\xFF\xFF")));
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("weir.test.v1.EchoService/Say: 3 bytes")));
  EXPECT_THAT(client.Ask(kSay), IsOk());
}

TEST_F(PipeFailureTest, ATooLargeRequestIsRefusedHere) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  EXPECT_THAT(client.Ask(kSay, 0, std::string(kMaxMessageBytes, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want at most")));
}

TEST_F(PipeFailureTest, ADeadlineEndsTheWaitAndTravels) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  ASSERT_THAT(client.Ask(kSay, 0, "", seconds(3)), IsOk());
  const Duration told = server.echo().last_deadline.load() - client.clock().Monotonic();
  EXPECT_GT(told, seconds(2));
  EXPECT_LE(told, seconds(3));
  EXPECT_THAT(client.Ask(kWait, 5000, "", milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("Wait")));
  // Its answer comes late, and finds nobody.
  EXPECT_THAT(client.Ask(kSay), IsOk());
}

TEST_F(PipeFailureTest, NobodyThereIsToldAfterTheTimeOfPatience) {
  EchoClient client({socket_}, {.patience = milliseconds(200)});
  const MonotonicTime begun = client.clock().Monotonic();
  EXPECT_THAT(client.Ask(kSay), StatusIs(absl::StatusCode::kUnavailable,
                                         AllOf(HasSubstr(kEcho), HasSubstr("cannot be reached"))));
  EXPECT_GE(client.clock().Monotonic() - begun, milliseconds(150));
  const MonotonicTime again = client.clock().Monotonic();
  EXPECT_THAT(client.Ask(kSay), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(client.clock().Monotonic() - again, milliseconds(100));
}

TEST_F(PipeFailureTest, ACallWaitsForAReplicaThatComesSoon) {
  EchoClient client({socket_});
  std::unique_ptr<EchoServer> server;
  std::thread late([&] {
    std::this_thread::sleep_for(milliseconds(300));
    server = std::make_unique<EchoServer>(socket_);
  });
  EXPECT_THAT(client.Ask(kSay), IsOk());
  late.join();
}

TEST_F(PipeFailureTest, ANoticeReachesAllClientsThatAreConnected) {
  EchoServer server(socket_);
  EchoClient first({socket_}), second({socket_});
  for (EchoClient* each : {&first, &second}) ASSERT_THAT(each->Ask(kSay), IsOk());
  server.Notify("lost", "acme");
  server.Notify("lost", "");
  for (EchoClient* each : {&first, &second}) {
    for (int i = 0; i < 100 && each->heard.size() < 3; ++i) each->RunFor(milliseconds(20));
    EXPECT_THAT(each->heard, ElementsAre("up", "lost acme", "lost "));
  }
}

TEST_F(PipeFailureTest, AnIdleClientIsConnectedAgainWithoutACall) {
  auto server = std::make_unique<EchoServer>(socket_);
  EchoClient client({socket_});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  server = nullptr;
  client.RunFor(milliseconds(400));  // Some attempts.
  ASSERT_FALSE(client.client().replicas().any_up());
  server = std::make_unique<EchoServer>(socket_);
  for (int i = 0; i < 40 && !client.client().replicas().any_up(); ++i) {
    client.RunFor(milliseconds(50));
  }
  EXPECT_TRUE(client.client().replicas().any_up());
}

TEST_F(PipeFailureTest, WhatMayBeAskedTwiceIsAskedOfAnotherReplica) {
  const std::string other = NewSocket();
  auto first = std::make_unique<EchoServer>(socket_);
  EchoClient client({socket_});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  std::thread killer([&] {
    while (first->echo().waiting == 0) std::this_thread::sleep_for(milliseconds(1));
    first->Stop(Duration::zero());
    first = std::make_unique<EchoServer>(socket_);
  });
  EXPECT_THAT(client.Ask(kWait, 500), IsOk());
  killer.join();
}

TEST_F(PipeFailureTest, WhatMayNotIsToldToBeLost) {
  auto server = std::make_unique<EchoServer>(socket_);
  EchoClient client({socket_});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  std::thread killer([&] {
    while (server->echo().waiting == 0) std::this_thread::sleep_for(milliseconds(1));
    server->Stop(Duration::zero());
  });
  EXPECT_THAT(client.Ask(kWaitOnce, 5000),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lost before it answered")));
  killer.join();
}

TEST_F(PipeFailureTest, AnOrderlyRestartFailsNoCall) {
  const std::string other = NewSocket();
  auto one = std::make_unique<EchoServer>(socket_);
  EchoServer two(other);
  EchoClient client({socket_, other});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  std::atomic<bool> restarted{false};
  std::thread operator_thread([&] {
    for (int i = 0; i < 3; ++i) {
      one->Stop(seconds(5));
      one = std::make_unique<EchoServer>(socket_);
      std::this_thread::sleep_for(milliseconds(100));
    }
    restarted = true;
  });
  int asked = 0;
  while (!restarted) {
    // Not idempotent: nothing may be lost at all.
    ASSERT_THAT(client.Ask(kWaitOnce, 2), IsOk()) << asked;
    ++asked;
  }
  operator_thread.join();
  EXPECT_GT(asked, 20);
}

TEST_F(PipeFailureTest, EachReplicaTakesItsShare) {
  const std::string other = NewSocket();
  EchoServer one(socket_), two(other);
  EchoClient client({socket_, other});
  client.RunFor(milliseconds(200));
  auto many = [](EchoClient* asking) -> asio::awaitable<int> {
    int done = 0;
    for (int i = 0; i < 400; ++i) {
      asio::co_spawn(asking->io(), asking->AskLater(kSay, 1, "", seconds(5)),
                     [&done](std::exception_ptr, absl::StatusOr<AttemptKey>) { ++done; });
    }
    while (done < 400) co_await SleepFor(asking->timers(), milliseconds(1));
    co_return done;
  };
  client.Run(many(&client));
  EXPECT_GE(one.echo().said, 150);
  EXPECT_GE(two.echo().said, 150);
}

TEST_F(PipeFailureTest, IdleReplicasShareWhatComesInPairs) {
  const std::string other = NewSocket();
  EchoServer one(socket_), two(other);
  EchoClient client({socket_, other});
  client.RunFor(milliseconds(200));
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(client.Ask(kSay), IsOk());
    EXPECT_THAT(client.Ask(kFail), StatusIs(absl::StatusCode::kNotFound));
  }
  EXPECT_GE(one.echo().said, 30);
  EXPECT_GE(two.echo().said, 30);
}

TEST_F(PipeFailureTest, WhatIsAboutOneKeyCanMeetAtOneReplica) {
  const std::string other = NewSocket();
  EchoServer one(socket_);
  auto two = std::make_unique<EchoServer>(other);
  EchoClient client({socket_, other}), reversed({other, socket_});
  client.RunFor(milliseconds(200));
  reversed.RunFor(milliseconds(200));
  const ReplicaSet& replicas = client.client().replicas();
  int at_one = 0;
  for (int i = 0; i < 64; ++i) {
    const std::string key = fmt::format("key {}", i);
    const std::string address = replicas.AddressFor(key);
    EXPECT_EQ(address, reversed.client().replicas().AddressFor(key));
    at_one += address == socket_ ? 1 : 0;
    EXPECT_THAT(client.Run(client.AskLater(kSay, 1, "", seconds(5), address)), IsOk());
  }
  EXPECT_GT(at_one, 10);
  EXPECT_LT(at_one, 54);
  EXPECT_EQ(one.echo().said, at_one);
  EXPECT_EQ(two->echo().said, 64 - at_one);
  // Without it, what is meant for it goes to another.
  two.reset();
  client.RunFor(milliseconds(100));
  EXPECT_THAT(client.Run(client.AskLater(kSay, 1, "", seconds(5), other)), IsOk());
  EXPECT_EQ(one.echo().said, at_one + 1);
  EXPECT_EQ(replicas.AddressFor("any"), socket_);
}

TEST_F(PipeFailureTest, AReplicaOnAnotherStoreIsNotAskedAndAlarms) {
  const std::string other = NewSocket();
  EchoServer one(socket_, "store-1"), two(other, "store-2");
  EchoClient client({socket_, other});
  client.RunFor(milliseconds(300));
  for (int i = 0; i < 20; ++i) EXPECT_THAT(client.Ask(kSay), IsOk());
  EXPECT_TRUE(one.echo().said == 0 || two.echo().said == 0);
  EXPECT_THAT(client.client().replicas().Health(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("store-1"), HasSubstr("store-2"))));
}

TEST_F(PipeFailureTest, AnotherServiceAtTheAddressIsNotTakenForIt) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.patience = milliseconds(100)});
  PipeOptions options{.service = "weir.quota.v1.QuotaService",
                      .addresses = {socket_},
                      .patience = milliseconds(100)};
  Resolver resolver;
  weir::testing::SeededRandom random(1);
  auto wrong = PipeClient::Create(
      options,
      {.loop = client.loop(), .timers = client.timers(), .random = random, .resolver = resolver});
  ASSERT_THAT(wrong, IsOk());
  (*wrong)->Start();
  const auto answer = client.Run(
      (*wrong)->Call(kSay, api::CallContext{.deadline = client.clock().Monotonic() + seconds(2)},
                     std::string("acme"), std::string()));
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PipeFailureTest, LinesOfOrganisationsTakeTurnsWhereThereIsNoRoom) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1});
  auto race = [](EchoClient* asking) -> asio::awaitable<int> {
    int before = 0, greedy = 0;
    bool modest_done = false;
    AttemptKey wait;
    wait.set_attempt(2);
    const std::string bytes = wait.SerializeAsString();
    const auto call = api::CallContext{.deadline = asking->clock().Monotonic() + seconds(5)};
    for (int i = 0; i < 100; ++i) {
      asio::co_spawn(asking->io(), asking->client().Call(kWait, call, "greedy", bytes),
                     [&](std::exception_ptr, PipeResult) {
                       ++greedy;
                       before += !modest_done;
                     });
    }
    asio::co_spawn(asking->io(), asking->client().Call(kWait, call, "modest", bytes),
                   [&](std::exception_ptr, PipeResult) { modest_done = true; });
    while (greedy < 100 || !modest_done) co_await SleepFor(asking->timers(), milliseconds(1));
    co_return before;
  };
  EXPECT_LE(client.Run(race(&client)), 3);
}

TEST_F(PipeFailureTest, WhatDoesNotFitIntoTheLineIsRefused) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1, .max_waiting = 2});
  auto fill = [](EchoClient* asking) -> asio::awaitable<int> {
    int refused = 0, done = 0;
    for (int i = 0; i < 10; ++i) {
      asio::co_spawn(asking->io(), asking->AskLater(kWait, 5, "", seconds(5)),
                     [&](std::exception_ptr, absl::StatusOr<AttemptKey> answer) {
                       ++done;
                       refused += absl::IsUnavailable(answer.status());
                     });
    }
    while (done < 10) co_await SleepFor(asking->timers(), milliseconds(1));
    co_return refused;
  };
  ASSERT_THAT(client.Ask(kSay), IsOk());
  EXPECT_EQ(client.Run(fill(&client)), 7);
}

TEST_F(PipeFailureTest, RefusesWhatThePeerMayNotCall) {
  EchoServer server(socket_, "store-1", [](auto, auto, std::string_view method) {
    return method == "Fail" ? status::PermissionDenied("not {}", method) : absl::OkStatus();
  });
  EchoClient client({socket_});
  EXPECT_THAT(client.Ask(kSay), IsOk());
  EXPECT_THAT(client.Ask(kFail), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(PipeFailureTest, ItsLoopRestsWhileNobodyAsks) {
  EchoServer server(socket_);
  EchoClient client({socket_});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  rusage before{}, after{};
  ::getrusage(RUSAGE_THREAD, &before);
  client.RunFor(seconds(1));
  ::getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 30);
}

}  // namespace
}  // namespace weir::rpc::testing
