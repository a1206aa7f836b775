#include "edge/http/reply_writer.h"

#include <boost/asio/error.hpp>

#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/fake_transport.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::edge::testing::FakeTransport;
using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

constexpr std::string_view kDate = "date: Fri, 21 Nov 2025 10:00:00 GMT\r\n";

class ReplyWriterTest : public ::testing::Test {
 protected:
  absl::Status Send(int status, Headers headers, std::string_view body) {
    return RunUntilDone(writer_.Send(status, std::move(headers), body));
  }
  absl::Status Write(std::string_view data) { return RunUntilDone(writer_.Write(data)); }
  absl::Status End(std::string_view last) { return RunUntilDone(writer_.End(last)); }

  asio::io_context loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  Deadlines deadlines_{timers_};
  FakeTransport transport_;
  Deadlines::Limit limit_{deadlines_, [this] { transport_.Close(); }};
  ReplyWriter writer_{transport_, limit_, std::chrono::seconds(60), clock_};
};

TEST_F(ReplyWriterTest, SendsHeadAndBodyInOneWrite) {
  writer_.Reset(11, false, false);
  EXPECT_THAT(Send(200, {{"content-type", "text/plain"}, {"x-a", "b"}}, "hello"), IsOk());
  EXPECT_EQ(transport_.written, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-a: b\r\n" +
                                    std::string(kDate) + "content-length: 5\r\n\r\nhello");
  EXPECT_EQ(transport_.writes, 1);
  EXPECT_TRUE(writer_.begun());
  EXPECT_TRUE(writer_.ended());
  EXPECT_TRUE(writer_.reusable());
}

TEST_F(ReplyWriterTest, TheLastAnswerSaysClose) {
  writer_.Reset(11, false, true);
  EXPECT_THAT(Send(400, {}, "x"), IsOk());
  EXPECT_THAT(transport_.written, HasSubstr("connection: close\r\n"));
  EXPECT_FALSE(writer_.reusable());
}

TEST_F(ReplyWriterTest, CloseAfterTheHeadStillClosesTheConnection) {
  writer_.Reset(11, false, false);
  writer_.Begin(200, {});
  writer_.CloseAfter();
  EXPECT_THAT(End("x"), IsOk());
  EXPECT_TRUE(writer_.ended());
  EXPECT_FALSE(writer_.reusable());
}

TEST_F(ReplyWriterTest, HeadGetsTheLengthWithoutTheBody) {
  writer_.Reset(11, true, false);
  EXPECT_THAT(Send(200, {}, "hello"), IsOk());
  EXPECT_THAT(transport_.written, HasSubstr("content-length: 5\r\n\r\n"));
  EXPECT_TRUE(transport_.written.ends_with("\r\n\r\n"));
  EXPECT_TRUE(writer_.reusable());
}

TEST_F(ReplyWriterTest, HeadGetsNoPieceOfAStreamEither) {
  writer_.Reset(11, true, false);
  writer_.Begin(200, {});
  EXPECT_THAT(Write("one"), IsOk());
  EXPECT_THAT(End("two"), IsOk());
  EXPECT_TRUE(transport_.written.ends_with("\r\n\r\n"));
  EXPECT_THAT(transport_.written, Not(HasSubstr("one")));
  EXPECT_EQ(transport_.written.find("\r\n\r\n"), transport_.written.size() - 4);
}

// RFC 9110, 8.6: no Content-Length in an answer without content.
TEST_F(ReplyWriterTest, NoContentHasNoLength) {
  writer_.Reset(11, false, false);
  EXPECT_THAT(Send(204, {{"x-a", "b"}}, {}), IsOk());
  EXPECT_THAT(transport_.written, Not(HasSubstr("content-length")));
  EXPECT_TRUE(transport_.written.ends_with("\r\n\r\n"));
  EXPECT_TRUE(writer_.reusable());
}

TEST_F(ReplyWriterTest, StreamsInChunksWithTheHeadBeforeTheFirst) {
  writer_.Reset(11, false, false);
  writer_.Begin(200, {{"content-type", "text/event-stream"}});
  EXPECT_TRUE(writer_.begun());
  EXPECT_EQ(transport_.writes, 0);
  EXPECT_THAT(Write("data: one\n\n"), IsOk());
  EXPECT_EQ(transport_.Take(), "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" +
                                   std::string(kDate) +
                                   "transfer-encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n");
  EXPECT_THAT(Write(std::string(255, 'x')), IsOk());
  EXPECT_EQ(transport_.Take(), "ff\r\n" + std::string(255, 'x') + "\r\n");
  EXPECT_THAT(End("last"), IsOk());
  EXPECT_EQ(transport_.Take(), "4\r\nlast\r\n0\r\n\r\n");
  EXPECT_TRUE(writer_.reusable());
}

TEST_F(ReplyWriterTest, AnEmptyPieceIsNotTheLastChunk) {
  writer_.Reset(11, false, false);
  writer_.Begin(200, {});
  EXPECT_THAT(Write({}), IsOk());
  EXPECT_EQ(transport_.written, "");
  EXPECT_THAT(End({}), IsOk());
  EXPECT_TRUE(transport_.written.ends_with("transfer-encoding: chunked\r\n\r\n0\r\n\r\n"));
}

TEST_F(ReplyWriterTest, Http10IsNeverChunkedAndCloses) {
  writer_.Reset(10, false, false);
  writer_.Begin(200, {});
  EXPECT_THAT(Write("one"), IsOk());
  EXPECT_THAT(End("two"), IsOk());
  EXPECT_THAT(transport_.written, Not(HasSubstr("chunked")));
  EXPECT_THAT(transport_.written, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(transport_.written.ends_with("\r\n\r\nonetwo"));
  EXPECT_FALSE(writer_.reusable());
}

TEST_F(ReplyWriterTest, Http10KeepsAliveWhereAskedAndTheLengthIsKnown) {
  writer_.Reset(10, false, false);
  EXPECT_THAT(Send(200, {}, "x"), IsOk());
  EXPECT_THAT(transport_.written, HasSubstr("connection: keep-alive\r\n"));
  EXPECT_TRUE(writer_.reusable());
}

TEST_F(ReplyWriterTest, AFailedWriteEndsEverything) {
  writer_.Reset(11, false, false);
  transport_.fail_with = asio::error::connection_reset;
  EXPECT_THAT(Send(200, {}, "x"), StatusIs(absl::StatusCode::kCancelled));
  transport_.fail_with = {};
  EXPECT_THAT(Write("x"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(transport_.writes, 1);
  EXPECT_FALSE(writer_.ended());
  EXPECT_FALSE(writer_.reusable());
}

TEST_F(ReplyWriterTest, BreakClosesWithoutEndingTheBody) {
  writer_.Reset(11, false, false);
  writer_.Begin(200, {});
  EXPECT_THAT(Write("one"), IsOk());
  writer_.Break();
  EXPECT_TRUE(transport_.closed);
  EXPECT_TRUE(transport_.written.ends_with("3\r\none\r\n"));
  EXPECT_THAT(End({}), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(writer_.reusable());
}

TEST_F(ReplyWriterTest, ResetBeginsANewAnswer) {
  writer_.Reset(11, false, false);
  EXPECT_THAT(Send(200, {}, "one"), IsOk());
  transport_.Take();
  clock_.Advance(std::chrono::seconds(3));
  writer_.Reset(11, false, false);
  EXPECT_FALSE(writer_.begun());
  EXPECT_FALSE(writer_.ended());
  EXPECT_THAT(Send(404, {}, "two"), IsOk());
  EXPECT_EQ(transport_.written,
            "HTTP/1.1 404 Not Found\r\ndate: Fri, 21 Nov 2025 10:00:03 GMT\r\n"
            "content-length: 3\r\n\r\ntwo");
}

TEST_F(ReplyWriterTest, TheLimitRunsOnlyWhileItWrites) {
  writer_.Reset(11, false, false);
  EXPECT_THAT(Send(200, {}, "x"), IsOk());
  timers_.Advance(std::chrono::hours(1), loop_);
  EXPECT_FALSE(transport_.closed);
}

}  // namespace
}  // namespace weir::edge
