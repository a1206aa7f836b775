// The library's own face: in process, on its own threads and on a given context. What the provider
// does is told by the tests of the binary, *.py.
#include "tests/mock_upstream/mock_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kBody = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

std::string Request() {
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n"
      "Content-Length: {}\r\n\r\n{}",
      kBody.size(), kBody);
}

// What comes back for one request, up to the end of the connection; empty: nobody listens.
std::string Ask(uint16_t port) {
  asio::io_context context;
  tcp::socket socket(context);
  boost::system::error_code error;
  socket.connect({asio::ip::make_address("127.0.0.1"), port}, error);
  if (error) return "";
  asio::write(socket, asio::buffer(Request()), error);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

TEST(MockUpstreamTest, ServesOnItsOwnThreads) {
  for (int threads : {1, 3}) {
    SCOPED_TRACE(threads);
    auto upstream = MockUpstream::Start({.threads = threads});
    ASSERT_TRUE(upstream.ok()) << upstream.status();
    MockUpstream& mock = **upstream;
    for (int i = 0; i < 5; ++i) EXPECT_THAT(Ask(mock.port()), HasSubstr("chatcmpl-mock777"));
    const uint16_t port = mock.port();
    mock.Stop();
    EXPECT_EQ(mock.sums().all.finished, 5);
    EXPECT_EQ(mock.sums().by_model["m"].finished_tokens.completion, 100);
    EXPECT_EQ(mock.open(), 0);
    EXPECT_EQ(Ask(port), "");
  }
}

TEST(MockUpstreamTest, IsScriptedInProcess) {
  auto upstream = MockUpstream::Start({});
  ASSERT_TRUE(upstream.ok()) << upstream.status();
  MockUpstream& mock = **upstream;
  ASSERT_TRUE(mock.SetBehaviour(R"({"status": 503, "times": 1})").ok());
  EXPECT_THAT(Ask(mock.port()), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(Ask(mock.port()), StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_TRUE(mock.SetBehaviour(R"({"mode": "words", "words": 2})").ok());
  EXPECT_THAT(Ask(mock.port()), HasSubstr("word1 word2"));
  mock.ResetBehaviour();
  EXPECT_THAT(Ask(mock.port()), HasSubstr("chatcmpl-mock777"));
  EXPECT_EQ(mock.SetBehaviour(R"({"words": "two"})").code(), absl::StatusCode::kInvalidArgument);
}

TEST(MockUpstreamTest, KeepsALogThatCanBeReadInProcess) {
  auto upstream = MockUpstream::Start({});
  ASSERT_TRUE(upstream.ok()) << upstream.status();
  Ask((*upstream)->port());
  const std::vector<LoggedRequest> last = (*upstream)->last_requests(10);
  ASSERT_EQ(last.size(), 1);
  EXPECT_EQ(last[0].body, kBody);
  EXPECT_THAT(last[0].head, StartsWith("POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\n"));
  (*upstream)->ResetLedger();
  EXPECT_TRUE((*upstream)->last_requests(10).empty());
}

TEST(MockUpstreamTest, ServesOnAGivenContext) {
  asio::io_context context;
  auto upstream = MockUpstream::Start({}, context);
  ASSERT_TRUE(upstream.ok()) << upstream.status();
  const uint16_t port = (*upstream)->port();
  std::string answer;
  std::thread client([&] {
    answer = Ask(port);
    context.stop();
  });
  context.run();
  client.join();
  EXPECT_THAT(answer, HasSubstr("chatcmpl-mock777"));

  context.restart();
  ASSERT_TRUE((*upstream)->SetBehaviour(R"({"never_answer": true})").ok());
  std::thread waiting([&] { answer = Ask(port); });
  while ((*upstream)->open() == 0) context.run_one();
  (*upstream)->Stop();
  context.run();  // Ends by itself: nothing of the mock is left in it.
  waiting.join();
  EXPECT_EQ(answer, "");
  EXPECT_EQ((*upstream)->sums().all.aborted, 1);
}

TEST(MockUpstreamTest, MayBeDestroyedBeforeItsContextRunsAgain) {
  asio::io_context context;
  {
    auto upstream = MockUpstream::Start({}, context);
    ASSERT_TRUE(upstream.ok()) << upstream.status();
    ASSERT_TRUE((*upstream)->SetBehaviour(R"({"never_answer": true})").ok());
    asio::io_context other;
    tcp::socket socket(other);
    socket.connect({asio::ip::make_address("127.0.0.1"), (*upstream)->port()});
    asio::write(socket, asio::buffer(Request()));
    while ((*upstream)->open() == 0) context.run_one();
  }
  context.run();
}

struct BadOptionsCase {
  std::string_view name;
  MockUpstream::Options options;
  absl::StatusCode want;
};
class BadOptionsTest : public testing::TestWithParam<BadOptionsCase> {};

TEST_P(BadOptionsTest, AreRefused) {
  EXPECT_EQ(MockUpstream::Start(GetParam().options).status().code(), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    MockUpstream, BadOptionsTest,
    testing::ValuesIn<BadOptionsCase>({
        {"Host", {.host = "localhost"}, absl::StatusCode::kInvalidArgument},
        {"AddressOfAnother", {.host = "192.0.2.1"}, absl::StatusCode::kUnavailable},
        {"NoThreads", {.threads = 0}, absl::StatusCode::kInvalidArgument},
        {"CertificateAlone", {.tls_certificate = "/none"}, absl::StatusCode::kInvalidArgument},
        {"NoSuchAnswer", {.answer_file = "/none"}, absl::StatusCode::kNotFound},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(JsonTextTest, EscapesAndReplaces) {
  EXPECT_EQ(Json("a\"\\\n\t\r\x01é"), R"("a\"\\\n\t\r\u0001é")");
  EXPECT_EQ(Json("a\xff"
                 "b"),
            R"("a\ufffdb")");
  EXPECT_EQ(Json(""), R"("")");
}

TEST(JsonTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(Utf8Prefix("aé", 3), "aé");
  EXPECT_EQ(Utf8Prefix("aé", 2), "a");
  EXPECT_EQ(Utf8Prefix("é", 1), "");
}

TEST(WordsTest, CountsAndCuts) {
  EXPECT_EQ(CountWords("  one\ttwo\n"), 2);
  EXPECT_EQ(CountWords(""), 0);
  EXPECT_EQ(FirstWords(" one  two three ", 2), " one  two");
  EXPECT_EQ(FirstWords("one two ", 2), "one two ");
  EXPECT_EQ(FirstWords("one", 0), "");
  EXPECT_EQ(NumberedWords(3), "word1 word2 word3");
  EXPECT_THAT(SplitIntoFrames("a b c d e", 3), ElementsAre("a", " b c", " d e"));
  EXPECT_THAT(SplitIntoFrames(" ", std::nullopt), ElementsAre());
}

}  // namespace
}  // namespace weir::mock
