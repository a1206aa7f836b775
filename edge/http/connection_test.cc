#include "edge/http/connection.h"

#include "common/testing/fake_timers.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/loopback.h"
#include "edge/testing/recording_handler.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::weir::edge::testing::LoopbackAcceptor;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PumpUntil;
using ::weir::edge::testing::RecordingHandler;
using ::weir::edge::testing::Settle;
using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;
using ::weir::testing::StatusIs;

using std::chrono::milliseconds;
using std::chrono::seconds;

size_t Count(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// One connection, both ends on this thread, on virtual time.
class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.emplace(acceptor_.port());
    connection_ = Connection::Create(NewPlainTransport(acceptor_.Accept()),
                                     asio::ip::make_address("127.0.0.1"), false, deps_);
    asio::co_spawn(loop_, connection_->Run(), [this](std::exception_ptr) { over_ = true; });
  }

  // Sends `request`, waits for `answers` answers in all.
  std::string Ask(std::string_view request, size_t answers = 1) {
    client_->Send(request);
    EXPECT_TRUE(PumpUntil(loop_, [&] {
      return client_->ended() || (Count(client_->received(), "HTTP/1.1 ") >= answers &&
                                  client_->received().find("\r\n\r\n") != std::string::npos);
    })) << request;
    return client_->Take();
  }
  ::testing::AssertionResult Ended() {
    return PumpUntil(loop_, [this] { return client_->ended() && over_; });
  }
  void Advance(Duration step) { timers_.Advance(step, loop_); }

  asio::io_context loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  Deadlines deadlines_{timers_};
  PeerWatch watch_{timers_};
  HttpLimits limits_{.max_head = 2'000};
  RecordingHandler handler_;
  const ConnectionDeps deps_{limits_, deadlines_, watch_, clock_, handler_};
  LoopbackAcceptor acceptor_{loop_};
  std::optional<LoopbackClient> client_;
  std::shared_ptr<Connection> connection_;
  bool over_ = false;
};

TEST_F(ConnectionTest, ServesRequestsOneAfterTheOther) {
  for (int i = 0; i < 3; ++i) {
    const std::string answer =
        Ask("POST /a?b=c HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
    EXPECT_THAT(answer, Not(HasSubstr("connection: close")));
  }
  ASSERT_THAT(handler_.seen, SizeIs(3));
  EXPECT_EQ(handler_.seen[0].method, "POST");
  EXPECT_EQ(handler_.seen[0].path, "/a");
  EXPECT_EQ(handler_.seen[0].query, "b=c");
  EXPECT_EQ(handler_.seen[2].body, "hello");
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  const std::string answers =
      Ask("POST /1 HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\n\r\none"
          "POST /2 HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
          "GET /3 HTTP/1.1\r\nHost: w\r\n\r\n"
          "POST /4 HTTP/1.1\r\nHost: w\r\nContent-Length: 4\r\n\r\nfour",
          4);
  ASSERT_THAT(handler_.seen, SizeIs(4));
  EXPECT_EQ(handler_.seen[0].body, "one");
  EXPECT_EQ(handler_.seen[1].body, "two");
  EXPECT_EQ(handler_.seen[2].body, "");
  EXPECT_EQ(handler_.seen[3].body, "four");
  EXPECT_LT(answers.find("one"), answers.find("two"));
  EXPECT_LT(answers.find("two"), answers.find("four"));
}

TEST_F(ConnectionTest, ReadsARequestInSmallPieces) {
  for (const char each : std::string_view("POST /x HTTP/1.1\r\nHost: w\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n"
                                          "5\r\nhello\r\n0\r\nX: y\r\n\r\n")) {
    client_->Send({&each, 1});
    Settle(loop_);
  }
  ASSERT_TRUE(PumpUntil(loop_, [&] { return !client_->received().empty(); }));
  ASSERT_THAT(handler_.seen, SizeIs(1));
  EXPECT_EQ(handler_.seen[0].body, "hello");
}

TEST_F(ConnectionTest, ABodyLargerThanTheBufferArrivesWhole) {
  handler_.limit = 1 << 20;
  const std::string body(300'000, 'x');
  client_->Send(
      fmt::format("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: {}\r\n\r\n", body.size()));
  // The pieces fit the socket's buffers.
  for (size_t at = 0; at < body.size(); at += 30'000) {
    client_->Send(std::string_view(body).substr(at, 30'000));
    Settle(loop_);
  }
  ASSERT_TRUE(PumpUntil(loop_, [&] { return handler_.seen.size() == 1; }));
  EXPECT_EQ(handler_.seen[0].body, body);
  ASSERT_TRUE(PumpUntil(loop_, [&] { return client_->received().size() > body.size(); }));
  client_->Take();
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: w\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ConnectionTest, AnswersExpectationsBeforeTheBody) {
  client_->Send("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(PumpUntil(loop_, [&] { return !client_->received().empty(); }));
  EXPECT_EQ(client_->Take(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(handler_.seen, IsEmpty());
  EXPECT_THAT(Ask("hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(handler_.seen[0].body, "hello");
}

TEST_F(ConnectionTest, AnExpectedBodyThatIsTooLargeIsRefusedInstead) {
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 1001\r\n"
                  "Expect: 100-continue\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(ConnectionTest, Http10ClosesUnlessAskedNotTo) {
  EXPECT_THAT(Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_THAT(Ask("GET / HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(Ended());
  EXPECT_EQ(handler_.seen[1].version, 10);
}

TEST_F(ConnectionTest, CloseIsHonoured) {
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"),
              HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, HeadHasNoBody) {
  const std::string answer = Ask("HEAD / HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(answer, HasSubstr("content-length: 2\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: w\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ConnectionTest, TakesTheAbsoluteForm) {
  Ask("GET http://weir:80/v1/models?x=1 HTTP/1.1\r\nHost: w\r\n\r\n");
  Ask("GET HTTPS://weir HTTP/1.1\r\nHost: w\r\n\r\n");
  ASSERT_THAT(handler_.seen, SizeIs(2));
  EXPECT_EQ(handler_.seen[0].path, "/v1/models");
  EXPECT_EQ(handler_.seen[0].query, "x=1");
  EXPECT_EQ(handler_.seen[1].path, "/");
}

TEST_F(ConnectionTest, RefusesATargetThatIsNoPath) {
  EXPECT_THAT(Ask("CONNECT weir:443 HTTP/1.1\r\nHost: w\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, AMalformedHeadIs400AndTheRestIsNotRead) {
  const std::string answer =
      Ask("GET / HTTP/1.1\r\nHost : w\r\n\r\nGET / HTTP/1.1\r\nHost: w\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("before the colon"));
  EXPECT_EQ(Count(answer, "HTTP/1.1 "), 1U);
  EXPECT_THAT(handler_.seen, IsEmpty());
}

TEST_F(ConnectionTest, BareLineFeedsAreAnsweredAtOnce) {
  EXPECT_THAT(Ask("GET / HTTP/1.1\nHost: w\n\n"), StartsWith("HTTP/1.1 400 "));
}

// The client has sent all of its large head before it reads: it must still see why.
TEST_F(ConnectionTest, AnOversizedHeadIsAnsweredReadably) {
  const std::string answer =
      Ask("GET / HTTP/1.1\r\nHost: w\r\nX: " + std::string(60'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("over 2000 bytes"));
  EXPECT_THAT(handler_.refused, ElementsAre(StatusIs(absl::StatusCode::kOutOfRange)));
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
  EXPECT_FALSE(client_->was_reset());
}

TEST_F(ConnectionTest, AHeadOfTheLargestSizeIsServed) {
  std::string head = "GET / HTTP/1.1\r\nHost: w\r\nX: ";
  head += std::string(limits_.max_head - head.size() - 4, 'x') + "\r\n\r\n";
  EXPECT_THAT(Ask(head), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: w\r\nXX" + head.substr(25)), HasSubstr("over 2000"));
}

TEST_F(ConnectionTest, AnOversizedBodyIsAnsweredReadably) {
  const std::string answer =
      Ask("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 50000\r\n\r\n" + std::string(50'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
  EXPECT_FALSE(client_->was_reset());
  EXPECT_THAT(handler_.seen, IsEmpty());
}

TEST_F(ConnectionTest, AnOversizedChunkedBodyIsAnsweredReadably) {
  std::string body;
  for (int i = 0; i < 40; ++i) body += "20\r\n" + std::string(32, 'x') + "\r\n";
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n" + body),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(handler_.seen, IsEmpty());
}

TEST_F(ConnectionTest, AMalformedChunkIs400) {
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(handler_.seen, IsEmpty());
}

TEST_F(ConnectionTest, ASlowHeadIsClosedByItsLimit) {
  client_->Send("GET / HTTP/1.1\r\nHost: w\r\n");
  Settle(loop_);
  for (int i = 0; i < 9; ++i) {
    client_->Send("X: y\r\n");  // Bytes do not buy time.
    Settle(loop_);
    Advance(seconds(1));
  }
  EXPECT_FALSE(client_->ended());
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, ASilentBodyIsAnsweredAndClosed) {
  client_->Send("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nhalf");
  Settle(loop_);
  Advance(seconds(59));
  EXPECT_FALSE(client_->ended());
  Advance(seconds(1));
  EXPECT_TRUE(PumpUntil(loop_, [this] { return !client_->received().empty(); }));
  EXPECT_THAT(client_->Take(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
  EXPECT_THAT(handler_.seen, IsEmpty());
}

// A byte now and then must not hold a connection for ever, however the body is framed.
TEST_F(ConnectionTest, ABodyThatTricklesIsAnsweredAndClosed) {
  for (const std::string_view framing : {"Content-Length: 900", "Transfer-Encoding: chunked"}) {
    SCOPED_TRACE(framing);
    if (over_) {
      over_ = false;
      SetUp();
    }
    client_->Send(fmt::format("POST / HTTP/1.1\r\nHost: w\r\n{}\r\n\r\n", framing));
    int sent = 0;
    for (; sent < 20 && client_->received().empty(); ++sent) {
      client_->Send(framing.starts_with('C') ? "x" : "1\r\nx\r\n");
      Settle(loop_);
      Advance(seconds(10));
      Settle(loop_);
    }
    EXPECT_THAT(client_->Take(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_EQ(sent, 6);
    Advance(seconds(1));
    EXPECT_TRUE(Ended());
  }
  EXPECT_THAT(handler_.seen, IsEmpty());
}

// A large body over a slow line has its time.
TEST_F(ConnectionTest, WhatComesEarnsTimeForTheRest) {
  handler_.limit = 16 << 20;
  const std::string piece(400'000, 'x');  // Some 12 seconds' worth.
  client_->Send(
      fmt::format("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: {}\r\n\r\n", 20 * piece.size()));
  for (size_t i = 1; i <= 20; ++i) {
    for (size_t at = 0; at < piece.size(); at += 20'000) {
      client_->Send(std::string_view(piece).substr(at, 20'000));
      Settle(loop_);
    }
    Advance(seconds(10));
  }
  ASSERT_TRUE(PumpUntil(loop_, [this] { return !handler_.seen.empty(); }));
  EXPECT_EQ(handler_.seen[0].body.size(), 20 * piece.size());
}

TEST_F(ConnectionTest, AnIdleConnectionIsClosedByItsLimit) {
  Ask("GET / HTTP/1.1\r\nHost: w\r\n\r\n");
  Advance(seconds(74));
  EXPECT_FALSE(client_->ended());
  Advance(seconds(1));
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, AClientThatLeavesEndsTheConnection) {
  client_->Send("POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nhalf");
  Settle(loop_);
  client_->Close();
  EXPECT_TRUE(PumpUntil(loop_, [this] { return over_; }));
  EXPECT_THAT(handler_.seen, IsEmpty());
  EXPECT_THAT(handler_.refused, IsEmpty());
}

// --- While an answer is being made ---

asio::awaitable<void> WaitFor(bool* go) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!*go) {
    pause.expires_after(milliseconds(1));
    co_await pause.async_wait(kTuple);
  }
}
asio::awaitable<void> AnswerWhen(bool* go, Exchange* exchange) {
  co_await WaitFor(go);
  std::ignore = co_await exchange->reply->Send(200, {}, "late");
}

class BusyConnectionTest : public ConnectionTest {
 protected:
  void SetUp() override {
    ConnectionTest::SetUp();
    handler_.answer = [this](Exchange* exchange) {
      exchange->on_client_gone = [this] { ++told_; };
      exchange_ = exchange;
      return AnswerWhen(&go_, exchange);
    };
    client_->Send("GET / HTTP/1.1\r\nHost: w\r\n\r\n");
    ASSERT_TRUE(PumpUntil(loop_, [this] { return handler_.serving == 1; }));
  }

  bool go_ = false;
  int told_ = 0;
  Exchange* exchange_ = nullptr;
};

TEST_F(BusyConnectionTest, TheHandlerIsToldOnceThatTheClientLeft) {
  client_->Close();
  Advance(milliseconds(250));
  EXPECT_EQ(told_, 1);
  EXPECT_TRUE(exchange_->client_gone);
  Advance(seconds(5));
  EXPECT_EQ(told_, 1);
  go_ = true;
  EXPECT_TRUE(PumpUntil(loop_, [this] { return over_; }));
}

TEST_F(BusyConnectionTest, AClientThatWaitsIsNotGone) {
  Advance(seconds(300));
  EXPECT_EQ(told_, 0);
  go_ = true;
  EXPECT_TRUE(PumpUntil(loop_, [&] { return client_->received().ends_with("late"); }));
}

TEST_F(BusyConnectionTest, ADrainLetsTheAnswerEndAndThenCloses) {
  connection_->Drain();
  Settle(loop_);
  EXPECT_FALSE(client_->ended());
  go_ = true;
  EXPECT_TRUE(Ended());
  EXPECT_THAT(client_->received(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client_->received().ends_with("late"));
}

TEST_F(BusyConnectionTest, CloseEndsItAtOnceAndTellsTheHandler) {
  connection_->Close();
  Advance(milliseconds(250));
  EXPECT_EQ(told_, 1);
  EXPECT_TRUE(client_->ended());
  go_ = true;
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, ADrainClosesAnIdleConnectionAtOnce) {
  Ask("GET / HTTP/1.1\r\nHost: w\r\n\r\n");
  Settle(loop_);
  connection_->Drain();
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, ADrainLetsARequestThatHasBegunBeServed) {
  client_->Send("GET / HTTP/1.1\r\nHo");
  Settle(loop_);
  connection_->Drain();
  EXPECT_THAT(Ask("st: w\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(Ended());
  EXPECT_THAT(handler_.seen, SizeIs(1));
}

asio::awaitable<void> AnswerLong(Exchange* exchange) {
  const std::string piece(100'000, 'x');
  exchange->reply->Begin(200, {});
  for (;;) {
    const absl::Status wrote = co_await exchange->reply->Write(piece);
    if (!wrote.ok()) break;
  }
}

TEST_F(ConnectionTest, AClientThatDoesNotReadIsClosedByTheWriteLimit) {
  handler_.answer = [](Exchange* exchange) { return AnswerLong(exchange); };
  client_->Send("GET / HTTP/1.1\r\nHost: w\r\n\r\n");
  ASSERT_TRUE(PumpUntil(loop_, [this] { return handler_.serving == 1; }));
  Settle(loop_);
  Advance(seconds(59));
  EXPECT_FALSE(over_);
  Advance(seconds(2));
  EXPECT_TRUE(PumpUntil(loop_, [this] { return over_; }));
}

// A write to a connection that its client has reset is an error, not the end of the process.
TEST_F(ConnectionTest, AResetWhileWritingIsSurvived) {
  handler_.answer = [](Exchange* exchange) { return AnswerLong(exchange); };
  client_->Send("GET / HTTP/1.1\r\nHost: w\r\n\r\n");
  ASSERT_TRUE(PumpUntil(loop_, [this] { return handler_.serving == 1; }));
  client_->Reset();
  EXPECT_TRUE(PumpUntil(loop_, [this] { return over_; }));
}

}  // namespace
}  // namespace weir::edge
