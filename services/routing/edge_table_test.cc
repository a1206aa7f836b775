#include "services/routing/edge_table.h"

#include "common/testing/status_matchers.h"
#include "services/routing/references.h"
#include "services/routing/route_fixtures.h"

namespace weir::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Model WithAlias(v1::Model model, std::string_view alias) {
  model.add_aliases(std::string(alias));
  return model;
}

v1::Proxy Allowing(v1::Proxy proxy, std::initializer_list<std::string_view> models) {
  for (const std::string_view each : models) proxy.add_allowed_models(std::string(each));
  return proxy;
}

v1::Proxy PassThrough(std::string_view name, std::string_view provider) {
  v1::Proxy proxy = TestProxy(name);
  proxy.set_provider(std::string(provider));
  return proxy;
}

std::vector<std::string> ProxiesOf(const v1::RoutingTable& table, std::string_view model) {
  for (const v1::ModelEntry& each : table.models()) {
    if (each.name() == model) return {each.proxies().begin(), each.proxies().end()};
  }
  return {"no such model"};
}

v1::RoutingTable TableOf(const CatalogBuilder& builder) {
  return MakeEdgeTable(builder.catalog(), RoutingConfig());
}

TEST(EdgeTableTest, OpensProvidersForTheEdges) {
  v1::Provider provider = TestProvider("openai");
  *provider.mutable_timeouts()->mutable_connect() = ToProto(std::chrono::seconds(2));
  provider.set_output_cap_field(v1::OUTPUT_CAP_FIELD_MAX_COMPLETION_TOKENS);
  provider.set_max_connections(7);
  const v1::RoutingTable made = TableOf(CatalogBuilder().Add(provider, kCanary));
  ASSERT_EQ(made.providers_size(), 1);
  const v1::ProviderTarget& target = made.providers(0);
  EXPECT_EQ(target.auth_header(), "Authorization");
  EXPECT_EQ(target.auth_value(), kCanary);
  EXPECT_EQ(target.base_url(), "https://openai.example.com/v1");
  EXPECT_EQ(target.timeouts().connect().seconds(), 2);
  EXPECT_EQ(target.output_cap_field(), v1::OUTPUT_CAP_FIELD_MAX_COMPLETION_TOKENS);
  EXPECT_EQ(target.max_connections(), 7);
}

TEST(EdgeTableTest, NamesNoHeaderWhereThereIsNoCredential) {
  v1::Provider provider = TestProvider("ollama");
  provider.set_auth_header("api-key");
  const v1::RoutingTable made = TableOf(CatalogBuilder().Add(provider));
  EXPECT_EQ(made.providers(0).auth_header(), "");
}

TEST(EdgeTableTest, LeavesOutAProviderWhoseCredentialDoesNotOpen) {
  const v1::RoutingTable made = TableOf(CatalogBuilder()
                                            .Add(TestProvider("aaa"))
                                            .Add(TestProvider("bbb"))
                                            .WithProblem("aaa", "no key"));
  ASSERT_EQ(made.providers_size(), 1);
  EXPECT_EQ(made.providers(0).name(), "bbb");
}

TEST(EdgeTableTest, ListsModelsWithTheProxiesThatServeThem) {
  v1::Model other = TestModel("other", {"openai"});
  other.set_organization("zeta");
  const Catalog catalog = CatalogBuilder()
                              .Add(TestProvider("openai"))
                              .Add(WithAlias(TestModel("fast", {"openai"}), "quick"))
                              .Add(TestModel("smart", {"openai/gpt-x"}))
                              .Add(other)
                              .Add(TestProxy("all"))
                              .Add(Allowing(TestProxy("by-alias"), {"quick"}))
                              .Add(PassThrough("through", "openai"))
                              .Add(RotationProxy("turns", {"smart"}, std::chrono::seconds(1)))
                              .catalog();
  const v1::RoutingTable table = MakeEdgeTable(catalog, RoutingConfig());
  EXPECT_THAT(ProxiesOf(table, "fast"), ElementsAre("all", "by-alias", "through"));
  EXPECT_THAT(ProxiesOf(table, "smart"), ElementsAre("all", "turns"));
  EXPECT_THAT(ProxiesOf(table, "other"), IsEmpty());
  EXPECT_EQ(table.models(0).owned_by(), "openai");
}

TEST(EdgeTableTest, TellsHowAModelIsPlanned) {
  v1::Model fast = WithAlias(TestModel("fast", {"gone", "openai/gpt", "azure"}), "quick");
  fast.set_output_tokens_max(4096);
  fast.set_strategy(v1::Model::STRATEGY_ROUND_ROBIN);
  *fast.mutable_suspend_duration() = ToProto(Duration::zero());
  const v1::RoutingTable table = TableOf(CatalogBuilder()
                                             .Add(TestProvider("azure"))
                                             .Add(TestProvider("openai"))
                                             .Add(fast)
                                             .Add(TestModel("broken", {"gone"})));
  const v1::ModelEntry& broken = table.models(0);
  EXPECT_EQ(broken.unresolved_reason(), "provider 'gone' does not exist");
  EXPECT_THAT(broken.targets(), IsEmpty());
  EXPECT_FALSE(broken.round_robin());
  EXPECT_EQ(broken.suspend_duration().seconds(), 30) << "the default is filled in";
  const v1::ModelEntry& made = table.models(1);
  EXPECT_THAT(made.aliases(), ElementsAre("quick"));
  EXPECT_EQ(made.unresolved_reason(), "");
  EXPECT_TRUE(made.round_robin());
  EXPECT_TRUE(made.has_suspend_duration());
  EXPECT_EQ(made.suspend_duration().seconds(), 0);
  EXPECT_EQ(made.output_tokens_max(), 4096);
  ASSERT_THAT(made.targets(), SizeIs(2)) << "who can be called";
  EXPECT_EQ(made.targets(0).provider_index(), 1u);
  EXPECT_EQ(made.targets(0).upstream_model(), "gpt");
  EXPECT_EQ(made.targets(1).provider_index(), 0u);
  EXPECT_EQ(made.targets(1).upstream_model(), "fast");
  EXPECT_EQ(table.max_attempts(), 16u);
}

TEST(EdgeTableTest, TellsWhereAProxysRequestsGo) {
  const v1::RoutingTable table =
      TableOf(CatalogBuilder()
                  .Add(TestProvider("azure"))
                  .Add(TestProvider("openai"))
                  .Add(WithAlias(TestModel("fast", {"openai"}), "quick"))
                  .Add(Allowing(TestProxy("a"), {"quick"}))
                  .Add(RotationProxy("b", {"quick"}, std::chrono::seconds(7)))
                  .Add(Allowing(PassThrough("c", "openai"), {"gpt-9"}))
                  .Add(RotationProxy("d", {"gone"}, std::chrono::seconds(7))));
  EXPECT_EQ(table.proxies(0).route_case(), v1::ProxyRoute::ROUTE_NOT_SET);
  EXPECT_THAT(table.proxies(0).allowed_models(), ElementsAre("fast"));
  EXPECT_THAT(table.proxies(1).rotation().models(), ElementsAre("fast"));
  EXPECT_EQ(table.proxies(1).rotation().suspend_duration().seconds(), 7);
  EXPECT_EQ(table.proxies(2).pass_through_provider(), 1u);
  EXPECT_THAT(table.proxies(2).allowed_models(), ElementsAre("gpt-9"));
  EXPECT_EQ(table.proxies(3).route_case(), v1::ProxyRoute::ROUTE_NOT_SET) << "it does not serve";
}

TEST(EdgeTableTest, KeepsOrganisationsApart) {
  v1::Provider foreign = TestProvider("openai");
  foreign.set_organization("zeta");
  const v1::RoutingTable table =
      TableOf(CatalogBuilder().Add(foreign).Add(TestModel("fast", {"openai"})));
  EXPECT_THAT(table.models(0).targets(), IsEmpty());
  EXPECT_EQ(table.models(0).unresolved_reason(), "provider 'openai' does not exist");
}

TEST(EdgeTableTest, IsTheSameForTheSameCatalog) {
  CatalogBuilder builder;
  builder.Add(TestProvider("openai"), kCanary).Add(TestModel("fast", {"openai"}));
  EXPECT_EQ(TableOf(builder).SerializeAsString(), TableOf(builder).SerializeAsString());
}

TEST(EdgeTableTest, IsNeverVersionZero) {
  EXPECT_EQ(MakeEdgeTable({}, RoutingConfig()).version(), 1u);
}

struct DegradedCase {
  std::string_view name;
  v1::Proxy proxy;
  std::string_view want;
};
class DegradedTest : public ::testing::TestWithParam<DegradedCase> {};

TEST_P(DegradedTest, SaysWhatIsMissing) {
  const Catalog catalog = CatalogBuilder()
                              .Add(TestProvider("openai"))
                              .Add(TestProvider("sealed"))
                              .WithProblem("sealed", "its credential cannot be opened")
                              .Add(TestModel("fast", {"openai"}))
                              .Add(TestModel("half", {"gone", "openai"}))
                              .Add(TestModel("broken", {"gone"}))
                              .Add(GetParam().proxy)
                              .catalog();
  const v1::RoutingTable table = MakeEdgeTable(catalog, RoutingConfig());
  EXPECT_EQ(table.proxies(0).degraded_reason(), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Proxies, DegradedTest,
                         ::testing::ValuesIn<DegradedCase>({
                             {"ServesEverything", TestProxy("p"), ""},
                             {"ServesAProvider", PassThrough("p", "openai"), ""},
                             {"NoProvider", PassThrough("p", "gone"),
                              "provider 'gone' does not exist"},
                             {"SealedProvider", PassThrough("p", "sealed"),
                              "provider 'sealed': its credential cannot be opened"},
                             {"Rotation", RotationProxy("p", {"fast", "half"}, {}), ""},
                             {"NoModelInRotation", RotationProxy("p", {"fast", "gone"}, {}),
                              "model 'gone' does not exist"},
                             {"BrokenModelInRotation", RotationProxy("p", {"broken"}, {}),
                              "model 'broken': provider 'gone' does not exist"},
                             {"NoAllowedModel", Allowing(TestProxy("p"), {"fast", "gone"}),
                              "model 'gone' does not exist"},
                             {"AllowedNamesOfAPassThroughAreTheProviders",
                              Allowing(PassThrough("p", "openai"), {"gone"}), ""},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ReferencesTest, NamesTheUsers) {
  const v1::Model fast = WithAlias(TestModel("fast", {"openai"}), "quick");
  v1::Proxy foreign = PassThrough("foreign", "openai");
  foreign.set_organization("zeta");
  const Catalog catalog = CatalogBuilder()
                              .Add(fast)
                              .Add(TestModel("other", {"azure"}))
                              .Add(PassThrough("through", "openai"))
                              .Add(foreign)
                              .Add(Allowing(TestProxy("by-alias"), {"quick"}))
                              .Add(RotationProxy("turns", {"fast"}, {}))
                              .Add(Allowing(PassThrough("names", "azure"), {"fast"}))
                              .catalog();
  EXPECT_THAT(UsersOfProvider(catalog, {"acme", "openai"}),
              ElementsAre("model 'fast'", "proxy 'through'"));
  EXPECT_THAT(UsersOfModel(catalog, fast), ElementsAre("proxy 'by-alias'", "proxy 'turns'"));
}

}  // namespace
}  // namespace weir::routing
