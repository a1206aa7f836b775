#include "edge/admin/door.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "common/testing/run.h"
#include "edge/testing/recording_reply.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"

namespace weir::edge {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::weir::edge::testing::HeaderOf;
using ::weir::edge::testing::RecordingReply;
using ::weir::testing::RunUntilDone;

constexpr std::string_view kPutTeam = "/weir.identity.v1.IdentityAdminService/PutTeam";

// Keeps what it is asked; answers as a test says.
class FakeService final : public api::UnaryCaller {
 public:
  asio::awaitable<absl::StatusOr<std::string>> Call(api::UnaryCall call) override {
    calls.push_back(std::move(call));
    co_return answer;
  }
  std::vector<api::UnaryCall> calls;
  absl::StatusOr<std::string> answer = std::string();
};

class DoorTest : public ::testing::Test {
 protected:
  DoorTest() {
    door_.Admit({.hosts = {"127.0.0.1:8090"}, .origins = {"https://console.example.com"}});
    Set("host", "127.0.0.1:8090");
    Set("content-type", "application/json");
    Set("authorization", "Bearer wa_1");
  }
  void Set(std::string_view name, std::string_view value) {
    fields_.set({name.data(), name.size()}, {value.data(), value.size()});
  }
  const RecordingReply& Ask(std::string_view body, std::string_view path = kPutTeam,
                            std::string_view method = "POST") {
    Exchange exchange;
    exchange.head.method = method;
    exchange.head.path = path;
    exchange.head.fields = &fields_;
    exchange.body = body;
    exchange.reply = &reply_;
    RunUntilDone(loop_, Serve(&exchange));
    return reply_;
  }
  asio::awaitable<bool> Serve(Exchange* exchange) {
    co_await door_.Serve(exchange);
    co_return true;
  }

  asio::io_context loop_;  // Outlives the pool, as RunOn wants it.
  WorkerPool workers_{"door", 1, 10};
  metrics::Registry metrics_;
  FakeService identity_;
  Door door_{{.backends = {{.service = identity::v1::Team::descriptor()->file()->service(0),
                            .caller = identity_}},
              .workers = workers_,
              .metrics = metrics_}};
  boost::beast::http::fields fields_;
  RecordingReply reply_;
};

TEST_F(DoorTest, TranslatesACallAndItsAnswer) {
  identity::v1::PutTeamResponse response;
  response.mutable_team()->set_name("red");
  response.set_changed(true);
  identity_.answer = response.SerializeAsString();
  Set("connect-timeout-ms", "5000");
  const RecordingReply& reply = Ask(R"({"team": {"organization": "acme", "name": "red"}})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"team":{"name":"red"},"changed":true})");
  EXPECT_EQ(HeaderOf(reply.headers, "content-type"), "application/json");
  EXPECT_EQ(HeaderOf(reply.headers, "cache-control"), "no-store");
  ASSERT_THAT(identity_.calls, SizeIs(1));
  const api::UnaryCall& call = identity_.calls[0];
  EXPECT_EQ(call.method, "weir.identity.v1.IdentityAdminService/PutTeam");
  EXPECT_EQ(call.authorization, "Bearer wa_1");
  EXPECT_EQ(call.timeout, seconds(5));
  identity::v1::PutTeamRequest request;
  ASSERT_TRUE(request.ParseFromString(call.request));
  EXPECT_EQ(request.team().name(), "red");
  EXPECT_THAT(metrics_.Render(), HasSubstr("weir_door_requests_total{code=\"ok\"} 1"));
}

TEST_F(DoorTest, TranslatesLongTextsToo) {
  identity::v1::PutTeamResponse response;
  response.mutable_team()->set_display_name(std::string(100'000, 'x'));
  identity_.answer = response.SerializeAsString();
  const RecordingReply& reply =
      Ask(R"({"team": {"displayName": ")" + std::string(100'000, 'y') + "\"}}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_GT(reply.body.size(), 100'000U);
  EXPECT_GT(identity_.calls[0].request.size(), 100'000U);
}

TEST_F(DoorTest, PassesOnWhatAServiceRefuses) {
  common::v1::BadFields bad;
  bad.add_fields()->set_path("team.name");
  identity_.answer = status::WithDetail(status::InvalidArgument("bad team"), bad);
  const RecordingReply& reply = Ask("{}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr(R"("code":"invalid_argument","message":"bad team")"));
  EXPECT_THAT(reply.body, HasSubstr(R"("path":"team.name")"));
}

TEST_F(DoorTest, NamesAFieldThatIsNotThere) {
  const RecordingReply& reply = Ask(R"({"team": {"nam": "red"}})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("nam"));
  EXPECT_THAT(identity_.calls, IsEmpty());
}

TEST_F(DoorTest, KnowsItsMethodsAlone) {
  for (const std::string_view path :
       {"/", "/weir.identity.v1.IdentityAdminService/NoSuch",
        "/weir.identity.v1.IdentityService/Watch", "/weir.quota.v1.QuotaAdminService/PutLimit",
        "/x/weir.identity.v1.IdentityAdminService/PutTeam"}) {
    const RecordingReply& reply = Ask("{}", path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_THAT(reply.body, HasSubstr(R"("code":"unimplemented")"));
  }
  EXPECT_THAT(identity_.calls, IsEmpty());
}

TEST_F(DoorTest, AsksNobodyWithoutAToken) {
  fields_.erase("authorization");
  const RecordingReply& reply = Ask("{}");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(HeaderOf(reply.headers, "www-authenticate"), "Bearer");
  EXPECT_THAT(identity_.calls, IsEmpty());
}

TEST_F(DoorTest, AnotherHostsAndAnotherPagesRequestsReachNobody) {
  Set("host", "evil.example.net:8090");
  EXPECT_EQ(Ask("{}").status, 421);
  Set("host", "127.0.0.1:8090");
  Set("origin", "https://evil.example.net");
  EXPECT_EQ(Ask("{}").status, 403);
  EXPECT_EQ(HeaderOf(Ask("{}").headers, "access-control-allow-origin"), "");
  EXPECT_EQ(Ask("", kPutTeam, "OPTIONS").status, 403);
  EXPECT_THAT(identity_.calls, IsEmpty());
}

TEST_F(DoorTest, AListedPageMayAskAndReadErrorsToo) {
  Set("origin", "https://console.example.com");
  const RecordingReply& preflight = Ask("", kPutTeam, "OPTIONS");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.body, "");
  EXPECT_EQ(HeaderOf(preflight.headers, "access-control-allow-methods"), "POST");
  identity_.answer = status::NotFound("no team");
  const RecordingReply& reply = Ask("{}");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(HeaderOf(reply.headers, "access-control-allow-origin"), "https://console.example.com");
}

TEST_F(DoorTest, FormsAreRefusedBeforeTheyCanBeAnything) {
  Set("content-type", "text/plain");
  const RecordingReply& reply = Ask("{}");
  EXPECT_EQ(reply.status, 415);
  EXPECT_EQ(HeaderOf(reply.headers, "accept-post"), "application/json");
  EXPECT_THAT(identity_.calls, IsEmpty());
  EXPECT_EQ(HeaderOf(Ask("{}", kPutTeam, "GET").headers, "allow"), "POST, OPTIONS");
}

TEST_F(DoorTest, AnAnswerThatIsNoneIsDataLoss) {
  identity_.answer = "\xff\xff";
  EXPECT_EQ(Ask("{}").status, 500);
}

TEST_F(DoorTest, LetsNobodyInBeforeItIsToldWhom) {
  door_.Admit({});
  EXPECT_EQ(Ask("{}").status, 421);
}

}  // namespace
}  // namespace weir::edge
