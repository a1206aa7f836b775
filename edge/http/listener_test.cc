#include "edge/http/listener.h"

#include "common/testing/fake_timers.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/loopback.h"
#include "edge/testing/recording_handler.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PumpUntil;
using ::weir::edge::testing::RecordingHandler;
using ::weir::edge::testing::Settle;
using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: w\r\n\r\n";

class ListenerTest : public ::testing::Test {
 protected:
  void Open(size_t max_connections = 100) {
    auto opened = Listener::Open(
        loop_, {.host = "127.0.0.1", .port = 0, .max_connections = max_connections}, deps_);
    ASSERT_THAT(opened, IsOk());
    listener_ = *std::move(opened);
    listener_->Start();
  }
  ::testing::AssertionResult Answers(LoopbackClient& client) {
    client.Send(kGet);
    return PumpUntil(loop_, [&] { return client.received().starts_with("HTTP/1.1 200"); });
  }

  asio::io_context loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  Deadlines deadlines_{timers_};
  PeerWatch watch_{timers_};
  HttpLimits limits_;
  RecordingHandler handler_;
  const ConnectionDeps deps_{limits_, deadlines_, watch_, clock_, handler_};
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, ServesManyConnections) {
  Open();
  LoopbackClient first(listener_->port());
  LoopbackClient second(listener_->port());
  EXPECT_TRUE(Answers(first));
  EXPECT_TRUE(Answers(second));
  EXPECT_EQ(listener_->connections(), 2U);
  first.Close();
  EXPECT_TRUE(PumpUntil(loop_, [this] { return listener_->connections() == 1; }));
}

TEST_F(ListenerTest, SaysWhatIsWrongWithTheAddress) {
  EXPECT_THAT(Listener::Open(loop_, {.host = "localhost"}, deps_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("localhost")));
  EXPECT_THAT(Listener::Open(loop_, {.host = "192.0.2.1"}, deps_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("192.0.2.1")));
}

TEST_F(ListenerTest, ConnectionsOverTheBoundWaitForRoom) {
  Open(1);
  LoopbackClient first(listener_->port());
  EXPECT_TRUE(Answers(first));
  LoopbackClient second(listener_->port());
  second.Send(kGet);
  Settle(loop_);
  EXPECT_EQ(second.received(), "");
  first.Close();
  EXPECT_TRUE(PumpUntil(loop_, [&] { return !second.received().empty(); }));
}

TEST_F(ListenerTest, ADrainStopsAcceptingAndEndsIdleConnections) {
  Open();
  LoopbackClient idle(listener_->port());
  EXPECT_TRUE(Answers(idle));
  Settle(loop_);
  const uint16_t port = listener_->port();
  listener_->Drain();
  EXPECT_TRUE(PumpUntil(loop_, [&] { return idle.ended() && listener_->connections() == 0; }));
  EXPECT_FALSE(LoopbackClient(port).connected());
}

TEST_F(ListenerTest, AConnectionThatComesWithTheDrainIsServedItsOneRequest) {
  Open();
  Settle(loop_);
  LoopbackClient accepted(listener_->port());
  loop_.restart();
  while (loop_.poll_one() == 0) loop_.restart();  // One step: it is accepted.
  LoopbackClient queued(listener_->port());       // By the kernel alone.
  listener_->Drain();
  for (LoopbackClient* each : {&accepted, &queued}) {
    each->Send(kGet);
    EXPECT_TRUE(PumpUntil(loop_, [&] { return each->ended(); }));
    EXPECT_THAT(each->received(), HasSubstr("connection: close\r\n"));
  }
  EXPECT_TRUE(PumpUntil(loop_, [&] { return listener_->connections() == 0; }));
}

TEST_F(ListenerTest, CloseAllEndsWhatIsLeft) {
  Open();
  LoopbackClient client(listener_->port());
  client.Send("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_TRUE(PumpUntil(loop_, [this] { return listener_->connections() == 1; }));
  listener_->Drain();
  Settle(loop_);
  EXPECT_EQ(listener_->connections(), 1U);
  listener_->CloseAll();
  EXPECT_TRUE(PumpUntil(loop_, [&] { return client.ended() && listener_->connections() == 0; }));
}

TEST_F(ListenerTest, MayBeDestroyedWithConnectionsOpen) {
  Open();
  LoopbackClient client(listener_->port());
  EXPECT_TRUE(Answers(client));
  listener_.reset();
}

}  // namespace
}  // namespace weir::edge
