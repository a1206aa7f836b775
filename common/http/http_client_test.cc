#include "common/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"

namespace weir::http {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;
using tcp = asio::ip::tcp;

// Answers one connection with `answer`, whatever is asked; "": says nothing.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, answer = std::move(answer)] { Serve(answer); }) {}
  ~OneAnswer() {
    done_ = true;
    ErrorCode ignored;
    tcp::socket(io_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  text::BaseUrl url() const {
    return *text::ParseBaseUrl(
        fmt::format("http://127.0.0.1:{}/v1", acceptor_.local_endpoint().port()));
  }
  const std::string& asked() const { return asked_; }

 private:
  void Serve(const std::string& answer) {
    tcp::socket socket = acceptor_.accept();
    if (done_) return;
    asio::streambuf head;
    ErrorCode error;
    head.commit(socket.read_some(head.prepare(4096), error));
    const bool is_http = head.size() > 0 && *asio::buffers_begin(head.data()) == 'P';
    if (is_http) asio::read_until(socket, head, "\r\n\r\n", error);
    asked_.assign(asio::buffers_begin(head.data()), asio::buffers_end(head.data()));
    if (answer.empty()) {
      acceptor_.accept();  // Silent until the end.
      return;
    }
    asio::write(socket, asio::buffer(answer), error);
    socket.shutdown(tcp::socket::shutdown_both, error);
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string asked_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

absl::StatusOr<HttpAnswer> Post(const text::BaseUrl& server,
                                Duration within = std::chrono::seconds(5),
                                uint64_t max_body = 1000) {
  const auto client = *HttpClient::Create({.max_body = max_body});
  HttpClient::Question question{.server = server,
                                .target = "/embeddings",
                                .headers = {{"Authorization", "Bearer canary"}},
                                .body = "{}"};
  return testing::RunUntilDone(client->Post(std::move(question), within));
}

TEST(HttpClientTest, PostsAndReads) {
  OneAnswer server("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\nno");
  const auto answer = Post(server.url());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "no");
  EXPECT_THAT(server.asked(), HasSubstr("POST /v1/embeddings HTTP/1.1\r\n"));
  EXPECT_THAT(server.asked(), HasSubstr("Authorization: Bearer canary\r\n"));
}

TEST(HttpClientTest, DoesNotWaitForever) {
  OneAnswer server("");
  EXPECT_THAT(Post(server.url(), std::chrono::milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(HttpClientTest, ReadsNoMoreThanItMay) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
  EXPECT_THAT(Post(server.url()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(HttpClientTest, TakesNoPlaintextForTls) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  text::BaseUrl url = server.url();
  url.tls = true;
  EXPECT_THAT(Post(url), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("TLS")));
}

TEST(HttpClientTest, RefusesPlaintextToOthers) {
  const auto url = *text::ParseBaseUrl("http://192.0.2.1/v1");
  EXPECT_THAT(Post(url), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("https://")));
}

}  // namespace
}  // namespace weir::http
