#include "edge/upstream/upstream_call.h"

#include <boost/asio/write.hpp>

#include "edge/testing/gzip.h"
#include "edge/testing/loopback.h"
#include "edge/testing/upstream_fixture.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::weir::edge::testing::Answer;
using ::weir::edge::testing::Called;
using ::weir::edge::testing::Gzip;
using ::weir::edge::testing::PumpUntil;
using ::weir::edge::testing::ScriptedServer;
using ::weir::edge::testing::UpstreamFixture;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

using std::chrono::milliseconds;
using std::chrono::seconds;

class UpstreamCallTest : public UpstreamFixture {};

// --- Framing ---

struct AnswerCase {
  std::string_view name;
  std::string bytes;
  int http_status;
  std::string body;
  bool kept;  // The connection serves the next call.
};
class AnswerTest : public UpstreamFixture, public ::testing::WithParamInterface<AnswerCase> {};

TEST_P(AnswerTest, IsRead) {
  const AnswerCase& each = GetParam();
  ScriptedServer server({{{each.bytes}, {Answer("next")}}, {{Answer("next")}}});
  auto pool = Pool(server.url());
  const Called called = Call(pool);
  ASSERT_THAT(called.started, IsOk());
  EXPECT_THAT(called.read, IsOk());
  EXPECT_EQ(called.http_status, each.http_status);
  EXPECT_EQ(called.body, each.body);
  EXPECT_EQ(pool->open(), each.kept ? 1U : 0U);
  EXPECT_EQ(Call(pool).body, "next");
  EXPECT_EQ(server.connections(), each.kept ? 1 : 2);
}
std::string Gzipped(std::string_view text, std::string_view headers = "") {
  const std::string packed = Gzip(text);
  return Answer(packed, "content-encoding: gzip\r\n" + std::string(headers));
}
std::string GzippedChunks(std::string_view text) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char each : Gzip(text)) out += "1\r\n" + std::string(1, each) + "\r\n";
  return out + "0\r\n\r\n";
}
INSTANTIATE_TEST_SUITE_P(
    Answers, AnswerTest,
    ::testing::ValuesIn<AnswerCase>({
        {"Length", Answer("hello"), 200, "hello", true},
        {"LengthZero", Answer(""), 200, "", true},
        {"Chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         200, "hello", true},
        {"ChunkedWithTrailers",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nA: b\r\n\r\n",
         200, "hello", true},
        {"Close", Answer("hello", "connection: close\r\n"), 200, "hello", false},
        {"Http10", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
        {"Continue", "HTTP/1.1 100 Continue\r\n\r\n" + Answer("hello"), 200, "hello", true},
        {"EarlyHints",
         "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
             Answer("hello"),
         200, "hello", true},
        {"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
        {"NoContentWithLength", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "",
         true},
        {"NotModified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 304, "", true},
        {"Error", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}", 429, "{}", true},
        {"EncodedAsIdentity", Answer("hello", "content-encoding: identity\r\n"), 200, "hello",
         true},
        {"Gzip", Gzipped("hello hello hello"), 200, "hello hello hello", true},
        {"GzipInChunksOfOneByte", GzippedChunks("hello hello"), 200, "hello hello", true},
        {"GzipOfExactlyOneBuffer", GzippedChunks(std::string(16 * 1024, 'x')), 200,
         std::string(16 * 1024, 'x'), true},
        {"Large", Answer(std::string(1'000'000, 'x')), 200, std::string(1'000'000, 'x'), true},
        {"MoreThanItsLength", Answer("hello") + "surplus", 200, "hello", false},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(UpstreamCallTest, WithoutAnyFramingTheCloseEndsTheBody) {
  ScriptedServer server({{{"HTTP/1.1 200 OK\r\n\r\nhello"}}});
  const Called called = Call(Pool(server.url()));
  EXPECT_THAT(called.read, IsOk());
  EXPECT_EQ(called.body, "hello");
}

struct BrokenCase {
  std::string_view name;
  std::string bytes;
  absl::StatusCode started, read;
};
class BrokenAnswerTest : public UpstreamFixture,
                         public ::testing::WithParamInterface<BrokenCase> {};

TEST_P(BrokenAnswerTest, IsAnError) {
  ScriptedServer server({{{GetParam().bytes}}});
  auto pool = Pool(server.url());
  const Called called = Call(pool);
  EXPECT_THAT(called.started, StatusIs(GetParam().started));
  EXPECT_THAT(called.read, StatusIs(GetParam().read));
  EXPECT_TRUE(called.dispatched);
  EXPECT_EQ(server.connections(), 1) << "only a kept connection is replaced";
}
using absl::StatusCode;
INSTANTIATE_TEST_SUITE_P(
    Answers, BrokenAnswerTest,
    ::testing::ValuesIn<BrokenCase>({
        {"Nothing", "", StatusCode::kUnavailable, StatusCode::kOk},
        {"HalfAHead", "HTTP/1.1 200 OK\r\nConte", StatusCode::kUnavailable, StatusCode::kOk},
        {"OnlyContinue", "HTTP/1.1 100 Continue\r\n\r\n", StatusCode::kUnavailable,
         StatusCode::kOk},
        {"NotHttp", "SSH-2.0-OpenSSH\r\n\r\n", StatusCode::kInternal, StatusCode::kOk},
        {"EndlessHead", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), StatusCode::kInternal,
         StatusCode::kOk},
        {"HalfTheLength", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", StatusCode::kOk,
         StatusCode::kDataLoss},
        {"NoLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
         StatusCode::kOk, StatusCode::kDataLoss},
        {"HalfAChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
         StatusCode::kOk, StatusCode::kDataLoss},
        {"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
         StatusCode::kOk, StatusCode::kInternal},
        {"LengthAndChunked",
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         StatusCode::kInternal, StatusCode::kOk},
        {"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
         StatusCode::kInternal, StatusCode::kOk},
        {"LengthNoNumber", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
         StatusCode::kInternal, StatusCode::kOk},
        {"LengthBeyondReason",
         "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
         StatusCode::kInternal, StatusCode::kOk},
        {"OtherCoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         StatusCode::kInternal, StatusCode::kOk},
        {"Brotli", Answer("xxx", "content-encoding: br\r\n"), StatusCode::kInternal,
         StatusCode::kOk},
        {"GzipThatIsNone", Answer("hello", "content-encoding: gzip\r\n"), StatusCode::kOk,
         StatusCode::kInternal},
        {"GzipCut", Answer(Gzip("hello hello").substr(0, 12), "content-encoding: gzip\r\n"),
         StatusCode::kOk, StatusCode::kDataLoss},
        {"GzipCutByTheClose",
         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + Gzip("hello hello").substr(0, 12),
         StatusCode::kOk, StatusCode::kDataLoss},
        {"GzipBomb", Gzipped(std::string(50'000'000, 'x')), StatusCode::kOk, StatusCode::kInternal},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(UpstreamCallTest, AResetIsAnError) {
  ScriptedServer server(
      {{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", .reset = true}}});
  const Called called = Call(Pool(server.url()));
  const absl::Status& failed = called.started.ok() ? called.read : called.started;
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(UpstreamCallTest, SendsHeadAndBodyAsTheyAre) {
  ScriptedServer server({{{Answer("ok")}}});
  Call(Pool(server.url()), R"({"model":"m"})");
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(server.requests()[0],
            "POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\n"
            "content-type: application/json\r\ncontent-length: 13\r\n\r\n{\"model\":\"m\"}");
}

TEST_F(UpstreamCallTest, ALargeBodyGoesOutWhole) {
  ScriptedServer server({{{Answer("ok")}}});
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(Call(Pool(server.url()), body).body, "ok");
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_TRUE(server.requests()[0].ends_with(body));
}

// --- Kept connections ---

TEST_F(UpstreamCallTest, AConnectionServesManyCalls) {
  ScriptedServer server({{{Answer("1")}, {Answer("2")}, {Answer("3")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_EQ(Call(pool).body, "2");
  EXPECT_EQ(Call(pool).body, "3");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(UpstreamCallTest, AConnectionClosedWhileItIdledIsNotUsed) {
  ScriptedServer server({{{Answer("1")}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  std::this_thread::sleep_for(milliseconds(20));  // The close arrives.
  EXPECT_EQ(Call(pool).body, "2");
  EXPECT_THAT(server.requests(), SizeIs(2));
  EXPECT_EQ(pool->open(), 0U + 1U);
}

// The upstream closes as the request is on its way: it has not begun to answer, a new connection
// takes its place.
TEST_F(UpstreamCallTest, AKeptConnectionThatClosesOnTheRequestIsReplacedOnce) {
  ScriptedServer server({{{Answer("1")}, {""}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_EQ(Call(pool).body, "2");
  EXPECT_EQ(server.connections(), 2);
}
TEST_F(UpstreamCallTest, AKeptConnectionThatResetsOnTheRequestIsReplacedOnce) {
  ScriptedServer server({{{Answer("1")}, {.bytes = "", .reset = true}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_EQ(Call(pool).body, "2");
}
TEST_F(UpstreamCallTest, TheReplacementIsNotReplaced) {
  ScriptedServer server({{{Answer("1")}, {""}}, {{""}}, {{Answer("3")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_THAT(Call(pool).started, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(pool->open(), 0U);
}
TEST_F(UpstreamCallTest, AKeptConnectionThatBreaksInTheAnswerIsNotReplaced) {
  ScriptedServer server({{{Answer("1")}, {"HTTP/1.1 200"}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_THAT(Call(pool).started, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.connections(), 1);
}
TEST_F(UpstreamCallTest, AKeptConnectionThatIsSilentIsNotReplaced) {
  ScriptedServer server({{{Answer("1")}, {.bytes = "", .stay_open = true}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_THAT(Call(pool).started, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(server.connections(), 1);
}

// What an upstream says unasked must never become the answer to somebody's next request.
TEST_F(UpstreamCallTest, AnAnswerThatNobodyAskedForIsNotTaken) {
  ScriptedServer server(
      {{{Answer("1")}, {Answer("2") + Answer("somebody else's")}, {Answer("x")}}, {{Answer("3")}}});
  auto pool = Pool(server.url());
  EXPECT_EQ(Call(pool).body, "1");
  EXPECT_EQ(Call(pool).body, "2");
  EXPECT_EQ(Call(pool).body, "3");
}
TEST_F(UpstreamCallTest, ALateSurplusIsNotTakenEither) {
  // The surplus comes when the answer has been read to its end.
  asio::io_context& loop = loop_;
  testing::LoopbackAcceptor acceptor(loop);
  auto pool = Pool(fmt::format("http://127.0.0.1:{}", acceptor.port()));
  UpstreamCall first(pool, deadlines_, clock_, times_);
  std::optional<Called> called;
  asio::co_spawn(loop, testing::Ask(&first),
                 [&](std::exception_ptr, Called done) { called = std::move(done); });
  ASSERT_TRUE(PumpUntil(loop, [&] { return acceptor.pending(); }));
  asio::ip::tcp::socket server = acceptor.Accept();
  asio::write(server, asio::buffer(Answer("1")));
  ASSERT_TRUE(PumpUntil(loop, [&] { return called.has_value(); }));
  asio::write(server, asio::buffer(Answer("stolen")));
  called.reset();
  UpstreamCall second(pool, deadlines_, clock_, times_);
  asio::co_spawn(loop, testing::Ask(&second),
                 [&](std::exception_ptr, Called done) { called = std::move(done); });
  ASSERT_TRUE(PumpUntil(loop, [&] { return acceptor.pending(); }));
  asio::ip::tcp::socket other = acceptor.Accept();
  asio::write(other, asio::buffer(Answer("2")));
  ASSERT_TRUE(PumpUntil(loop, [&] { return called.has_value(); }));
  EXPECT_EQ(called->body, "2");
}

// --- Time ---

TEST_F(UpstreamCallTest, TheFirstByteIsAwaitedForItsTime) {
  ScriptedServer server({{{.bytes = "", .stay_open = true}}});
  const auto begin = clock_.Monotonic();
  const Called called = Call(Pool(server.url()));
  EXPECT_THAT(called.started,
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("timed out")));
  EXPECT_TRUE(called.dispatched);
  EXPECT_GE(clock_.Monotonic() - begin, milliseconds(300));
  EXPECT_LT(clock_.Monotonic() - begin, seconds(2));
}

TEST_F(UpstreamCallTest, SilenceInTheAnswerIsNotAwaitedLonger) {
  ScriptedServer server(
      {{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", .stay_open = true}}});
  const Called called = Call(Pool(server.url()));
  EXPECT_THAT(called.started, IsOk());
  EXPECT_THAT(called.read, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(called.body, "hello");
}

TEST_F(UpstreamCallTest, TheWholeCallHasItsTime) {
  times_.first_byte = seconds(5);
  times_.total = milliseconds(200);
  ScriptedServer server({{{.bytes = "", .stay_open = true}}});
  const auto begin = clock_.Monotonic();
  EXPECT_THAT(Call(Pool(server.url())).started, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_LT(clock_.Monotonic() - begin, seconds(2));
}

asio::awaitable<absl::Status> ReadSlowly(UpstreamCall* call, Timers* timers, std::string* body) {
  absl::Status status = co_await call->Start(testing::kRequestHead, "{}");
  while (status.ok() && !call->done()) {
    co_await SleepFor(*timers, milliseconds(120));
    status = co_await call->Read(body);
  }
  co_return status;
}
// A client that reads slowly keeps the reader from reading: that is not the upstream's silence.
TEST_F(UpstreamCallTest, TimeInWhichNobodyReadsIsNotTheUpstreams) {
  times_.idle = milliseconds(60);
  ScriptedServer server({{{Answer(std::string(40'000, 'x'))}}});
  UpstreamCall call(Pool(server.url()), deadlines_, clock_, times_);
  std::string body;
  EXPECT_THAT(RunUntilDone(loop_, ReadSlowly(&call, &timers_, &body)), IsOk());
  EXPECT_EQ(body.size(), 40'000U);
}

TEST_F(UpstreamCallTest, ReportsTheTimeToTheFirstByte) {
  ScriptedServer server({{{.bytes = Answer("x"), .pause = milliseconds(50)}}});
  times_.first_byte = seconds(5);
  const auto begin = clock_.Monotonic();
  const Called called = Call(Pool(server.url()));
  EXPECT_GE(called.first_byte, milliseconds(45));
  EXPECT_LE(called.first_byte, clock_.Monotonic() - begin);
}

TEST_F(UpstreamCallTest, TheRestCanBeGivenLessTime) {
  times_.idle = seconds(5);
  ScriptedServer server(
      {{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", .stay_open = true}}});
  UpstreamCall call(Pool(server.url()), deadlines_, clock_, times_);
  std::string body;
  ASSERT_THAT(RunUntilDone(loop_, call.Start(testing::kRequestHead, "{}")), IsOk());
  ASSERT_THAT(RunUntilDone(loop_, call.Read(&body)), IsOk());
  call.LimitRest(milliseconds(50));
  const auto begin = clock_.Monotonic();
  EXPECT_THAT(RunUntilDone(loop_, call.Read(&body)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_LT(clock_.Monotonic() - begin, seconds(2));
}

// --- Cancel ---

asio::awaitable<void> CancelSoon(UpstreamCall* call, Timers* timers) {
  co_await SleepFor(*timers, milliseconds(30));
  call->Cancel();
}

TEST_F(UpstreamCallTest, CancelEndsTheWaitForAnAnswer) {
  ScriptedServer server({{{.bytes = "", .stay_open = true}}});
  times_.first_byte = seconds(5);
  auto pool = Pool(server.url());
  {
    UpstreamCall call(pool, deadlines_, clock_, times_);
    asio::co_spawn(loop_, CancelSoon(&call, &timers_), asio::detached);
    EXPECT_THAT(RunUntilDone(loop_, testing::Ask(&call)).started,
                StatusIs(absl::StatusCode::kCancelled));
  }
  EXPECT_EQ(pool->open(), 0U);
}

TEST_F(UpstreamCallTest, CancelEndsTheReadingOfAnAnswer) {
  ScriptedServer server(
      {{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", .stay_open = true}}});
  times_.idle = seconds(5);
  times_.first_byte = seconds(5);
  UpstreamCall call(Pool(server.url()), deadlines_, clock_, times_);
  std::string body;
  ASSERT_THAT(RunUntilDone(loop_, call.Start(testing::kRequestHead, "{}")), IsOk());
  ASSERT_THAT(RunUntilDone(loop_, call.Read(&body)), IsOk());
  asio::co_spawn(loop_, CancelSoon(&call, &timers_), asio::detached);
  EXPECT_THAT(RunUntilDone(loop_, call.Read(&body)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(body, "hello");
}

TEST_F(UpstreamCallTest, ACallCancelledBeforeItStartsSendsNothing) {
  ScriptedServer server({{{Answer("x")}}});
  UpstreamCall call(Pool(server.url()), deadlines_, clock_, times_);
  call.Cancel();
  const Called called = RunUntilDone(loop_, testing::Ask(&call));
  EXPECT_THAT(called.started, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(called.dispatched);
  EXPECT_THAT(server.requests(), SizeIs(0));
}

TEST_F(UpstreamCallTest, ACallThatIsDroppedHalfReadClosesItsConnection) {
  ScriptedServer server({{{Answer(std::string(500'000, 'x'))}}, {{Answer("2")}}});
  auto pool = Pool(server.url());
  {
    UpstreamCall call(pool, deadlines_, clock_, times_);
    std::string body;
    ASSERT_THAT(RunUntilDone(loop_, call.Start(testing::kRequestHead, "{}")), IsOk());
    ASSERT_THAT(RunUntilDone(loop_, call.Read(&body)), IsOk());
    EXPECT_FALSE(call.done());
  }
  EXPECT_EQ(pool->open(), 0U);
  EXPECT_EQ(Call(pool).body, "2");
}

TEST_F(UpstreamCallTest, NobodyListeningIsUnavailableAndNotDispatched) {
  std::string url;
  {
    url = ScriptedServer({}).url();
  }
  const Called called = Call(Pool(url));
  EXPECT_THAT(called.started,
              StatusIs(absl::StatusCode::kUnavailable, StartsWith("connecting to")));
  EXPECT_FALSE(called.dispatched);
}

}  // namespace
}  // namespace weir::edge
