// What waits for a replica, or for room at one: it goes on, or is told why not.
#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "common/rpc/pipe_fixture.h"
#include "common/testing/scoped_log.h"
#include "common/testing/status_matchers.h"

namespace weir::rpc::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using weir::testing::IsOk;
using weir::testing::StatusIs;

class PipeWaitTest : public ::testing::Test {
 protected:
  // Begins a call that is not waited for.
  static void Begin(EchoClient& client, PipeMethod method, uint32_t attempt, Duration timeout) {
    asio::co_spawn(client.io(), client.AskLater(method, attempt, "", timeout), asio::detached);
  }

  const std::string socket_ = NewSocket();
};

TEST_F(PipeWaitTest, RoomOfACallThatWasGivenUpIsTakenByTheNext) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  Begin(client, kWait, 5000, milliseconds(100));
  Begin(client, kSay, 0, milliseconds(50));
  client.RunFor(milliseconds(20));
  // Waits until the first is given up, though nothing is answered by then.
  const auto answer = client.Ask(kSay, 0, "", seconds(2));
  EXPECT_THAT(answer, IsOk());
  EXPECT_THAT(client.Ask(kSay, 0, "", seconds(2)), IsOk());
}

TEST_F(PipeWaitTest, WhatIsNotUrgentLeavesRoomForWhatIs) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 2});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  PipeMethod slow = kWait;
  slow.urgent = false;
  // The first takes what there is for its kind, the others wait.
  for (int i = 0; i < 3; ++i) Begin(client, slow, 5000, seconds(10));
  client.RunFor(milliseconds(20));
  EXPECT_THAT(client.Ask(kSay, 0, "", seconds(2)), IsOk());
  PipeMethod patient = kSay;
  patient.urgent = false;
  EXPECT_THAT(client.Ask(patient, 0, "", milliseconds(100)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(PipeWaitTest, ACancelledCallLeavesItsRoomToTheNext) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  asio::cancellation_signal cancel;
  bool over = false;
  asio::co_spawn(client.io(), client.AskLater(kWait, 5000, "", seconds(10)),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](std::exception_ptr, const auto&) { over = true; }));
  client.RunFor(milliseconds(20));
  Begin(client, kSay, 0, seconds(2));
  client.RunFor(milliseconds(20));
  EXPECT_EQ(server.echo().said, 1);
  cancel.emit(asio::cancellation_type::terminal);
  client.RunFor(milliseconds(50));
  EXPECT_TRUE(over);
  EXPECT_EQ(server.echo().said, 2);
}

TEST_F(PipeWaitTest, WhatWaitsForRoomHearsOfTheLossOfAllAfterTheTimeOfPatience) {
  auto server = std::make_unique<EchoServer>(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1, .patience = milliseconds(200)});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  client.RunFor(milliseconds(300));
  Begin(client, kWaitOnce, 5000, seconds(10));
  client.RunFor(milliseconds(20));
  std::thread killer([&] {
    std::this_thread::sleep_for(milliseconds(100));
    server->Stop(Duration::zero());
  });
  const MonotonicTime begun = client.clock().Monotonic();
  const PipeMethod patient{.name = "Say", .timeout = seconds(8)};
  EXPECT_THAT(client.Ask(patient, 0, "", seconds(8)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(client.clock().Monotonic() - begun, seconds(3));
  killer.join();
}

TEST_F(PipeWaitTest, AReplicaOnAnotherStoreIsAskedOnceTheOthersAreGoneForLong) {
  const std::string other = NewSocket();
  auto first = std::make_unique<EchoServer>(socket_, "store-1");
  EchoClient client({socket_, other}, {.patience = milliseconds(200)});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  EchoServer second(other, "store-2");
  client.RunFor(milliseconds(1200));
  first->Stop(Duration::zero());
  // Its own store may come back: that is waited for.
  EXPECT_THAT(client.Ask(kSay, 0, "", milliseconds(100)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(client.Ask(kSay, 0, "", seconds(2)), IsOk());
  EXPECT_THAT(client.client().replicas().Health(), IsOk());
}

TEST_F(PipeWaitTest, AStreamNeedsNoRoomOfCalls) {
  EchoServer server(socket_);
  EchoClient client({socket_}, {.max_in_flight = 1});
  ASSERT_THAT(client.Ask(kSay), IsOk());
  Begin(client, kWait, 5000, seconds(5));
  client.RunFor(milliseconds(20));
  EXPECT_NE(client.client().replicas().AnyChannel(), nullptr);
}

TEST_F(PipeWaitTest, AServerThatLeavesIsLeftAlone) {
  const weir::testing::ScopedLog log;
  EchoServer server(socket_);
  EchoClient busy({socket_}), idle({socket_});
  ASSERT_THAT(busy.Ask(kSay), IsOk());
  ASSERT_THAT(idle.Ask(kSay), IsOk());
  Begin(busy, kWaitOnce, 1500, seconds(5));
  busy.RunFor(milliseconds(50));
  std::thread leaving([&] { server.Stop(seconds(5)); });
  idle.RunFor(milliseconds(1000));
  busy.RunFor(milliseconds(1000));
  leaving.join();
  // One line for each client: none came back while the server waited for its last answer.
  EXPECT_THAT(log.WithEvent("rpc.replica.up"), ::testing::SizeIs(2));
}

}  // namespace
}  // namespace weir::rpc::testing
