#include "apps/standalone/config.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"

namespace weir::standalone {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kLeast = "data: /var/lib/weir\nsecrets: /etc/weir/secrets\n";

absl::StatusOr<StandaloneConfig> Parse(std::string_view text,
                                       config::Environment environment = {}) {
  return ParseStandaloneConfig(
      {.file = "weir.yaml", .text = std::string(text), .environment = std::move(environment)});
}

// The two keys that are needed, and then `text`, whose lines count from 3.
absl::StatusOr<StandaloneConfig> ParseWith(std::string_view text,
                                           config::Environment environment = {}) {
  return Parse(std::string(kLeast) + std::string(text), std::move(environment));
}

TEST(StandaloneConfigTest, TwoKeysAreEnough) {
  const absl::StatusOr<StandaloneConfig> config = Parse(kLeast);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->profile, Profile::kProd);
  EXPECT_EQ(config->data_directory, "/var/lib/weir");
  EXPECT_EQ(config->secrets_directory, "/etc/weir/secrets");
  EXPECT_EQ(config->bootstrap, "");
  ASSERT_EQ(config->edge.listeners.size(), 1U);
  EXPECT_EQ(config->edge.listeners[0].host, "127.0.0.1");
  EXPECT_EQ(config->edge.listeners[0].port, 8080);
  EXPECT_EQ(config->edge.ops_port, 9094);
  EXPECT_EQ(config->admin.address, "127.0.0.1:9091");
  EXPECT_EQ(config->edge.outbox_directory, "/var/lib/weir/outbox");
  EXPECT_FALSE(config->edge.open_auth);
  EXPECT_FALSE(config->identity.short_keys);
  EXPECT_FALSE(config->routing.allow_plaintext_upstreams);
}

TEST(StandaloneConfigTest, ReadsEveryKey) {
  const absl::StatusOr<StandaloneConfig> config = Parse(R"(
profile: prod
data: data
secrets: secrets
bootstrap: documents
log: {level: warn, path: weir.log}
auth: {mode: required}
listeners:
  - name: public
    address: 0.0.0.0:8443
    tls: {certificate: chain.pem, key: key.pem}
  - address: "[::1]:8080"
  - address: localhost:8081
    tls: {self_signed: true}
ops: {address: 0.0.0.0:9095}
admin:
  address: 0.0.0.0:9092
  tls: {certificate: admin.pem, key: admin.key}
edge:
  loops: 3
  max_body: 1MiB
  max_answer_buffer: 2MiB
  max_concurrent_requests: 77
  address_limit: {requests_per_second: 2.5, burst: 9}
  identity_cache: 5
  identity_grace: 10s
  drain: 5s
  trusted_proxies: [10.0.0.0/8]
  forward_headers: [x-team]
  timeouts: {handshake: 1s, head: 2s, body: 3s, body_total: 6s, keep_alive: 4s, write: 5s}
egress:
  allow: [127.0.0.1]
  allow_plaintext: true
  https_proxy: http://proxy:3128
  no_proxy: [.example.com]
  ca_file: ca.pem
identity: {max_keys_per_organization: 7, max_admin_tokens: 8, default_organization: acme, heartbeat: 100ms}
redis:
  address: "redis:6379"
  user: weir
  password: open sesame
  tls: {ca: redis-ca.pem, certificate: redis.pem, key: redis.key, server_name: redis.example}
  connect_timeout: 2s
  command_timeout: 20ms
  max_in_flight: 100
quota:
  store: redis
  outage_share: 0.25
  hold_ttl: 31s
  replay_retention: 20m
  replay_records: 2000
  ledger_queue: 3000
  ledger_batch: 4
  ledger_linger: 6ms
  learned_models: 9
routing: {default_suspend: 1s, max_attempts: 2, health_memory: 3s, tables_kept: 4}
)");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->bootstrap, "documents");
  EXPECT_EQ(config->log.level, log::Level::kWarn);
  EXPECT_EQ(config->log.path, "weir.log");

  const edge::EdgeConfig& edge = config->edge;
  ASSERT_EQ(edge.listeners.size(), 3U);
  EXPECT_EQ(edge.listeners[0].name, "public");
  EXPECT_EQ(edge.listeners[0].host, "0.0.0.0");
  EXPECT_EQ(edge.listeners[0].port, 8443);
  EXPECT_TRUE(edge.listeners[0].tls.enabled);
  EXPECT_EQ(edge.listeners[0].tls.certificate_file, "chain.pem");
  EXPECT_EQ(edge.listeners[0].tls.key_file, "key.pem");
  EXPECT_EQ(edge.listeners[1].name, "listeners[1]");
  EXPECT_EQ(edge.listeners[1].host, "::1");
  EXPECT_FALSE(edge.listeners[1].tls.enabled);
  EXPECT_EQ(edge.listeners[2].host, "127.0.0.1");
  EXPECT_TRUE(edge.listeners[2].tls.self_signed);
  EXPECT_EQ(edge.ops_host, "0.0.0.0");
  EXPECT_EQ(edge.ops_port, 9095);
  EXPECT_EQ(edge.loops, 3);
  EXPECT_EQ(edge.max_body_bytes, 1U << 20);
  EXPECT_EQ(edge.max_answer_buffer_bytes, 2U << 20);
  EXPECT_EQ(edge.max_concurrent_requests, 77);
  EXPECT_EQ(edge.address_requests_per_second, 2.5);
  EXPECT_EQ(edge.address_burst, 9);
  EXPECT_EQ(edge.identity_cache_entries, 5U);
  EXPECT_EQ(edge.identity_grace, 10s);
  EXPECT_EQ(edge.drain, 5s);
  EXPECT_THAT(edge.trusted_proxies, ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(edge.forward_headers, ElementsAre("x-team"));
  EXPECT_EQ(edge.http.handshake, 1s);
  EXPECT_EQ(edge.http.head, 2s);
  EXPECT_EQ(edge.http.body, 3s);
  EXPECT_EQ(edge.http.body_total, 6s);
  EXPECT_EQ(edge.http.keep_alive, 4s);
  EXPECT_EQ(edge.http.write, 5s);
  EXPECT_THAT(edge.egress_allow, ElementsAre("127.0.0.1"));
  EXPECT_TRUE(edge.egress_allow_plaintext);
  EXPECT_EQ(edge.egress_https_proxy, "http://proxy:3128");
  EXPECT_THAT(edge.egress_no_proxy, ElementsAre(".example.com"));
  EXPECT_EQ(edge.egress_ca_file, "ca.pem");

  EXPECT_EQ(config->admin.address, "0.0.0.0:9092");
  EXPECT_EQ(config->admin.tls_certificate_file, "admin.pem");
  EXPECT_EQ(config->admin.tls_key_file, "admin.key");
  EXPECT_EQ(config->identity.max_keys_per_organization, 7);
  EXPECT_EQ(config->identity.max_admin_tokens, 8);
  EXPECT_EQ(config->identity.default_organization, "acme");
  EXPECT_EQ(config->identity.heartbeat, 100ms);
  const redis::RedisConfig& redis = config->redis;
  EXPECT_EQ(redis.address, "redis:6379");
  EXPECT_EQ(redis.user, "weir");
  EXPECT_EQ(redis.password.Reveal(), "open sesame");
  EXPECT_EQ(redis.tls->ca_file, "redis-ca.pem");
  EXPECT_EQ(redis.tls->certificate_file, "redis.pem");
  EXPECT_EQ(redis.tls->key_file, "redis.key");
  EXPECT_EQ(redis.tls->server_name, "redis.example");
  EXPECT_EQ(redis.connect_timeout, 2s);
  EXPECT_EQ(redis.command_timeout, 20ms);
  EXPECT_EQ(redis.max_in_flight, 100);
  EXPECT_EQ(config->quota.store, quota::QuotaConfig::Store::kRedis);
  EXPECT_EQ(config->quota.outage_share, 0.25);
  EXPECT_EQ(config->quota.hold_ttl, 31s);
  EXPECT_EQ(config->quota.replay_retention, 20min);
  EXPECT_EQ(config->quota.replay_records, 2000);
  EXPECT_EQ(config->quota.ledger_queue, 3000);
  EXPECT_EQ(config->quota.ledger_batch, 4);
  EXPECT_EQ(config->quota.ledger_linger, 6ms);
  EXPECT_EQ(config->quota.learned_models, 9);
  EXPECT_EQ(config->routing.default_suspend, 1s);
  EXPECT_EQ(config->routing.max_attempts, 2);
  EXPECT_EQ(config->routing.health_memory, 3s);
  EXPECT_EQ(config->routing.tables_kept, 4);
  EXPECT_TRUE(config->routing.allow_plaintext_upstreams);
}

TEST(StandaloneConfigTest, QuotaIsInRedisWhereThereIsOne) {
  using Store = quota::QuotaConfig::Store;
  const auto store = [](std::string_view more) {
    return Parse(fmt::format("{}{}", kLeast, more))->quota.store;
  };
  EXPECT_EQ(store(""), Store::kMemory);
  EXPECT_EQ(store("redis: {address: 'unix:/run/redis.sock'}\n"), Store::kRedis);
  EXPECT_EQ(store("redis: {sentinel: {master: m, addresses: ['s:26379']}}\n"), Store::kRedis);
  EXPECT_EQ(store("redis: {address: 'r:6379'}\nquota: {store: memory}\n"), Store::kMemory);
}

TEST(StandaloneConfigTest, TheDevProfilePermitsOpenAuthAndShortKeys) {
  const absl::StatusOr<StandaloneConfig> config =
      ParseWith("profile: dev\nauth: {mode: open}\nadmin: {address: 'unix:/tmp/weir.sock'}\n");
  ASSERT_THAT(config, IsOk());
  EXPECT_TRUE(config->edge.open_auth);
  EXPECT_TRUE(config->identity.short_keys);
}

struct FaultCase {
  std::string_view name, text, want;
};
class StandaloneConfigFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(StandaloneConfigFaultTest, SaysWhereAndWhat) {
  EXPECT_THAT(Parse(GetParam().text),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Keys, StandaloneConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {.name = "NoDirectories",
         .text = "profile: prod\n",
         .want = "weir.yaml:1: data is missing, want a directory\n"
                 "weir.yaml:1: secrets is missing, want a directory"},
        {.name = "AnotherProfile",
         .text = "data: /d\nsecrets: /s\nprofile: test\n",
         .want = "weir.yaml:3: profile is 'test', want prod or dev"},
        {.name = "ATypingMistake",
         .text = "data: /d\nsecrets: /s\nlisteneres: []\n",
         .want = "weir.yaml:3: listeneres is not a known key, did you mean 'listeners'?"},
        {.name = "APortAlone",
         .text = "data: /d\nsecrets: /s\nlisteners:\n  - address: 8080\n",
         .want =
             "weir.yaml:4: listeners[0].address is '8080', want IP:PORT, such as 127.0.0.1:8080 "
             "or [::]:8080"},
        {.name = "NoAddress",
         .text = "data: /d\nsecrets: /s\nlisteners:\n  - name: public\n",
         .want = "weir.yaml:4: listeners[0].address is missing, want IP:PORT, such as "
                 "127.0.0.1:8080 or [::]:8080"},
        {.name = "NoListener",
         .text = "data: /d\nsecrets: /s\nlisteners: []\n",
         .want = "weir.yaml:3: listeners is empty, want at least one"},
        {.name = "HalfATls",
         .text = "data: /d\nsecrets: /s\nlisteners:\n  - address: 0.0.0.0:80\n    tls:\n"
                 "      certificate: c\n",
         .want =
             "weir.yaml:5: listeners[0].tls.key is missing, but listeners[0].tls.certificate is "
             "set"},
        {.name = "ABound",
         .text = "data: /d\nsecrets: /s\nedge:\n  loops: 2\n  drain: 2h\n",
         .want = "weir.yaml:5: edge.drain is 2h, want 0s to 1h"},
        {.name = "OfAService",
         .text = "data: /d\nsecrets: /s\nquota:\n  hold_ttl: 2h\n",
         .want = "weir.yaml:4: quota.hold_ttl is 2h, want 30s to 10m"},
        {.name = "RedisWithoutAddress",
         .text = "data: /d\nsecrets: /s\nquota:\n  store: redis\n",
         .want = "weir.yaml:4: quota.store is redis, but redis.address is empty and there is no "
                 "redis.sentinel"},
        {.name = "RedisAddress",
         .text = "data: /d\nsecrets: /s\nredis:\n  address: localhost\n",
         .want = "weir.yaml:4: redis.address is 'localhost', want HOST:PORT or unix:PATH"},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Safety, StandaloneConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {.name = "SecretsInsideData",
         .text = "data: /d\nsecrets: /d/x/../secrets\n",
         .want = "weir.yaml:2: secrets is '/d/x/../secrets', inside data '/d': a copy of the data "
                 "would carry the keys that open it"},
        {.name = "SecretsAreData",
         .text = "data: state/\nsecrets: ./state\n",
         .want =
             "weir.yaml:2: secrets is './state', inside data 'state/': a copy of the data would "
             "carry the keys that open it"},
        {.name = "OpenInProd",
         .text = "data: /d\nsecrets: /s\nauth: {mode: open}\n",
         .want = "weir.yaml:3: auth.mode is open, want required unless profile is dev"},
        {.name = "DevBeyondThisMachine",
         .text = "profile: dev\ndata: /d\nsecrets: /s\nlisteners:\n  - address: 127.0.0.1:80\n"
                 "  - address: 0.0.0.0:8080\nops: {address: '[::]:9094'}\nadmin: {address: "
                 "gateway:9091}\n",
         .want = "weir.yaml:6: listeners[1].address listens on 0.0.0.0, want a loopback address in "
                 "profile dev\n"
                 "weir.yaml:7: ops.address listens on ::, want a loopback address in profile dev\n"
                 "weir.yaml:8: admin.address is 'gateway:9091', want a loopback address in profile "
                 "dev"},
        {.name = "DevBeyondThisMachineWithTls",
         .text = "profile: dev\ndata: /d\nsecrets: /s\nadmin:\n  address: 0.0.0.0:9091\n  tls: "
                 "{certificate: c, key: k}\n",
         .want = "weir.yaml:5: admin.address is '0.0.0.0:9091', want a loopback address in profile "
                 "dev"},
        {.name = "AdminInTheClear",
         .text = "data: /d\nsecrets: /s\nadmin: {address: 0.0.0.0:9091}\n",
         .want = "weir.yaml:3: admin.address is '0.0.0.0:9091' without admin.tls, want a loopback "
                 "address, or TLS: tokens would cross the network in the clear"},
        {.name = "AdminsHalfATls",
         .text = "data: /d\nsecrets: /s\nadmin:\n  address: 127.0.0.1:9091\n  tls: {key: k}\n",
         .want = "weir.yaml:5: admin.tls.certificate is missing, want the path of a PEM file"},
        {.name = "EveryFaultAtOnce",
         .text =
             "secrets: /s\nprofile: test\nauth: {mode: open}\nedge:\n  loops: -1\n  drain: soon\n",
         .want = "weir.yaml:1: data is missing, want a directory\n"
                 "weir.yaml:2: profile is 'test', want prod or dev\n"
                 "weir.yaml:3: auth.mode is open, want required unless profile is dev\n"
                 "weir.yaml:5: edge.loops is -1, want 0 to 256\n"
                 "weir.yaml:6: edge.drain is 'soon', want a duration such as 60s"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(StandaloneConfigTest, SecretsMayLieBesideOrAroundTheData) {
  EXPECT_THAT(Parse("data: /weir/data\nsecrets: /weir/data-secrets\n"), IsOk());
  EXPECT_THAT(Parse("data: /weir/data\nsecrets: /weir\n"), IsOk());
}

TEST(StandaloneConfigTest, ALinkDoesNotHideThatSecretsLieInsideTheData) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "standalone_config_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "data");
  std::filesystem::create_directory_symlink(folder / "data", folder / "elsewhere");
  EXPECT_THAT(
      Parse(fmt::format("data: {0}/data\nsecrets: {0}/elsewhere/secrets\n", folder.string())),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("secrets is '")));
  std::filesystem::remove_all(folder);
}

TEST(StandaloneConfigTest, VariablesOverrideKeys) {
  const absl::StatusOr<StandaloneConfig> config =
      ParseWith("log: {level: info}\n", {{"WEIR_LOG_LEVEL", "debug"},
                                         {"WEIR_LISTENERS_0_ADDRESS", "127.0.0.1:18080"},
                                         {"WEIR_QUOTA_HOLD_TTL", "40s"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->log.level, log::Level::kDebug);
  EXPECT_EQ(config->edge.listeners[0].port, 18080);
  EXPECT_EQ(config->quota.hold_ttl, 40s);
}

TEST(StandaloneConfigTest, FaultsOfVariablesNameThem) {
  EXPECT_THAT(
      ParseWith("", {{"WEIR_QUOTA_HOLD_TTL", "2h"}, {"WEIR_QUOTA_HOLD_TLL", "1m"}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("WEIR_QUOTA_HOLD_TTL: quota.hold_ttl is 2h, want 30s to 10m"),
                     HasSubstr("WEIR_QUOTA_HOLD_TLL"))));
}

TEST(StandaloneConfigTest, TakesTheProxyOfTheEnvironment) {
  const absl::StatusOr<StandaloneConfig> config = ParseWith(
      "", {{"HTTPS_PROXY", "http://proxy:3128"}, {"no_proxy", "localhost, .example.com,"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->edge.egress_https_proxy, "http://proxy:3128");
  EXPECT_THAT(config->edge.egress_no_proxy, ElementsAre("localhost", ".example.com"));
  EXPECT_THAT(DescribeConfig(*config),
              AllOf(HasSubstr("egress.https_proxy = http://proxy:3128  # HTTPS_PROXY\n"),
                    HasSubstr("egress.no_proxy = localhost, .example.com  # NO_PROXY\n")));
}

TEST(StandaloneConfigTest, TheFilesProxyComesFirst) {
  const absl::StatusOr<StandaloneConfig> config =
      ParseWith("egress: {https_proxy: '', no_proxy: [a]}\n",
                {{"HTTPS_PROXY", "http://proxy:3128"}, {"NO_PROXY", "b"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->edge.egress_https_proxy, "");
  EXPECT_THAT(config->edge.egress_no_proxy, ElementsAre("a"));
}

TEST(StandaloneConfigTest, TheProxysPasswordIsInNoMessage) {
  EXPECT_THAT(ParseWith("", {{"HTTPS_PROXY", "http://user:hunter2@proxy:3128"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "weir.yaml: egress.https_proxy is taken from HTTPS_PROXY, which is not "
                       "http://HOST:PORT, without user and password"));
}

TEST(StandaloneConfigTest, DescribesEveryValueWithItsOrigin) {
  const absl::StatusOr<StandaloneConfig> config =
      ParseWith("quota: {hold_ttl: 40s}\n", {{"WEIR_LOG_LEVEL", "debug"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(DescribeConfig(*config), AllOf(HasSubstr("profile = prod  # default\n"),
                                             HasSubstr("data = /var/lib/weir  # weir.yaml:1\n"),
                                             HasSubstr("log.level = debug  # WEIR_LOG_LEVEL\n"),
                                             HasSubstr("quota.hold_ttl = 40s  # weir.yaml:3\n"),
                                             HasSubstr("routing.max_attempts = 16  # default\n")));
}

// What the sample shows as a default must be it, and no key may be missing from it.
TEST(LoadStandaloneConfigTest, TheSampleShowsEveryKeyAndItsDefault) {
  const char* source = std::getenv("WEIR_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "CTest names the folder of the sources";
  const absl::StatusOr<StandaloneConfig> sample =
      LoadStandaloneConfig(std::string(source) + "/deploy/config/weir.yaml", {});
  ASSERT_THAT(sample, IsOk());
  const absl::StatusOr<StandaloneConfig> least = Parse(kLeast);
  ASSERT_THAT(least, IsOk());
  std::map<std::string, std::string> shown;
  // An empty list of the file has no line of its own.
  const std::set<std::string> lists = {"egress.no_proxy", "edge.trusted_proxies",
                                       "edge.forward_headers", "egress.allow"};
  for (const config::Setting& each : sample->settings) {
    const bool optional = each.path.starts_with("listeners[") || lists.contains(each.path);
    EXPECT_TRUE(optional || each.origin != "default") << each.path << " is not shown";
    shown[each.path] = each.value;
  }
  for (const config::Setting& each : least->settings) {
    // The last means what it means not to say it.
    const bool example =
        each.path == "data" || each.path == "secrets" || each.path == "cache.vector_db_provider";
    EXPECT_TRUE(example || shown[each.path] == each.value)
        << each.path << " is shown as " << shown[each.path] << ", and is " << each.value;
  }
}

TEST(LoadStandaloneConfigTest, ReadsAFile) {
  const std::string path = ::testing::TempDir() + "/standalone_config_test.yaml";
  std::ofstream(path) << kLeast;
  const absl::StatusOr<StandaloneConfig> config = LoadStandaloneConfig(path, {});
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(DescribeConfig(*config),
              HasSubstr(fmt::format("data = /var/lib/weir  # {}:1", path)));
  std::filesystem::remove(path);
  EXPECT_THAT(LoadStandaloneConfig(path, {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
}

}  // namespace
}  // namespace weir::standalone
