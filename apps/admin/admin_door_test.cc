// The whole process but its main, before an admin port with fakes behind it.
#include "apps/admin/admin_door.h"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "common/rpc/admin_server.h"
#include "common/rpc/fake_admin_services.h"
#include "common/testing/status_matchers.h"

namespace weir::admin {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::weir::testing::IsOk;

// Everything that comes until the server ends the connection.
std::string Exchange(uint16_t port, const std::string& request) {
  asio::io_context loop;
  asio::ip::tcp::socket socket(loop);
  ErrorCode error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  if (error) return error.message();
  asio::write(socket, asio::buffer(request), error);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

class AdminDoorTest : public ::testing::Test {
 protected:
  AdminDoorTest() {
    services_.AddTo(registry_);
    auto server = rpc::AdminServer::Start(
        {.address = "127.0.0.1:0"},
        {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_});
    server_ = *std::move(server);
    address_ = fmt::format("127.0.0.1:{}", server_->port());
  }
  void Open() {
    AdminConfig config;
    config.door.listener.port = 0;
    config.ops.port = 0;
    config.identity = config.quota = config.routing = address_;
    if (with_all_) config.guardrails = config.cache = address_;
    door_ = std::make_unique<AdminDoor>(std::move(config));
    ASSERT_THAT(door_->Open(), IsOk());
  }
  std::string Ops(std::string_view path) {
    return Exchange(door_->ops_port(),
                    fmt::format("GET {} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n", path));
  }
  bool BecomesReady() {
    for (int i = 0; i < 500; ++i) {
      if (Ops("/readyz").starts_with("HTTP/1.1 200")) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::string Post(std::string_view method, std::string_view body,
                   std::string_view token = "wa_admin") {
    return Exchange(door_->port(),
                    fmt::format("POST /{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n"
                                "Content-Type: application/json\r\nAuthorization: Bearer {}\r\n"
                                "Content-Length: {}\r\n\r\n{}",
                                method, door_->port(), token, body.size(), body));
  }

  SystemClock clock_;
  rpc::FakeAdminServices services_;
  rpc::AdminRegistry registry_;
  rpc::FakeTokens tokens_;
  WorkerPool workers_{"admin", 2, 64};
  std::unique_ptr<rpc::AdminServer> server_;
  std::string address_;
  bool with_all_ = true;  // Guardrails and cache too.
  std::unique_ptr<AdminDoor> door_;
};

TEST_F(AdminDoorTest, ReachesEveryService) {
  Open();
  EXPECT_THAT(Post("weir.identity.v1.IdentityAdminService/PutTeam",
                   R"({"team": {"organization": "acme", "name": "red"}})"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("changed":true)")));
  EXPECT_THAT(Post("weir.quota.v1.QuotaAdminService/PutLimit", "{}"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Post("weir.routing.v1.RoutingAdminService/ListModels", R"({"organization": "a"})"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("{}")));
  EXPECT_THAT(Post("weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy",
                   R"({"policy": {"organization": "acme", "name": "pii"}})"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("changed":true)")));
  EXPECT_THAT(Post("weir.cache.v1.CacheAdminService/PutCachePolicy",
                   R"({"policy": {"organization": "acme", "name": "faq"}})"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("changed":true)")));
}

TEST_F(AdminDoorTest, WhatTheSuiteDoesNotHaveIsNotThere) {
  with_all_ = false;
  Open();
  EXPECT_TRUE(BecomesReady());
  for (const std::string_view method :
       {"weir.guardrails.v1.GuardrailsAdminService/ListGuardrailPolicies",
        "weir.cache.v1.CacheAdminService/ListCachePolicies"}) {
    EXPECT_THAT(Post(method, R"({"organization": "a"})"),
                AllOf(StartsWith("HTTP/1.1 404"), HasSubstr(R"("code":"unimplemented")")));
  }
}

TEST_F(AdminDoorTest, TheServicesCheckTheToken) {
  Open();
  EXPECT_THAT(Post("weir.identity.v1.IdentityAdminService/PutTeam", "{}", "wa_nobody"),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr(R"("code":"unauthenticated")")));
  EXPECT_THAT(Post("weir.identity.v1.IdentityAdminService/PutTeam", "{}", "wa_viewer"),
              StartsWith("HTTP/1.1 403"));
}

TEST_F(AdminDoorTest, IsReadyWhenTheServicesAnswer) {
  server_ = nullptr;
  Open();
  EXPECT_THAT(Ops("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("identity")));
  EXPECT_THAT(Ops("/livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Post("weir.quota.v1.QuotaAdminService/PutLimit", "{}"),
              AllOf(StartsWith("HTTP/1.1 503"), Not(HasSubstr(address_))));
  auto server = rpc::AdminServer::Start(
      {.address = address_},
      {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_});
  ASSERT_THAT(server, IsOk());
  server_ = *std::move(server);
  EXPECT_TRUE(BecomesReady());
  EXPECT_THAT(Ops("/metrics"),
              AllOf(HasSubstr("weir_door_requests_total"), HasSubstr("weir_build_info")));
}

TEST_F(AdminDoorTest, DrainsAndLetsGo) {
  Open();
  ASSERT_TRUE(BecomesReady());
  const uint16_t port = door_->port();
  door_->Drain();
  EXPECT_THAT(Exchange(port, "GET / HTTP/1.1\r\n\r\n"), Not(StartsWith("HTTP")));
  door_ = nullptr;
}

TEST_F(AdminDoorTest, MayGoWithoutADrain) {
  Open();
  door_ = nullptr;
}

}  // namespace
}  // namespace weir::admin
