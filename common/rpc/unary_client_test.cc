#include "common/rpc/unary_client.h"

#include <gmock/gmock.h>

#include <fstream>
#include <future>
#include <thread>

#include "common/rpc/admin_server.h"
#include "common/rpc/fake_admin_services.h"
#include "common/rpc/threaded_loop.h"
#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "common/testing/test_ca.h"
#include "grpc/health/v1/health.pb.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"

namespace weir::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kPutTeam = "weir.identity.v1.IdentityAdminService/PutTeam";

// A loop as a door has it, and an admin port.
class UnaryClientTest : public ::testing::Test {
 protected:
  UnaryClientTest() {
    services_.AddTo(registry_);
    auto server = AdminServer::Start(
        {.address = "127.0.0.1:0"},
        {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_});
    server_ = *std::move(server);
    Connect(fmt::format("127.0.0.1:{}", server_->port()));
    loop_->Start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~UnaryClientTest() override {
    io_.stop();
    thread_.join();
    client_->Close();
    loop_ = nullptr;
  }
  void Connect(const std::string& address) {
    auto channel = OpenAdminChannel(address, {});
    ASSERT_THAT(channel, IsOk());
    client_ = std::make_unique<UnaryClient>(*loop_, *channel);
  }
  std::future<absl::StatusOr<std::string>> CallLater(api::UnaryCall call) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<std::string>>>();
    asio::co_spawn(io_, client_->Call(std::move(call)),
                   [promise](std::exception_ptr, absl::StatusOr<std::string> answer) {
                     promise->set_value(std::move(answer));
                   });
    return promise->get_future();
  }
  absl::StatusOr<std::string> Call(api::UnaryCall call) { return CallLater(std::move(call)).get(); }
  static api::UnaryCall PutTeam(std::string authorization = "Bearer wa_editor") {
    identity::v1::PutTeamRequest request;
    request.mutable_team()->set_organization("acme");
    request.mutable_team()->set_name("red");
    return {.method = std::string(kPutTeam),
            .request = request.SerializeAsString(),
            .authorization = std::move(authorization)};
  }

  SystemClock clock_;
  FakeAdminServices services_;
  AdminRegistry registry_;
  FakeTokens tokens_;
  WorkerPool workers_{"admin", 2, 64};
  std::unique_ptr<AdminServer> server_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  std::unique_ptr<ThreadedLoop> loop_ = std::make_unique<ThreadedLoop>(io_);
  std::unique_ptr<UnaryClient> client_;
  std::thread thread_;
};

TEST_F(UnaryClientTest, AnswersWithWhatTheServerSays) {
  const auto answer = Call(PutTeam());
  ASSERT_THAT(answer, IsOk());
  identity::v1::PutTeamResponse response;
  ASSERT_TRUE(response.ParseFromString(*answer));
  EXPECT_TRUE(response.changed());
}

TEST_F(UnaryClientTest, PassesTheCallersTokenOn) {
  EXPECT_THAT(Call(PutTeam("")), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_THAT(Call(PutTeam("Bearer wa_viewer")), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(Call({.method = "grpc.health.v1.Health/Check", .request = ""}), IsOk());
}

TEST_F(UnaryClientTest, ErrorsHaveTheirDetails) {
  common::v1::BadFields bad;
  bad.add_fields()->set_path("team.name");
  services_.AnswerWith("PutTeam", status::WithDetail(status::InvalidArgument("bad team"), bad));
  const auto answer = Call(PutTeam());
  EXPECT_THAT(answer, StatusIs(StatusCode::kInvalidArgument, "bad team"));
  const auto detail = status::Detail<common::v1::BadFields>(answer.status());
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->fields(0).path(), "team.name");
}

TEST_F(UnaryClientTest, AServerThatIsAwayIsNamedByNobody) {
  server_ = nullptr;
  api::UnaryCall call = PutTeam();
  call.timeout = std::chrono::seconds(3);
  const auto answer = Call(std::move(call));
  EXPECT_THAT(answer, Not(IsOk()));
  EXPECT_THAT(answer.status().ToString(), Not(HasSubstr("127.0.0.1")));
}

TEST_F(UnaryClientTest, ManyCallsAreUnderWayAtOnce) {
  std::vector<std::future<absl::StatusOr<std::string>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(CallLater(PutTeam()));
  for (auto& each : answers) EXPECT_THAT(each.get(), IsOk());
}

// An address that takes connections and says nothing.
class SilentServerTest : public UnaryClientTest {
 protected:
  SilentServerTest() { Connect(fmt::format("127.0.0.1:{}", acceptor_.local_endpoint().port())); }
  asio::io_context own_;
  asio::ip::tcp::acceptor acceptor_{own_, {asio::ip::address_v4::loopback(), 0}};
};

TEST_F(SilentServerTest, ACallEndsWithItsTime) {
  api::UnaryCall call = PutTeam();
  call.timeout = std::chrono::milliseconds(50);
  EXPECT_THAT(Call(std::move(call)), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST_F(SilentServerTest, CallsMayBeEnded) {
  auto answer = CallLater(PutTeam());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  asio::post(io_, [this] { client_->Close(); });
  EXPECT_THAT(answer.get(), StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(Call(PutTeam()), StatusIs(StatusCode::kCancelled)) << "no more";
}

TEST_F(SilentServerTest, MayBeLeftWithCallsUnderWay) {
  auto answer = CallLater(PutTeam());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST(OpenAdminChannelTest, AsksForTlsBeyondThisMachine) {
  EXPECT_THAT(OpenAdminChannel("identity:9111", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("identity:9111")));
  EXPECT_THAT(OpenAdminChannel("identity:9111", {.ca_file = "/nowhere/ca.pem"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("/nowhere/ca.pem")));
}

// A suite's admin port, before callers that show a certificate of its CA, or none.
class AdministratorTest : public UnaryClientTest {
 protected:
  AdministratorTest() {
    const auto files = ca_.Issue("DNS:identity.weir,IP:127.0.0.1");
    std::ofstream(ca_file_) << ca_.pem();
    auto server = AdminServer::Start(
        {.address = "127.0.0.1:0",
         .tls_certificate_file = files.certificate_file,
         .tls_key_file = files.key_file,
         .peer_ca_file = ca_file_},
        {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_});
    secure_ = *std::move(server);
  }
  absl::StatusOr<std::string> CallAs(const weir::testing::TestCa::Server& files) {
    auto channel = OpenAdminChannel(fmt::format("127.0.0.1:{}", secure_->port()),
                                    {.certificate_file = files.certificate_file,
                                     .key_file = files.key_file,
                                     .ca_file = ca_file_});
    client_ = std::make_unique<UnaryClient>(*loop_, *channel);
    return Call(PutTeam());
  }

  const weir::testing::TestCa ca_;
  const std::string ca_file_ = weir::testing::NewFolder() + "/ca.pem";
  std::unique_ptr<AdminServer> secure_;
};

TEST_F(AdministratorTest, WhoeverCarriesTrafficMayNotEditWithAnyToken) {
  EXPECT_THAT(CallAs(ca_.Issue("DNS:admin.weir")), IsOk());
  EXPECT_THAT(CallAs(ca_.Issue("DNS:edge.weir")),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("edge.weir")));
  EXPECT_THAT(CallAs({}), IsOk());  // An operator.
}

}  // namespace
}  // namespace weir::rpc
