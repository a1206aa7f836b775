#include "edge/config.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using namespace std::chrono_literals;
using weir::testing::IsOk;
using weir::testing::StatusIs;

EdgeConfig Good() {
  EdgeConfig config;
  config.listeners = {{.name = "public"}};
  config.outbox_directory = "/var/lib/weir/outbox";
  return config;
}

TEST(EdgeConfigTest, TheDefaultsWithAListenerHold) { EXPECT_THAT(Good().Validate(), IsOk()); }

TEST(EdgeConfigTest, AcceptsWhatOperatorsWrite) {
  EdgeConfig config = Good();
  config.listeners = {
      {.name = "public", .host = "0.0.0.0", .port = 8080},
      {.name = "secure",
       .host = "::",
       .port = 8443,
       .tls = {.enabled = true, .certificate_file = "chain.pem", .key_file = "key.pem"}},
      {.name = "try", .port = 0, .tls = {.enabled = true, .self_signed = true}},
      {.name = "any", .port = 0}};
  config.trusted_proxies = {"10.0.0.0/8", "::1"};
  config.forward_headers = {"X-Team", "x-trace-id"};
  config.egress_allow = {"127.0.0.1", "fd00::/8"};
  config.egress_https_proxy = "http://proxy.example:3128";
  config.egress_no_proxy = {"localhost", ".example.com"};
  config.loops = 256;
  config.identity_grace = 0s;
  EXPECT_THAT(config.Validate(), IsOk());
}

struct FaultCase {
  std::string_view name;
  std::function<void(EdgeConfig&)> change;
  std::string_view want;
};
class EdgeConfigFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(EdgeConfigFaultTest, NamesTheKey) {
  EdgeConfig config = Good();
  GetParam().change(config);
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Listeners, EdgeConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"None", [](EdgeConfig& c) { c.listeners.clear(); },
         "listeners is empty, want at least one"},
        {"AName", [](EdgeConfig& c) { c.listeners[0].host = "gateway.example"; },
         "listeners[0].address is 'gateway.example:8080', want IP:PORT"},
        {"Taken", [](EdgeConfig& c) { c.listeners.push_back({.name = "other"}); },
         "listeners[1].address is '127.0.0.1:8080', as listeners[0].address is already"},
        {"TakenByOps",
         [](EdgeConfig& c) {
           c.ops_host = c.listeners[0].host = "::1";
           c.ops_port = 8080;
         },
         "ops.address is '[::1]:8080', as listeners[0].address is already"},
        {"NoTlsKey",
         [](EdgeConfig& c) {
           c.listeners[0].tls = {.enabled = true, .certificate_file = "chain.pem"};
         },
         "listeners[0].tls.key is missing, but listeners[0].tls.certificate is set"},
        {"NoTlsCertificate",
         [](EdgeConfig& c) { c.listeners[0].tls = {.enabled = true, .key_file = "key.pem"}; },
         "listeners[0].tls.certificate is missing, but listeners[0].tls.key is set"},
        {"TlsTwice",
         [](EdgeConfig& c) {
           c.listeners[0].tls = {
               .enabled = true, .certificate_file = "a", .key_file = "b", .self_signed = true};
         },
         "listeners[0].tls.self_signed is true beside a certificate or key, want one of the two"},
        {"EmptyTls", [](EdgeConfig& c) { c.listeners[0].tls = {.enabled = true}; },
         "listeners[0].tls has neither a certificate and key nor self_signed: true"},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Bounds, EdgeConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"Loops", [](EdgeConfig& c) { c.loops = -1; }, "edge.loops is -1, want 0 to 256"},
        {"Body", [](EdgeConfig& c) { c.max_body_bytes = 65 << 20; },
         "edge.max_body is 65MiB, want 1KiB to 64MiB"},
        {"AnswerBuffer", [](EdgeConfig& c) { c.max_answer_buffer_bytes = 0; },
         "edge.max_answer_buffer is 0B, want 1KiB to 256MiB"},
        {"Concurrency", [](EdgeConfig& c) { c.max_concurrent_requests = 0; },
         "edge.max_concurrent_requests is 0, want 1 to 1000000"},
        {"AddressRate", [](EdgeConfig& c) { c.address_requests_per_second = -0.5; },
         "edge.address_limit.requests_per_second is -0.5, want 0 to 1000000"},
        {"AddressBurst", [](EdgeConfig& c) { c.address_burst = 0; },
         "edge.address_limit.burst is 0, want 1 to 1000000"},
        {"IdentityCache", [](EdgeConfig& c) { c.identity_cache_entries = 0; },
         "edge.identity_cache is 0, want 1 to 10000000"},
        {"Grace", [](EdgeConfig& c) { c.identity_grace = 25h; },
         "edge.identity_grace is 1d1h, want 0s to 1d"},
        {"Drain", [](EdgeConfig& c) { c.drain = -1s; }, "edge.drain is -1s, want 0s to 1h"},
        {"Timeout", [](EdgeConfig& c) { c.http.keep_alive = 2h; },
         "edge.timeouts.keep_alive is 2h, want 100ms to 1h"},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Lists, EdgeConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"Proxies", [](EdgeConfig& c) { c.trusted_proxies = {"10.0.0.1", "10.0.0.0/33"}; },
         "edge.trusted_proxies[1] is '10.0.0.0/33', want an address or CIDR, such as 10.0.0.0/8"},
        {"Egress", [](EdgeConfig& c) { c.egress_allow = {"localhost"}; },
         "egress.allow[0] is 'localhost', want an address or CIDR, such as 10.0.0.0/8"},
        {"HeaderName", [](EdgeConfig& c) { c.forward_headers = {"x-a", "x b"}; },
         "edge.forward_headers[1] is 'x b', want the name of a header"},
        {"Credential", [](EdgeConfig& c) { c.forward_headers = {"Authorization"}; },
         "edge.forward_headers[0] is 'Authorization', which never goes upstream"},
        {"HopByHop", [](EdgeConfig& c) { c.forward_headers = {"transfer-encoding"}; },
         "edge.forward_headers[0] is 'transfer-encoding', which never goes upstream"},
        {"NoProxy", [](EdgeConfig& c) { c.egress_no_proxy = {"a b"}; },
         "egress.no_proxy[0] is 'a b', want a host name or a suffix such as .example.com"},
        {"Outbox", [](EdgeConfig& c) { c.outbox_directory = ""; }, "outbox directory is empty"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(EdgeConfigTest, AProxysPasswordIsInNoMessage) {
  EdgeConfig config = Good();
  config.egress_https_proxy = "http://user:hunter2@proxy.example:3128";
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "egress.https_proxy is not http://HOST:PORT, without user and password"));
}

TEST(EdgeConfigTest, NamesEveryFaultAtOnce) {
  EdgeConfig config = Good();
  config.listeners.clear();
  config.loops = 1000;
  config.http.head = 0s;
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "listeners is empty, want at least one; edge.loops is 1000, want 0 to 256; "
                       "edge.timeouts.head is 0s, want 100ms to 1h"));
}

}  // namespace
}  // namespace weir::edge
