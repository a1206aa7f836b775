#include "services/routing/proxy_rules.h"

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/rule_case.h"

namespace weir::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ProxyCase = RuleCase<v1::Proxy>;
class ProxyRulesTest : public ::testing::TestWithParam<ProxyCase> {};

TEST_P(ProxyRulesTest, FindsEveryBadField) {
  v1::Proxy proxy = TestProxy("assistant");
  GetParam().change(proxy);
  status::BadFields bad;
  CheckProxy(proxy, bad);
  EXPECT_EQ(Paths(bad), GetParam().want) << bad.ToStatus();
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ProxyRulesTest,
    ::testing::ValuesIn<ProxyCase>({
        {"Good", [](v1::Proxy&) {}, {}},
        {"NameOfOne", [](v1::Proxy& p) { p.set_name("a"); }, {}},
        {"NoName", [](v1::Proxy& p) { p.clear_name(); }, {"proxy.name"}},
        {"Kinds",
         [](v1::Proxy& p) {
           p.add_kinds(v1::API_KIND_CHAT);
           p.add_kinds(v1::API_KIND_EMBEDDINGS);
         },
         {}},
        {"KindTwice",
         [](v1::Proxy& p) {
           p.add_kinds(v1::API_KIND_CHAT);
           p.add_kinds(v1::API_KIND_CHAT);
         },
         {"proxy.kinds[1]"}},
        {"UnspecifiedKind",
         [](v1::Proxy& p) { p.add_kinds(v1::API_KIND_UNSPECIFIED); },
         {"proxy.kinds[0]"}},
        {"UnknownKind",
         [](v1::Proxy& p) { p.add_kinds(static_cast<v1::ApiKind>(99)); },
         {"proxy.kinds[0]"}},
        {"EmptyProvider", [](v1::Proxy& p) { p.set_provider(""); }, {"proxy.provider"}},
        {"EmptyRotation",
         [](v1::Proxy& p) { p.mutable_model_rotation(); },
         {"proxy.model_rotation.models"}},
        {"ModelTwiceInRotation",
         [](v1::Proxy& p) {
           p.mutable_model_rotation()->add_models("fast");
           p.mutable_model_rotation()->add_models("fast");
         },
         {"proxy.model_rotation.models[1]"}},
        {"RotationOf65",
         [](v1::Proxy& p) {
           for (int i = 0; i < 65; ++i) {
             p.mutable_model_rotation()->add_models(fmt::format("model-{}", i));
           }
         },
         {"proxy.model_rotation.models"}},
        {"LongSuspension",
         [](v1::Proxy& p) {
           p.mutable_model_rotation()->add_models("fast");
           *p.mutable_model_rotation()->mutable_suspend_duration() = Seconds(86'401);
         },
         {"proxy.model_rotation.suspend_duration"}},
        {"AllowedBesideRotation",
         [](v1::Proxy& p) {
           p.mutable_model_rotation()->add_models("fast");
           p.add_allowed_models("fast");
         },
         {"proxy.allowed_models"}},
        {"BadAllowedModel",
         [](v1::Proxy& p) { p.add_allowed_models("a b"); },
         {"proxy.allowed_models[0]"}},
        {"KeyHeader", [](v1::Proxy& p) { p.set_key_header("api_key"); }, {}},
        {"BadKeyHeader", [](v1::Proxy& p) { p.set_key_header("api key"); }, {"proxy.key_header"}},
        {"Origins",
         [](v1::Proxy& p) {
           p.add_cors_origins("*");
           p.add_cors_origins("https://app.example.com");
         },
         {}},
        {"BadOrigin",
         [](v1::Proxy& p) { p.add_cors_origins("https://*.example.com"); },
         {"proxy.cors_origins[0]"}},
        {"Everything",
         [](v1::Proxy& p) {
           p.set_organization("Acme");
           p.set_name("A");
           p.set_context("assistant");
           p.set_key_header("host");
         },
         {"proxy.organization", "proxy.name", "proxy.context", "proxy.key_header"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct ContextCase {
  std::string_view name, context;
  bool want;
};
class ContextTest : public ::testing::TestWithParam<ContextCase> {};

TEST_P(ContextTest, IsTakenOrRefused) {
  v1::Proxy proxy = TestProxy("assistant");
  proxy.set_context(std::string(GetParam().context));
  status::BadFields bad;
  CheckProxy(proxy, bad);
  EXPECT_EQ(bad.ToStatus().ok(), GetParam().want) << bad.ToStatus();
}
INSTANTIATE_TEST_SUITE_P(Contexts, ContextTest,
                         ::testing::ValuesIn<ContextCase>({
                             {"Plain", "/assistant", true},
                             {"Nested", "/team/assistant", true},
                             {"Marks", "/a.b_c~d-E9", true},
                             {"Below_openai", "/openai/latest", true},
                             {"LikeReserved", "/v1beta", true},
                             {"LikeHealth", "/healthy", true},
                             {"Empty", "", false},
                             {"Root", "/", false},
                             {"NoSlash", "assistant", false},
                             {"SlashAtTheEnd", "/assistant/", false},
                             {"EmptySegment", "/a//b", false},
                             {"DotSegment", "/a/../b", false},
                             {"OneDot", "/.", false},
                             {"Escape", "/a%2fb", false},
                             {"Query", "/a?b", false},
                             {"Space", "/a b", false},
                             {"V1", "/v1", false},
                             {"BelowV1", "/v1/chat", false},
                             {"Livez", "/livez", false},
                             {"Readyz", "/readyz", false},
                             {"Healthz", "/healthz", false},
                             {"Health", "/health", false},
                             {"Metrics", "/metrics", false},
                             {"OpenAi", "/openai", false},
                             {"AzureDeployments", "/openai/deployments", false},
                             {"AzureResponses", "/openai/responses", false},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ContextTest, MayBe200BytesLong) {
  EXPECT_FALSE(IsReservedContext("/" + std::string(199, 'a')));
  v1::Proxy proxy = TestProxy("assistant");
  proxy.set_context("/" + std::string(199, 'a'));
  status::BadFields good;
  CheckProxy(proxy, good);
  EXPECT_THAT(Paths(good), IsEmpty());
  proxy.set_context("/" + std::string(200, 'a'));
  status::BadFields bad;
  CheckProxy(proxy, bad);
  EXPECT_THAT(Paths(bad), ElementsAre("proxy.context"));
}

}  // namespace
}  // namespace weir::routing
