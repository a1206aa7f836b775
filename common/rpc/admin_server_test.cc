#include "common/rpc/admin_server.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>

#include "common/rpc/admin_client.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/fake_admin_services.h"
#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"

namespace weir::rpc {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using weir::identity::v1::PutTeamRequest;
using weir::identity::v1::PutTeamResponse;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kPutTeam = "weir.identity.v1.IdentityAdminService/PutTeam";
constexpr std::string_view kListTeams = "weir.identity.v1.IdentityAdminService/ListTeams";
constexpr std::string_view kReflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

struct Observed {
  std::string actor, method;
  StatusCode code;
};

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() { services_.AddTo(registry_); }

  void Serve(AdminServerOptions options = {}) {
    options.address = "127.0.0.1:0";
    auto on_call = [this](const api::AdminCall& call, std::string_view method,
                          const absl::Status& status, Duration) {
      MutexLock lock(mutex_);
      observed_.push_back({call.actor, std::string(method), status.code()});
    };
    auto server = AdminServer::Start(
        options, {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_},
        on_call);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  std::string Address() const { return fmt::format("127.0.0.1:{}", server_->port()); }

  std::unique_ptr<AdminClient> Client(std::string token) const {
    return AdminClient::Create({.address = Address(), .token = std::move(token)}).value();
  }

  absl::Status Call(std::string token, std::string_view method, const std::string& request = "") {
    return Client(std::move(token))->CallBytes(method, request).status();
  }

  std::vector<Observed> observed() {
    MutexLock lock(mutex_);
    return observed_;
  }

  FakeAdminServices services_;
  AdminRegistry registry_;
  FakeTokens tokens_;
  WorkerPool workers_{"admin", 2, 64};
  SystemClock clock_;
  Mutex mutex_;
  std::vector<Observed> observed_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, C_2_EveryAdminRpcNeedsAToken) {
  Serve();
  ASSERT_THAT(registry_.Methods(), SizeIs(41));
  const auto nobody = Client("");
  const auto stranger = Client("wa_stranger");
  const auto edge = Client("wr_a_key_for_calls");
  for (const AdminRegistry::Method* method : registry_.Methods()) {
    SCOPED_TRACE(method->full_name);
    for (AdminClient* client : {nobody.get(), stranger.get(), edge.get()}) {
      EXPECT_THAT(client->CallBytes(method->full_name, ""), StatusIs(StatusCode::kUnauthenticated));
    }
  }
  EXPECT_THAT(services_.received(), IsEmpty());
}

TEST_F(AdminServerTest, C_2_AViewersEditIsRefused) {
  Serve();
  const auto viewer = Client("wa_viewer");
  int edits = 0;
  for (const AdminRegistry::Method* method : registry_.Methods()) {
    SCOPED_TRACE(method->full_name);
    const bool edit = method->access.role > weir::common::v1::ROLE_VIEWER;
    edits += edit;
    EXPECT_EQ(viewer->CallBytes(method->full_name, "").status().code(),
              edit ? StatusCode::kPermissionDenied : StatusCode::kOk);
  }
  EXPECT_EQ(edits, 25);
  EXPECT_THAT(services_.received(), SizeIs(16));
}

TEST_F(AdminServerTest, AnEditorsCallReachesTheServiceAndComesBack) {
  Serve();
  PutTeamRequest request;
  request.mutable_team()->set_name("red");
  PutTeamResponse response;
  EXPECT_THAT(Client("wa_editor")->Call(kPutTeam, request, response), IsOk());
  EXPECT_TRUE(response.changed());
  ASSERT_THAT(services_.received(), SizeIs(1));
  EXPECT_EQ(services_.received()[0].request, "team { name: \"red\" }");
}

TEST_F(AdminServerTest, ABoundTokenStaysInItsOrganization) {
  Serve();
  PutTeamRequest request;
  request.mutable_team()->set_organization("globex");
  EXPECT_THAT(Call("wa_admin@acme", kPutTeam, request.SerializeAsString()),
              StatusIs(StatusCode::kPermissionDenied));
  request.mutable_team()->set_organization("acme");
  EXPECT_THAT(Call("wa_admin@acme", kPutTeam, request.SerializeAsString()), IsOk());
  EXPECT_THAT(Call("wa_admin@acme", kPutTeam), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(services_.received(), SizeIs(1));
}

TEST_F(AdminServerTest, UnknownMethodsAreUnimplementedForThoseWithATokenAlone) {
  Serve();
  EXPECT_THAT(Call("", "weir.nope.Service/Nope"), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_THAT(Call("wa_viewer", "weir.nope.Service/Nope"), StatusIs(StatusCode::kUnimplemented));
}

TEST_F(AdminServerTest, MalformedBytesAreInvalid) {
  Serve();
  EXPECT_THAT(Call("wa_editor", kPutTeam, "\x0a\xff\xff\xff"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("weir.identity.v1.PutTeamRequest")));
}

TEST_F(AdminServerTest, OversizeRequestsAreRefused) {
  Serve({.max_request_bytes = 4096});
  const std::string large(5000, 'x');
  EXPECT_THAT(Call("wa_editor", kPutTeam, large), StatusIs(StatusCode::kResourceExhausted));
  // The same from somebody who may not even ask.
  EXPECT_THAT(Call("", kPutTeam, large), StatusIs(StatusCode::kUnauthenticated));
}

TEST_F(AdminServerTest, DetailsOfAnErrorSurvive) {
  Serve();
  weir::common::v1::BadFields fields;
  fields.add_fields()->set_path("team.name");
  services_.AnswerWith("PutTeam",
                       status::WithDetail(status::InvalidArgument("team.name is ''"), fields));
  const absl::Status answer = Call("wa_editor", kPutTeam);
  EXPECT_THAT(answer, StatusIs(StatusCode::kInvalidArgument, "team.name is ''"));
  ASSERT_TRUE(status::Detail<weir::common::v1::BadFields>(answer).has_value());
  EXPECT_EQ(status::Detail<weir::common::v1::BadFields>(answer)->fields(0).path(), "team.name");
}

TEST_F(AdminServerTest, ChangesAndRefusalsAreObservedAndReadsAreNot) {
  Serve();
  (void)Call("wa_viewer", kListTeams);
  EXPECT_THAT(observed(), IsEmpty());
  (void)Call("wa_editor", kPutTeam);
  (void)Call("wa_viewer", kPutTeam);
  (void)Call("", kListTeams);
  ASSERT_THAT(observed(), SizeIs(3));
  EXPECT_THAT(observed()[0],
              AllOf(Field(&Observed::actor, "wa_editor"), Field(&Observed::method, kPutTeam),
                    Field(&Observed::code, StatusCode::kOk)));
  EXPECT_THAT(observed()[1], AllOf(Field(&Observed::actor, "wa_viewer"),
                                   Field(&Observed::code, StatusCode::kPermissionDenied)));
  EXPECT_THAT(observed()[2], AllOf(Field(&Observed::actor, ""),
                                   Field(&Observed::code, StatusCode::kUnauthenticated)));
}

grpc::health::v1::HealthCheckResponse::ServingStatus Health(AdminClient& client) {
  grpc::health::v1::HealthCheckResponse response;
  const absl::Status status =
      client.Call("grpc.health.v1.Health/Check", grpc::health::v1::HealthCheckRequest(), response);
  EXPECT_THAT(status, IsOk());
  return response.status();
}

TEST_F(AdminServerTest, HealthNeedsNoToken) {
  Serve();
  EXPECT_EQ(Health(*Client("")), grpc::health::v1::HealthCheckResponse::SERVING);
}

// One question over a stream of its own.
absl::StatusOr<grpc::reflection::v1::ServerReflectionResponse> Reflect(
    const std::string& address, const std::string& token,
    const grpc::reflection::v1::ServerReflectionRequest& question) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  grpc::CompletionQueue queue;
  auto finished = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto stream = stub.PrepareCall(&context, std::string(kReflect), &queue);
  stream->StartCall(nullptr);
  bool ok = finished();
  if (ok) {
    stream->Write(ToByteBuffer(question.SerializeAsString()), nullptr);
    ok = finished();
  }
  grpc::ByteBuffer answer;
  if (ok) {
    stream->Read(&answer, nullptr);
    ok = finished();
  }
  if (ok) {
    stream->WritesDone(nullptr);
    finished();
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  finished();
  if (!status.ok()) {
    return status::Make(static_cast<StatusCode>(status.error_code()), status.error_message());
  }
  grpc::reflection::v1::ServerReflectionResponse response;
  EXPECT_TRUE(response.ParseFromString(TakeBytes(answer)));
  return response;
}

TEST_F(AdminServerTest, ReflectionListsServicesBehindTheToken) {
  Serve();
  grpc::reflection::v1::ServerReflectionRequest question;
  question.set_list_services("*");
  EXPECT_THAT(Reflect(Address(), "", question), StatusIs(StatusCode::kUnauthenticated));
  auto answer = Reflect(Address(), "wa_viewer", question);
  ASSERT_THAT(answer, IsOk());
  std::vector<std::string> names;
  for (const auto& each : answer->list_services_response().service()) names.push_back(each.name());
  EXPECT_THAT(names, Contains("weir.quota.v1.QuotaAdminService"));
  EXPECT_THAT(names, Contains("grpc.health.v1.Health"));
}

TEST_F(AdminServerTest, SilentCallersAreCutOff) {
  Serve({.max_concurrent_calls = 1, .receive_timeout = std::chrono::milliseconds(100)});
  grpc::GenericStub stub(grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer wa_viewer");
  grpc::CompletionQueue queue;
  auto stream = stub.PrepareCall(&context, fmt::format("/{}", kListTeams), &queue);
  stream->StartCall(nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Status status;
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  // Its place is free again, soon after the caller has heard of its end.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  absl::Status next = Call("wa_viewer", kListTeams);
  while (next.code() == absl::StatusCode::kResourceExhausted &&
         std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    next = Call("wa_viewer", kListTeams);
  }
  EXPECT_THAT(next, IsOk());
}

// A verifier that lets a test hold calls inside the server.
class GatedTokens final : public api::AdminTokenVerifier {
 public:
  absl::StatusOr<api::AdminCall> Verify(std::string_view) override {
    entered_.set_value();
    gate_.get_future().wait();
    return api::AdminCall{.actor = "gated", .role = weir::common::v1::ROLE_VIEWER};
  }
  void AwaitEntered() { entered_.get_future().wait(); }
  void Open() { gate_.set_value(); }

 private:
  std::promise<void> entered_, gate_;
};

TEST_F(AdminServerTest, OneCallTooManyIsTurnedAwayAtOnce) {
  GatedTokens tokens;
  auto server = AdminServer::Start(
      {.address = "127.0.0.1:0", .max_concurrent_calls = 1},
      {.registry = registry_, .tokens = tokens, .workers = workers_, .clock = clock_});
  ASSERT_THAT(server, IsOk());
  const std::string address = fmt::format("127.0.0.1:{}", (*server)->port());
  const auto client = AdminClient::Create({.address = address, .token = "wa_x"}).value();

  auto first = std::async([&] { return client->CallBytes(kListTeams, "").status(); });
  tokens.AwaitEntered();
  EXPECT_THAT(client->CallBytes(kListTeams, ""), StatusIs(StatusCode::kResourceExhausted));
  tokens.Open();
  EXPECT_THAT(first.get(), IsOk());
}

TEST_F(AdminServerTest, ShutdownWaitsForCallsAtWork) {
  GatedTokens tokens;
  auto server = AdminServer::Start(
      {.address = "127.0.0.1:0"},
      {.registry = registry_, .tokens = tokens, .workers = workers_, .clock = clock_});
  ASSERT_THAT(server, IsOk());
  const std::string address = fmt::format("127.0.0.1:{}", (*server)->port());
  const auto client = AdminClient::Create({.address = address, .token = "wa_x"}).value();

  auto call = std::async([&] { return client->CallBytes(kListTeams, "").status(); });
  tokens.AwaitEntered();
  auto shutdown = std::async([&] { (*server)->Shutdown(std::chrono::seconds(10)); });
  EXPECT_EQ(shutdown.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  tokens.Open();
  EXPECT_THAT(call.get(), IsOk());
  shutdown.get();
}

TEST_F(AdminServerTest, RefusesToStart) {
  const AdminServer::Deps deps{
      .registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_};
  EXPECT_THAT(AdminServer::Start({.address = "0.0.0.0:0"}, deps),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("without TLS")));
  EXPECT_THAT(AdminServer::Start({.address = "127.0.0.1:0", .tls_key_file = "k.pem"}, deps),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("want both")));
  Serve();
  EXPECT_THAT(AdminServer::Start({.address = Address()}, deps),
              StatusIs(StatusCode::kUnavailable, HasSubstr(Address())));

  AdminRegistry incomplete;
  incomplete.Add<PutTeamRequest, PutTeamResponse>(
      "weir.identity.v1.IdentityAdminService", "PutTeam",
      [](const auto&, const auto&) { return PutTeamResponse(); });
  EXPECT_THAT(
      AdminServer::Start(
          {.address = "127.0.0.1:0"},
          {.registry = incomplete, .tokens = tokens_, .workers = workers_, .clock = clock_}),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("PutUser is not registered")));
}

}  // namespace
}  // namespace weir::rpc
