#include "edge/upstream/dialer.h"

#include <future>

#include "common/testing/test_ca.h"
#include "edge/testing/loopback.h"
#include "edge/testing/tunnel_proxy.h"
#include "edge/testing/upstream_fixture.h"
#include "tests/mock_upstream/mock_upstream.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::weir::edge::testing::Called;
using ::weir::edge::testing::ScriptedServer;
using ::weir::edge::testing::TunnelProxy;
using ::weir::edge::testing::UpstreamFixture;
using ::weir::mock::MockUpstream;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;
using ::weir::testing::TestCa;

class DialerTest : public UpstreamFixture {
 protected:
  absl::Status Connect(const std::string& url, asio::ssl::context* tls = nullptr) {
    auto base = text::ParseBaseUrl(url);
    EXPECT_THAT(base, IsOk());
    return RunUntilDone(loop_, dialer_->Connect(*base, tls, true, connect_wait_)).status();
  }
};

// --- Rules ---

TEST_F(DialerTest, PlainTextMustBeAllowed) {
  ScriptedServer server({{}});
  EXPECT_THAT(Connect(server.url()), IsOk());
  OpenDialer({.allow = Allow({"127.0.0.0/8"})});
  EXPECT_THAT(Connect(server.url()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("want https")));
}

TEST_F(DialerTest, PrivateAddressesMustBeAllowed) {
  ScriptedServer server({{}});
  OpenDialer({.allow_plaintext = true});
  EXPECT_THAT(Connect(server.url()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("egress.allow")));
  EXPECT_EQ(server.connections(), 0);
}

// A name is judged by what it resolves to.
TEST_F(DialerTest, ANameIsJudgedByItsAddress) {
  ScriptedServer server({{}});
  const std::string url = fmt::format("http://localhost:{}", server.port());
  EXPECT_THAT(Connect(url), IsOk());
  OpenDialer({.allow_plaintext = true});
  EXPECT_THAT(Connect(url), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(DialerTest, MetadataAddressesAreNeverCalled) {
  OpenDialer({.allow = Allow({"0.0.0.0/0"}), .allow_plaintext = true});
  EXPECT_THAT(Connect("http://169.254.169.254"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("metadata")));
}

TEST_F(DialerTest, ANameThatDoesNotResolveIsUnavailable) {
  EXPECT_THAT(Connect("http://no-such-host.invalid"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("resolving")));
}

TEST_F(DialerTest, ALookUpTakesNoLongerThanItsTime) {
  std::promise<void> asked_long_enough;
  const std::shared_future<void> answer = asked_long_enough.get_future().share();
  OpenDialer({.allow = Allow({"127.0.0.0/8"}),
              .allow_plaintext = true,
              .look_up = [answer](const std::string&, const std::string&) {
                answer.wait();
                return absl::StatusOr<Endpoints>(Endpoints{});
              }});
  connect_wait_ = std::chrono::milliseconds(50);
  EXPECT_THAT(Connect("http://silent.example"),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("resolving")));
  asked_long_enough.set_value();
}

TEST_F(DialerTest, AConnectTakesNoLongerThanItsTime) {
  // A listener whose queue is full answers no further connection.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(fd, 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  const uint16_t port = ntohs(address.sin_port);
  testing::LoopbackClient filler(port);
  connect_wait_ = std::chrono::milliseconds(100);
  const auto begin = clock_.Monotonic();
  EXPECT_THAT(Connect(fmt::format("http://127.0.0.1:{}", port)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("connecting to")));
  EXPECT_LT(clock_.Monotonic() - begin, std::chrono::seconds(2));
  ::close(fd);
}

// --- TLS ---

class TlsTest : public DialerTest {
 protected:
  void Serve(const std::string& names) {
    const TestCa::Server files = ca_.Issue(names);
    auto started =
        MockUpstream::Start({.tls_certificate = files.certificate_file, .tls_key = files.key_file});
    ASSERT_THAT(started, IsOk());
    mock_ = *std::move(started);
  }
  std::string Url(std::string_view host) {
    return fmt::format("https://{}:{}", host, mock_->port());
  }
  Called CallMock(const std::string& url, const std::string& ca_pem, bool verify = true) {
    return Call(Pool(url, 10, ca_pem, verify), R"({"model":"m","messages":[]})");
  }

  TestCa ca_;
  std::unique_ptr<MockUpstream> mock_;
};

TEST_F(TlsTest, AServerOfATrustedCaIsCalled) {
  Serve("DNS:localhost,IP:127.0.0.1");
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Called called = CallMock(Url(host), ca_.pem());
    EXPECT_THAT(called.started, IsOk()) << host;
    EXPECT_NE(called.http_status, 0);
  }
}

TEST_F(TlsTest, AConnectionServesManyCalls) {
  Serve("DNS:localhost");
  auto pool = Pool(Url("localhost"), 1, ca_.pem());
  for (int i = 0; i < 3; ++i) {
    const Called called = Call(pool, R"({"model":"m","messages":[{"role":"user","content":"x"}]})");
    EXPECT_THAT(called.started, IsOk());
    EXPECT_EQ(called.http_status, 200);
    EXPECT_EQ(pool->open(), 1U);
  }
}

TEST_F(TlsTest, AServerOfAnotherCaIsNot) {
  Serve("DNS:localhost,IP:127.0.0.1");
  const TestCa other;
  for (const std::string& ca : {other.pem(), std::string()}) {
    const Called called = CallMock(Url("localhost"), ca);
    EXPECT_THAT(called.started,
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("opening TLS to")));
    EXPECT_FALSE(called.dispatched);
  }
  EXPECT_EQ(mock_->sums().all.requests, 0);
}

TEST_F(TlsTest, AServerWithAnotherNameIsNot) {
  Serve("DNS:api.example.com,IP:127.0.0.9");
  for (const char* host : {"localhost", "127.0.0.1"}) {
    EXPECT_THAT(CallMock(Url(host), ca_.pem()).started,
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("opening TLS to")))
        << host;
  }
}

TEST_F(TlsTest, NeitherIsAskedWhereVerificationIsOff) {
  Serve("DNS:api.example.com");
  EXPECT_THAT(CallMock(Url("localhost"), "", false).started, IsOk());
}

TEST_F(TlsTest, ACaFileOfTheMachineIsTrusted) {
  Serve("DNS:localhost");
  const std::string file = weir::testing::NewFolder() + "/ca.pem";
  std::ofstream(file) << ca_.pem();
  OpenDialer({.allow = Allow({"127.0.0.0/8"}), .ca_file = file});
  EXPECT_THAT(CallMock(Url("localhost"), "").started, IsOk());
}

TEST_F(TlsTest, AServerThatSpeaksNoTlsIsUnavailable) {
  ScriptedServer server({{{"HTTP/1.1 400 Bad Request\r\n\r\n"}}});
  connect_wait_ = std::chrono::milliseconds(300);
  const Called called = Call(Pool(fmt::format("https://127.0.0.1:{}", server.port())));
  EXPECT_FALSE(called.started.ok());
  EXPECT_FALSE(called.dispatched);
}

TEST_F(TlsTest, FilesAndPemsThatAreNoneAreNamed) {
  EXPECT_THAT(dialer_->NewTlsContext("nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ca_pem")));
  EXPECT_THAT(Dialer::Create(loop_, deadlines_, {.ca_file = "/no/such/ca.pem"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/no/such/ca.pem")));
}

// --- CONNECT ---

class TunnelTest : public TlsTest {
 protected:
  void Open(const TunnelProxy& proxy, std::vector<std::string> no_proxy = {}) {
    OpenDialer({.allow = Allow({"127.0.0.0/8"}),
                .https_proxy = fmt::format("http://127.0.0.1:{}", proxy.port()),
                .no_proxy = std::move(no_proxy)});
  }
};

TEST_F(TunnelTest, HttpsGoesThroughTheProxyAndIsVerifiedEndToEnd) {
  Serve("DNS:localhost");
  TunnelProxy proxy;
  Open(proxy);
  const Called called = CallMock(Url("localhost"), ca_.pem());
  EXPECT_THAT(called.started, IsOk());
  const std::string asked =
      fmt::format("CONNECT localhost:{0} HTTP/1.1\r\nHost: localhost:{0}\r\n\r\n", mock_->port());
  EXPECT_THAT(proxy.asked(), ElementsAre(asked));
  const TestCa other;
  EXPECT_THAT(CallMock(Url("localhost"), other.pem()).started,
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TunnelTest, HostsAndSuffixesCanGoAroundIt) {
  Serve("DNS:localhost,IP:127.0.0.1");
  for (const std::string around : {"localhost", "LOCALHOST", "*"}) {
    TunnelProxy proxy;
    Open(proxy, {".corp", around});
    EXPECT_THAT(CallMock(Url("localhost"), ca_.pem()).started, IsOk());
    EXPECT_THAT(proxy.asked(), IsEmpty()) << around;
  }
  TunnelProxy proxy;
  Open(proxy, {"host", ".localhos", "calhost"});
  EXPECT_THAT(CallMock(Url("localhost"), ca_.pem()).started, IsOk());
  EXPECT_THAT(proxy.asked(), ::testing::SizeIs(1));
}

TEST_F(TunnelTest, ARefusalOfTheProxyIsAnError) {
  Serve("DNS:localhost");
  TunnelProxy proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  Open(proxy);
  const Called called = CallMock(Url("localhost"), ca_.pem());
  EXPECT_THAT(called.started, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("407")));
  EXPECT_FALSE(called.dispatched);
}

TEST_F(TunnelTest, AnEndlessAnswerOfTheProxyIsNotRead) {
  TunnelProxy proxy("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'));
  Open(proxy);
  EXPECT_THAT(Call(Pool("https://localhost:1")).started,
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("proxy")));
}

TEST_F(TunnelTest, ASilentProxyIsAwaitedForTheConnectTime) {
  TunnelProxy proxy("");
  Open(proxy);
  connect_wait_ = std::chrono::milliseconds(100);
  EXPECT_THAT(Call(Pool("https://localhost:1")).started,
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

// The proxy resolves names; an address that is never to be called is not asked for.
TEST_F(TunnelTest, MetadataAddressesAreNotAskedForEither) {
  TunnelProxy proxy;
  Open(proxy);
  for (const std::string url :
       {"https://169.254.169.254", "https://[fe80::1]", "https://[::ffff:169.254.169.254]"}) {
    EXPECT_THAT(Call(Pool(url)).started, StatusIs(absl::StatusCode::kPermissionDenied)) << url;
  }
  EXPECT_THAT(proxy.asked(), IsEmpty());
}

TEST_F(TunnelTest, TheProxyItselfIsSpokenToInPlainText) {
  EXPECT_THAT(Dialer::Create(loop_, deadlines_, {.https_proxy = "https://proxy:3128"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want http")));
  EXPECT_THAT(Dialer::Create(loop_, deadlines_, {.https_proxy = "proxy:3128"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("egress proxy")));
}

}  // namespace
}  // namespace weir::edge
