// What a ServiceServer serves besides pipes, and to whom.
#include "common/rpc/service_server.h"

#include <gmock/gmock.h>

#include "common/rpc/admin_client.h"
#include "common/rpc/pipe_fixture.h"
#include "common/rpc/server_stream.h"
#include "common/testing/scoped_log.h"
#include "common/testing/status_matchers.h"
#include "common/testing/test_ca.h"

namespace weir::rpc::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using weir::testing::IsOk;
using weir::testing::StatusIs;

AttemptKey Key(std::string id, uint32_t attempt) {
  AttemptKey key;
  key.set_request_id(std::move(id));
  key.set_attempt(attempt);
  return key;
}

class ServiceServerTest : public ::testing::Test {
 protected:
  absl::Status CallUnary(std::string_view method, const AttemptKey& request, AttemptKey& response) {
    auto caller = AdminClient::Create({.address = server_.address()});
    return (*caller)->Call(fmt::format("{}/{}", kEcho, method), request, response);
  }
  std::shared_ptr<EventStream<AttemptKey>> Watch(const std::string& method,
                                                 const AttemptKey& request) {
    while (client_.client().replicas().AnyChannel() == nullptr) client_.RunFor(milliseconds(10));
    return std::make_shared<DecodedStream<AttemptKey>>(
        OpenServerStream(client_.loop(), client_.client().replicas().AnyChannel(),
                         fmt::format("/{}/{}", kEcho, method), request.SerializeAsString(), 100));
  }

  EchoServer server_{"127.0.0.1:0"};
  EchoClient client_{{server_.address()}};
};

TEST_F(ServiceServerTest, AnswersUnaryCalls) {
  AttemptKey response;
  EXPECT_THAT(CallUnary("Say", Key("id", 1), response), IsOk());
  EXPECT_EQ(response.attempt(), 2U);
  EXPECT_THAT(CallUnary("Fail", Key("such thing", 1), response),
              StatusIs(absl::StatusCode::kNotFound, "no such thing"));
  EXPECT_THAT(CallUnary("Fly", Key("id", 1), response),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Fly")));
}

TEST_F(ServiceServerTest, SendsTheEventsOfAStreamInOrder) {
  auto events = Watch("Count", Key("end", 50));
  for (uint32_t i = 0; i < 50; ++i) {
    const auto event = client_.Run(events->Next());
    ASSERT_THAT(event, IsOk());
    EXPECT_EQ(event->attempt(), i);
  }
  EXPECT_THAT(client_.Run(events->Next()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServiceServerTest, AStreamEndsWhenTheServerLeaves) {
  auto events = Watch("Count", Key("go on", 1));
  ASSERT_THAT(client_.Run(events->Next()), IsOk());
  std::thread leaving([&] { server_.Stop(seconds(5)); });
  EXPECT_THAT(client_.Run(events->Next()), StatusIs(absl::StatusCode::kUnavailable));
  leaving.join();
}

TEST_F(ServiceServerTest, LeavesAtOnceThoughWorkIsUnderWay) {
  asio::co_spawn(client_.io(), client_.AskLater(kWaitOnce, 10'000, "", seconds(20)),
                 [](std::exception_ptr, absl::StatusOr<AttemptKey>) {});
  while (server_.echo().waiting == 0) client_.RunFor(milliseconds(10));
  const auto begun = std::chrono::steady_clock::now();
  server_.Stop(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(5));
}

// Goes on posting itself for a while.
struct BusyHandler {
  asio::io_context& io;
  const std::thread::id home;  // Where it is to run.
  const std::chrono::steady_clock::time_point until;
  const std::shared_ptr<std::atomic<int>> elsewhere;

  void operator()() const {
    *elsewhere += std::this_thread::get_id() != home;
    std::this_thread::sleep_for(milliseconds(2));
    if (std::chrono::steady_clock::now() < until) asio::post(io, *this);
  }
};

TEST_F(ServiceServerTest, ShutsDownBesideALoopThatIsBusy) {
  auto elsewhere = std::make_shared<std::atomic<int>>(0);
  const auto until = std::chrono::steady_clock::now() + milliseconds(500);
  asio::post(server_.io(), [&io = server_.io(), until, elsewhere] {
    const BusyHandler busy{io, std::this_thread::get_id(), until, elsewhere};
    for (int i = 0; i < 20; ++i) asio::post(io, busy);
  });
  client_.RunFor(milliseconds(50));
  server_.Shutdown(Duration::zero());
  EXPECT_EQ(*elsewhere, 0);
}

TEST(ServiceServerAddressTest, PlaintextStaysOnThisMachine) {
  asio::io_context io;
  const ServiceRegistry registry{std::string(kEcho)};
  const SystemClock clock;
  EXPECT_THAT(ServiceServer::Start({.address = "0.0.0.0:0"},
                                   {.io = io, .registry = registry, .clock = clock, .access = {}})
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("TLS")));
}

TEST(ServiceServerAddressTest, ATakenAddressIsAnError) {
  EchoServer first("127.0.0.1:0");
  asio::io_context io;
  const ServiceRegistry registry{std::string(kEcho)};
  const SystemClock clock;
  EXPECT_THAT(ServiceServer::Start({.address = first.address()},
                                   {.io = io, .registry = registry, .clock = clock, .access = {}})
                  .status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("in use")));
}

class PeerTlsTest : public ::testing::Test {
 protected:
  PeerTls Files(const weir::testing::TestCa& ca, const std::string& names) {
    const auto files = ca.Issue(names);
    const std::string ca_file = weir::testing::NewFolder() + "/ca.pem";
    std::ofstream(ca_file) << ca.pem();
    return {
        .certificate_file = files.certificate_file, .key_file = files.key_file, .ca_file = ca_file};
  }
  absl::StatusOr<AttemptKey> AskAs(const PeerTls& tls, const EchoServer& server,
                                   PipeMethod method = kSay) {
    EchoClient client({server.address()},
                      {.tls = tls, .tls_name = "echo.weir", .patience = seconds(1)});
    absl::StatusOr<AttemptKey> answer = client.Ask(method);
    health_ = client.client().replicas().Health();
    return answer;
  }
  static absl::Status OnlyEdgesSay(std::string_view peer, std::string_view,
                                   std::string_view method) {
    if (peer == "edge.weir" && method != "Fail") return absl::OkStatus();
    return status::PermissionDenied("'{}' may not call {}", peer, method);
  }

  absl::Status health_;  // What the last client knows of its replica.
  const weir::testing::TestCa ca_;
  const PeerTls server_files_ = Files(ca_, "DNS:echo.weir,IP:127.0.0.1");
  EchoServer server_{"127.0.0.1:0", "store", OnlyEdgesSay, server_files_};
};

TEST_F(PeerTlsTest, TheRightCertificateIsLetIn) {
  EXPECT_THAT(AskAs(Files(ca_, "DNS:edge.weir"), server_), IsOk());
}

TEST_F(PeerTlsTest, AnotherPartOrAForbiddenMethodIsRefusedAndLoggedOnce) {
  const weir::testing::ScopedLog log;
  const PeerTls edge = Files(ca_, "DNS:edge.weir");
  EXPECT_THAT(AskAs(edge, server_, kFail), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(AskAs(edge, server_, kFail), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(log.WithEvent("rpc.refused"), SizeIs(1));
  EXPECT_THAT(AskAs(Files(ca_, "DNS:quota.weir"), server_),
              StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("127.0.0.1"))));
  EXPECT_THAT(health_, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("may not call Pipe")));
}

TEST_F(PeerTlsTest, NoCertificateOrOneOfAnotherCaIsRefused) {
  const weir::testing::TestCa other;
  EXPECT_THAT(AskAs(Files(other, "DNS:edge.weir"), server_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(AskAs({}, server_), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PeerTlsTest, AServerOfAnotherNameIsNotTrusted) {
  EchoServer impostor("127.0.0.1:0", "store", {}, Files(ca_, "DNS:edge.weir"));
  EXPECT_THAT(AskAs(Files(ca_, "DNS:edge.weir"), impostor),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PeerTlsTest, FilesComeTogether) {
  PeerTls incomplete = server_files_;
  incomplete.ca_file.clear();
  EXPECT_THAT(ServerCredentials(incomplete).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all three or none")));
}

}  // namespace
}  // namespace weir::rpc::testing
