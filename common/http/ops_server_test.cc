#include "common/http/ops_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "common/testing/status_matchers.h"

namespace weir::http {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

// A client that waits, on a thread of its own: the test's.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(loop_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }
  void Send(std::string_view text) {
    ErrorCode ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }
  // Everything until the server ends the connection.
  std::string ReadAll() {
    std::string all;
    ErrorCode ended;
    asio::read(socket_, asio::dynamic_buffer(all), ended);
    return all;
  }

 private:
  asio::io_context loop_;
  asio::ip::tcp::socket socket_;
};

class OpsServerTest : public ::testing::Test {
 protected:
  ~OpsServerTest() override {
    if (!thread_.joinable()) return;
    asio::post(loop_, [this] { server_.reset(); });
    work_.reset();
    thread_.join();
  }
  void Start(OpsServer::Options options = {}) {
    auto started = OpsServer::Start(
        loop_, std::move(options),
        {.not_ready = [this] { return why_not_.load() == nullptr ? "" : why_not_.load(); },
         .remark = [this] { return std::string(remark_.load()); },
         .metrics = [] { return "weir_up 1\n"; }});
    ASSERT_THAT(started, IsOk());
    server_ = *std::move(started);
    thread_ = std::thread([this] { loop_.run(); });
  }
  std::string Ask(std::string_view line) {
    Client client(server_->port());
    client.Send(fmt::format("{} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n", line));
    return client.ReadAll();
  }

  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  std::atomic<const char*> why_not_ = nullptr;
  std::atomic<const char*> remark_ = "";
  std::unique_ptr<OpsServer> server_;
  std::thread thread_;
};

TEST_F(OpsServerTest, SaysThatItLivesAndServes) {
  Start();
  for (const std::string_view path : {"/livez", "/readyz", "/healthz", "/health", "/readyz?x=1"}) {
    EXPECT_THAT(Ask(fmt::format("GET {}", path)),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                      HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"),
                      HasSubstr("Cache-Control: no-store\r\n"), EndsWith("\r\n\r\nok\n")))
        << path;
  }
}

TEST_F(OpsServerTest, SaysWhyItIsNotReady) {
  Start();
  why_not_ = "routing cannot be reached";
  EXPECT_THAT(Ask("GET /readyz"), AllOf(StartsWith("HTTP/1.1 503 "),
                                        EndsWith("not ready: routing cannot be reached\n")));
  EXPECT_THAT(Ask("GET /livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(OpsServerTest, SaysWhatIsToBeKnownThoughItServes) {
  Start();
  remark_ = "stale: routing is silent";
  EXPECT_THAT(Ask("GET /readyz"), AllOf(StartsWith("HTTP/1.1 200 "),
                                        EndsWith("\r\n\r\nok\nstale: routing is silent\n")));
  EXPECT_THAT(Ask("GET /livez"), EndsWith("\r\n\r\nok\n"));
  why_not_ = "draining";
  EXPECT_THAT(Ask("GET /readyz"), EndsWith("not ready: draining\n"));
}

TEST_F(OpsServerTest, ServesMetrics) {
  Start();
  EXPECT_THAT(Ask("GET /metrics"),
              AllOf(HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                    EndsWith("\r\n\r\nweir_up 1\n")));
}

TEST_F(OpsServerTest, AnswersHeadWithoutABody) {
  Start();
  EXPECT_THAT(Ask("HEAD /livez"), AllOf(HasSubstr("Content-Length: 3\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(OpsServerTest, RefusesWhatItDoesNotServe) {
  Start();
  EXPECT_THAT(
      Ask("POST /livez"),
      AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n"),
            EndsWith(
                R"({"error":{"message":"Method POST is not allowed here: want GET, HEAD",)"
                R"("type":"invalid_request_error","param":null,"code":"method_not_allowed"}})")));
  EXPECT_THAT(
      Ask("GET /\"x"),
      AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("Content-Type: application/json\r\n"),
            EndsWith(
                R"({"error":{"message":"Unknown request URL: /\"x. Please check the URL for )"
                R"(typos.","type":"invalid_request_error","param":null,"code":"unknown_url"}})")));
}

TEST_F(OpsServerTest, KeepsAConnectionForMoreRequests) {
  Start();
  Client client(server_->port());
  client.Send("GET /livez HTTP/1.1\r\nHost: w\r\n\r\nGET /metrics HTTP/1.1\r\nHost: w\r\n\r\n");
  client.Send("GET /livez HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("weir_up 1"), EndsWith("ok\n")));
}

struct UnreadableCase {
  std::string_view name;
  std::string text;
};
class OpsServerUnreadableTest : public OpsServerTest,
                                public ::testing::WithParamInterface<UnreadableCase> {};

TEST_P(OpsServerUnreadableTest, IsRefusedAndEndsItsConnection) {
  Start();
  Client client(server_->port());
  client.Send(GetParam().text);
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("GET /livez"), StartsWith("HTTP/1.1 200 "));
}
INSTANTIATE_TEST_SUITE_P(
    Requests, OpsServerUnreadableTest,
    ::testing::ValuesIn<UnreadableCase>({
        {.name = "Noise", .text = "\x16\x03\x01 not http\r\n\r\n"},
        {.name = "ALongHead",
         .text = "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"},
        {.name = "ALongBody", .text = "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 2000\r\n\r\n"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(OpsServerTest, EndsAConnectionThatSaysNothing) {
  Start({.timeout = std::chrono::milliseconds(50)});
  Client silent(server_->port());
  Client slow(server_->port());
  slow.Send("GET /livez HT");
  EXPECT_THAT(silent.ReadAll(), IsEmpty());
  EXPECT_THAT(slow.ReadAll(), IsEmpty());
}

TEST_F(OpsServerTest, TakesSoManyConnectionsAndNoMore) {
  Start({.max_connections = 1});
  Client first(server_->port());
  first.Send("GET /livez HTTP/1.1\r\nHost: w\r\n\r\n");
  Client second(server_->port());
  second.Send("GET /livez HTTP/1.1\r\nHost: w\r\n\r\n");
  EXPECT_THAT(second.ReadAll(), IsEmpty());
  first.Send("GET /metrics HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(first.ReadAll(), HasSubstr("weir_up 1"));
}

TEST_F(OpsServerTest, ACloseEndsWhatIsOpen) {
  Start();
  Client idle(server_->port());
  Ask("GET /livez");  // The idle one is accepted by now, too.
  std::promise<void> closed;
  asio::post(loop_, [&] {
    server_->Close();
    closed.set_value();
  });
  closed.get_future().wait();
  EXPECT_THAT(idle.ReadAll(), IsEmpty());
}

TEST_F(OpsServerTest, SaysWhatIsWrongWithTheAddress) {
  Start();
  EXPECT_THAT(OpsServer::Start(loop_, {.host = "localhost"}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("localhost")));
  EXPECT_THAT(OpsServer::Start(loop_, {.port = server_->port()}, {}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(std::to_string(server_->port()))));
}

TEST(OpsServerLoopTest, MayBeLeftWithConnectionsOpenWhenItsLoopEnds) {
  asio::io_context loop;
  auto server = OpsServer::Start(loop, {}, {});
  ASSERT_THAT(server, IsOk());
  Client client((*server)->port());
  loop.run_for(std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace weir::http
