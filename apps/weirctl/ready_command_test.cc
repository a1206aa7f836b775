#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <sstream>
#include <thread>

#include "apps/weirctl/command.h"
#include "common/testing/fake_clock.h"

namespace weir::weirctl {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;

// An ops listener that gives one caller `answer` and says no more.
class Listener {
 public:
  explicit Listener(std::string answer)
      : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, answer = std::move(answer)] { Serve(answer); }) {}

  std::string url() const {
    return fmt::format("http://127.0.0.1:{}/readyz", acceptor_.local_endpoint().port());
  }
  // Once it was called.
  const std::string& request() {
    thread_.join();
    return request_;
  }
  ~Listener() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Serve(const std::string& answer) {
    boost::system::error_code error;
    asio::ip::tcp::socket socket = acceptor_.accept(error);
    char bytes[256];
    request_.assign(bytes, socket.read_some(asio::buffer(bytes), error));
    asio::write(socket, asio::buffer(answer), error);
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  std::string request_;
  std::thread thread_;
};

struct Result {
  int exit_code = 0;
  std::string err;
};

Result Ready(const std::string& url) {
  std::istringstream in;
  std::ostringstream out, err;
  const weir::testing::FakeClock clock;
  const config::Environment none;
  Result result;
  result.exit_code =
      Run({"ready", url}, {.environment = none, .in = in, .out = out, .err = err, .clock = clock});
  result.err = err.str();
  return result;
}

TEST(ReadyCommandTest, SucceedsOnlyWhereTheProcessServes) {
  Listener listener("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
  EXPECT_EQ(Ready(listener.url()).exit_code, 0);
  EXPECT_THAT(listener.request(), HasSubstr("GET /readyz HTTP/1.0\r\nHost: 127.0.0.1:"));
}

TEST(ReadyCommandTest, SaysWhyItDoesNot) {
  struct Case {
    std::string name, answer, want;
  };
  for (const Case& c : std::vector<Case>{
           {"Draining", "HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\ndraining\nmore\n",
            "says 503 Service Unavailable: draining\n"},
           {"Redirect", "HTTP/1.1 302 Found\r\n\r\n", "says 302 Found: "},
           {"Nothing", "", "gives no answer"},
           {"OtherProtocol", "SSH-2.0-OpenSSH\r\n", "gives no answer"},
       }) {
    SCOPED_TRACE(c.name);
    Listener listener(c.answer);
    const Result result = Ready(listener.url());
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr(c.want));
  }
}

TEST(ReadyCommandTest, FailsWhereNobodyListens) {
  std::string url;
  {
    Listener gone("");
    url = gone.url();
    Ready(url);
  }
  const Result result = Ready(url);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("does not answer: Connection refused"));
}

TEST(ReadyCommandTest, RefusesWhatIsNoAddressOfHealth) {
  for (const char* url :
       {"", "https://a:1/", "127.0.0.1:9094", "http://host/readyz", "http://:1/"}) {
    SCOPED_TRACE(url);
    EXPECT_THAT(Ready(url).err, HasSubstr("want http://HOST:PORT[/PATH]"));
  }
}

}  // namespace
}  // namespace weir::weirctl
