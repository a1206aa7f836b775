#include "common/process/host_config.h"

#include <gmock/gmock.h>

#include "common/config/load.h"
#include "common/testing/status_matchers.h"

namespace weir::process {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kGood =
    "secrets: /s\n"
    "rpc: {address: 'unix:/run/weir/quota.sock'}\n"
    "services: {identity: {address: 'unix:/a, 127.0.0.1:9101'}}\n";

absl::StatusOr<HostConfig> Read(std::string_view text) {
  HostConfig config;
  const auto settings = config::Load(
      {.file = "quota.yaml", .text = std::string(text)},
      [&](config::Reader& root) { ReadHost(root, 9122, /*asks_identity=*/true, config); });
  if (!settings.ok()) return settings.status();
  return config;
}

TEST(HostConfigTest, DefaultsRun) {
  const auto config = Read(kGood);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->profile, Profile::kProd);
  EXPECT_EQ(config->ops.host, "127.0.0.1");
  EXPECT_EQ(config->ops.port, 9122);
  EXPECT_EQ(config->drain, std::chrono::seconds(10));
  EXPECT_THAT(config->identity, ElementsAre("unix:/a", "127.0.0.1:9101"));
}

struct FaultCase {
  std::string_view name, text, want;
};
class HostConfigFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(HostConfigFaultTest, IsNamedByItsKey) {
  EXPECT_THAT(Read(GetParam().text),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Files, HostConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"PlaintextBeyondTheMachine",
         "secrets: /s\nrpc: {address: '0.0.0.0:9102'}\nservices: {identity: {address: "
         "'unix:/a'}}\n",
         "rpc.address is '0.0.0.0:9102' without rpc.tls"},
        {"TokensInTheClear",
         "secrets: /s\nrpc: {address: 'unix:/q'}\nadmin: {address: '0.0.0.0:9112'}\n"
         "services: {identity: {address: 'unix:/a'}}\n",
         "admin.address is '0.0.0.0:9112' without admin.tls"},
        {"ACertificateWithoutItsKey",
         "secrets: /s\nrpc: {address: 'unix:/q', tls: {certificate: c, ca: a}}\n"
         "services: {identity: {address: 'unix:/a'}}\n",
         "rpc.tls.key"},
        {"NobodyKnowsAdminTokens",
         "secrets: /s\nrpc: {address: 'unix:/q'}\n"
         "services: {identity: {}}\n",
         "services.identity.address"},
        {"NoAddress", "secrets: /s\nrpc: {}\nservices: {identity: {address: 'unix:/a'}}\n",
         "rpc.address"},
        {"AnEndlessDrain",
         "secrets: /s\ndrain: 1h\nrpc: {address: 'unix:/q'}\n"
         "services: {identity: {address: 'unix:/a'}}\n",
         "drain"},
        {"OpsIsAnAddress",
         "secrets: /s\nops: {address: 'here'}\nrpc: {address: 'unix:/q'}\n"
         "services: {identity: {address: 'unix:/a'}}\n",
         "ops.address"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::process
