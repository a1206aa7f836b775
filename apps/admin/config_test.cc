#include "apps/admin/config.h"

#include <gmock/gmock.h>

#include "common/config/load.h"
#include "common/testing/status_matchers.h"

namespace weir::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr std::string_view kServices = R"(
services:
  identity: {admin: "127.0.0.1:9111"}
  quota: {admin: "unix:/run/weir/quota.sock"}
  routing: {admin: "localhost:9113"}
)";

absl::StatusOr<AdminConfig> Parse(std::string_view text, config::Environment environment = {}) {
  AdminConfig config;
  const auto settings = config::Load(
      {.file = "admin.yaml", .text = std::string(text), .environment = std::move(environment)},
      [&config](config::Reader& root) { ReadAdminConfig(root, config); });
  if (!settings.ok()) return settings.status();
  return config;
}

TEST(AdminConfigTest, ServicesAreEnough) {
  const auto config = Parse(kServices);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->door.listener.host, "127.0.0.1");
  EXPECT_EQ(config->door.listener.port, 8090);
  EXPECT_EQ(config->ops.host, "127.0.0.1");
  EXPECT_EQ(config->ops.port, 9124);
  EXPECT_EQ(config->quota, "unix:/run/weir/quota.sock");
  EXPECT_EQ(config->guardrails, "");
  EXPECT_EQ(config->cache, "");
}

TEST(AdminConfigTest, ReadsASuites) {
  const auto config = Parse(R"(
profile: prod
door:
  address: "0.0.0.0:8090"
  hosts: ["127.0.0.1:8090", "localhost:8090"]
  origins: ["https://console.example.com"]
services:
  identity: {admin: "identity:9111"}
  quota: {admin: "quota:9112"}
  routing: {admin: "routing:9113"}
  guardrails: {admin: "guardrails:9114"}
  cache: {admin: "cache:9115"}
rpc:
  tls: {certificate: c.pem, key: k.pem, ca: ca.pem}
ops:
  address: "0.0.0.0:9999"
log: {level: warn}
)");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->identity, "identity:9111");
  EXPECT_EQ(config->guardrails, "guardrails:9114");
  EXPECT_EQ(config->cache, "cache:9115");
  EXPECT_EQ(config->tls.ca_file, "ca.pem");
  EXPECT_EQ(config->tls.certificate_file, "c.pem");
  EXPECT_THAT(config->door.hosts, ElementsAre("127.0.0.1:8090", "localhost:8090"));
  EXPECT_THAT(config->door.origins, ElementsAre("https://console.example.com"));
  EXPECT_EQ(config->ops.port, 9999);
  EXPECT_EQ(config->log.level, log::Level::kWarn);
}

TEST(AdminConfigTest, TheCaAloneIsEnough) {
  const auto config = Parse(
      "services:\n  identity: {admin: 'identity:9111'}\n  quota: {admin: 'quota:9112'}\n"
      "  routing: {admin: 'routing:9113'}\nrpc: {tls: {ca: ca.pem}}\n");
  ASSERT_THAT(config, IsOk());
  EXPECT_FALSE(config->tls.enabled());
}

TEST(AdminConfigTest, SaysEveryFault) {
  EXPECT_THAT(Parse("door: {address: '0.0.0.0:80'}\n"
                    "services:\n  identity: {admin: 'identity:9111'}\n  quota: {admin: nowhere}\n"
                    "  guardrails: {admin: nobody}\n  cache: {admin: 'cache:9115'}\n"
                    "port: 1\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(
                           HasSubstr("door.hosts is empty"),
                           HasSubstr("services.identity.admin is 'identity:9111' without rpc.tls"),
                           HasSubstr("services.quota.admin is 'nowhere', want HOST:PORT"),
                           HasSubstr("services.routing.admin is missing"),
                           HasSubstr("services.guardrails.admin is 'nobody', want HOST:PORT"),
                           HasSubstr("services.cache.admin is 'cache:9115' without rpc.tls"),
                           HasSubstr("port is not a known key"))));
  EXPECT_THAT(Parse(std::string(kServices) + "rpc: {tls: {ca: ca.pem, key: k.pem}}\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rpc.tls has a certificate")));
}

TEST(AdminConfigTest, TheDevProfileIsForThisMachine) {
  EXPECT_THAT(
      Parse(std::string(kServices) +
            "profile: dev\n"
            "door: {address: '0.0.0.0:80', hosts: [x]}\nops: {address: '[::]:81'}\n"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               ::testing::AllOf(HasSubstr("door.address is 0.0.0.0, want a loopback address"),
                                HasSubstr("ops.address is ::, want a loopback address"))));
}

TEST(AdminConfigTest, VariablesOverrideKeys) {
  const auto config = Parse(kServices, {{"WEIR_DOOR_ADDRESS", "127.0.0.1:18090"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->door.listener.port, 18090);
}

}  // namespace
}  // namespace weir::admin
