#include "services/routing/provider_rules.h"

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/rule_case.h"

namespace weir::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;

// A self-signed certificate, valid until 2126.
constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgTCCASegAwIBAgIUW3WSk3QygqkJDihdVBAknFmSrK0wCgYIKoZIzj0EAwIw\n"
    "FTETMBEGA1UEAwwKY2EuZXhhbXBsZTAgFw0yNjExMjQxNjAyNTNaGA8yMTI2MTAz\n"
    "MTE2MDI1M1owFTETMBEGA1UEAwwKY2EuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABCL2biDAw7V54CHeCRWj+azjSZubWB/XVd7ddTAxomAGpxL3wUbL\n"
    "YWRF9J4r0oTxsAC1Urqmn5koP/565/i2ZB2jUzBRMB0GA1UdDgQWBBSbNxnBqdyZ\n"
    "LpgTCjqDzuJGuKdlTTAfBgNVHSMEGDAWgBSbNxnBqdyZLpgTCjqDzuJGuKdlTTAP\n"
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCICPZ2Wf3mZ9KKhFLwIZ0\n"
    "Bm1/HrbuF7pdJ//AkQHXguu1AiEAuasPaqPRDLLdqM7uNczVtj5sW3zrrFFtcDN0\n"
    "J5f4SDg=\n"
    "-----END CERTIFICATE-----\n";

using ProviderCase = RuleCase<v1::Provider>;
class ProviderRulesTest : public ::testing::TestWithParam<ProviderCase> {};

TEST_P(ProviderRulesTest, FindsEveryBadField) {
  v1::Provider provider = TestProvider("openai");
  GetParam().change(provider);
  status::BadFields bad;
  CheckProvider(provider, RoutingConfig(), bad);
  EXPECT_EQ(Paths(bad), GetParam().want) << bad.ToStatus();
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ProviderRulesTest,
    ::testing::ValuesIn<ProviderCase>({
        {"Good", [](v1::Provider&) {}, {}},
        {"Full",
         [](v1::Provider& p) {
           p.set_display_name("OpenAI, Frankfurt");
           p.set_auth_header("x-api-key");
           p.set_auth_value("sk-1");
           *p.mutable_timeouts()->mutable_total() = Seconds(600);
           p.set_ca_pem(std::string(kCertificate) + std::string(kCertificate));
           p.set_max_connections(10'000);
         },
         {}},
        {"NoOrganization",
         [](v1::Provider& p) { p.clear_organization(); },
         {"provider.organization"}},
        {"OrganizationBeginsWithADigit",
         [](v1::Provider& p) { p.set_organization("1acme"); },
         {"provider.organization"}},
        {"NameOfTwo", [](v1::Provider& p) { p.set_name("ab"); }, {"provider.name"}},
        {"NameOf64", [](v1::Provider& p) { p.set_name(std::string(64, 'a')); }, {"provider.name"}},
        {"NameWithSlash", [](v1::Provider& p) { p.set_name("a/b/c"); }, {"provider.name"}},
        {"NameInUpperCase", [](v1::Provider& p) { p.set_name("OpenAI"); }, {"provider.name"}},
        {"LongDisplayName",
         [](v1::Provider& p) { p.set_display_name(std::string(201, 'a')); },
         {"provider.display_name"}},
        {"BadUtf8DisplayName",
         [](v1::Provider& p) { p.set_display_name("a\x80"); },
         {"provider.display_name"}},
        {"Url", [](v1::Provider& p) { p.set_base_url("http://h/v1"); }, {"provider.base_url"}},
        {"HeaderWithSpace",
         [](v1::Provider& p) { p.set_auth_header("X Key"); },
         {"provider.auth_header"}},
        {"HeaderWithColon",
         [](v1::Provider& p) { p.set_auth_header("X-Key:"); },
         {"provider.auth_header"}},
        {"FramingHeader",
         [](v1::Provider& p) { p.set_auth_header("Content-Length"); },
         {"provider.auth_header"}},
        {"CredentialWithLineBreak",
         [](v1::Provider& p) { p.set_auth_value("sk\r\nX: y"); },
         {"provider.auth_value"}},
        {"CredentialOf8KiB", [](v1::Provider& p) { p.set_auth_value(std::string(8192, 'x')); }, {}},
        {"LongerCredential",
         [](v1::Provider& p) { p.set_auth_value(std::string(8193, 'x')); },
         {"provider.auth_value"}},
        {"KeepAndNew",
         [](v1::Provider& p) {
           p.set_auth_value("x");
           p.set_keep_auth_value(true);
         },
         {"provider.keep_auth_value"}},
        {"ZeroTimeout",
         [](v1::Provider& p) { p.mutable_timeouts()->mutable_connect(); },
         {"provider.timeouts.connect"}},
        {"LongTimeouts",
         [](v1::Provider& p) {
           *p.mutable_timeouts()->mutable_connect() = Seconds(61);
           *p.mutable_timeouts()->mutable_first_byte() = Seconds(3601);
           *p.mutable_timeouts()->mutable_idle() = Seconds(-1);
           *p.mutable_timeouts()->mutable_total() = Seconds(1LL << 60);
         },
         {"provider.timeouts.connect", "provider.timeouts.first_byte", "provider.timeouts.idle",
          "provider.timeouts.total"}},
        {"UnknownCapField",
         [](v1::Provider& p) { p.set_output_cap_field(static_cast<v1::OutputCapField>(9)); },
         {"provider.output_cap_field"}},
        {"NoCertificate", [](v1::Provider& p) { p.set_ca_pem("hello"); }, {"provider.ca_pem"}},
        {"BrokenCertificate",
         [](v1::Provider& p) {
           p.set_ca_pem(std::string(kCertificate) +
                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
         },
         {"provider.ca_pem"}},
        {"NegativeConnections",
         [](v1::Provider& p) { p.set_max_connections(-1); },
         {"provider.max_connections"}},
        {"TooManyConnections",
         [](v1::Provider& p) { p.set_max_connections(10'001); },
         {"provider.max_connections"}},
        {"Everything",
         [](v1::Provider& p) {
           p.Clear();
           p.set_auth_header("a b");
           p.set_max_connections(-5);
         },
         {"provider.organization", "provider.name", "provider.base_url", "provider.auth_header",
          "provider.max_connections"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ProviderRulesTest, StoresNeitherCredentialNorAnswersOnlyFields) {
  v1::Provider provider = TestProvider("openai");
  provider.set_base_url("HTTPS://Api.OpenAI.com/v1/");
  provider.set_auth_value(std::string(kCanary));
  provider.set_has_auth_value(true);
  status::BadFields bad;
  const v1::Provider stored = CheckProvider(provider, RoutingConfig(), bad);
  EXPECT_THAT(bad.ToStatus(), IsOk());
  EXPECT_EQ(stored.base_url(), "https://api.openai.com/v1");
  EXPECT_EQ(stored.auth_value(), "");
  EXPECT_FALSE(stored.has_auth_value());
}

TEST(ProviderRulesTest, ProblemsDoNotShowTheCredential) {
  v1::Provider provider = TestProvider("openai");
  provider.set_auth_value(std::string(kCanary) + "\n");
  provider.set_keep_auth_value(true);
  status::BadFields bad;
  CheckProvider(provider, RoutingConfig(), bad);
  EXPECT_THAT(bad.ToStatus().ToString(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace weir::routing
