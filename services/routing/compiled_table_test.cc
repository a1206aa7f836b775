#include "services/routing/compiled_table.h"

#include "common/testing/status_matchers.h"
#include "services/routing/edge_table.h"
#include "services/routing/references.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/table_history.h"

namespace weir::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST(EdgeTableTest, OpensProvidersForTheEdges) {
  v1::Provider provider = TestProvider("openai");
  *provider.mutable_timeouts()->mutable_connect() = ToProto(std::chrono::seconds(2));
  provider.set_output_cap_field(v1::OUTPUT_CAP_FIELD_MAX_COMPLETION_TOKENS);
  provider.set_max_connections(7);
  const EdgeTable made = MakeEdgeTable(CatalogBuilder().Add(provider, kCanary).catalog());
  ASSERT_EQ(made.table.providers_size(), 1);
  const v1::ProviderTarget& target = made.table.providers(0);
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
  const EdgeTable made = MakeEdgeTable(CatalogBuilder().Add(provider).catalog());
  EXPECT_EQ(made.table.providers(0).auth_header(), "");
}

TEST(EdgeTableTest, LeavesOutAProviderWhoseCredentialDoesNotOpen) {
  const EdgeTable made = MakeEdgeTable(CatalogBuilder()
                                           .Add(TestProvider("aaa"))
                                           .Add(TestProvider("bbb"))
                                           .WithProblem("aaa", "no key")
                                           .catalog());
  ASSERT_EQ(made.table.providers_size(), 1);
  EXPECT_EQ(made.table.providers(0).name(), "bbb");
  EXPECT_THAT(made.provider_index, ElementsAre(std::pair(ObjectName{"acme", "bbb"}, 0u)));
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
  const v1::RoutingTable table = MakeEdgeTable(catalog).table;
  EXPECT_THAT(ProxiesOf(table, "fast"), ElementsAre("all", "by-alias", "through"));
  EXPECT_THAT(ProxiesOf(table, "smart"), ElementsAre("all", "turns"));
  EXPECT_THAT(ProxiesOf(table, "other"), IsEmpty());
  EXPECT_EQ(table.models(0).owned_by(), "openai");
}

TEST(EdgeTableTest, IsNeverVersionZero) { EXPECT_EQ(MakeEdgeTable({}).table.version(), 1u); }

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
  const v1::RoutingTable table = MakeEdgeTable(catalog).table;
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

class CompiledTableTest : public ::testing::Test {
 protected:
  std::shared_ptr<const CompiledTable> Compile(const CatalogBuilder& builder) {
    return CompiledTable::Compile(builder.catalog(), config_, states_);
  }
  RoutingConfig config_;
  RouteStates states_;
};

TEST_F(CompiledTableTest, FindsModelsByNameAndAlias) {
  const auto table = Compile(CatalogBuilder()
                                 .Add(TestProvider("openai"))
                                 .Add(WithAlias(TestModel("fast", {"openai"}), "quick")));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  ASSERT_NE(acme, nullptr);
  ASSERT_NE(acme->FindModel("fast"), nullptr);
  EXPECT_EQ(acme->FindModel("quick"), acme->FindModel("fast"));
  EXPECT_EQ(acme->FindModel("slow"), nullptr);
  EXPECT_EQ(table->FindOrganization("zeta"), nullptr);
}

TEST_F(CompiledTableTest, ANameGoesBeforeAnAlias) {
  const auto table = Compile(CatalogBuilder()
                                 .Add(TestProvider("openai"))
                                 .Add(WithAlias(TestModel("aaa", {"openai"}), "fast"))
                                 .Add(TestModel("fast", {"openai"})));
  EXPECT_EQ(table->FindOrganization(kAcme)->FindModel("fast")->name, "fast");
}

TEST_F(CompiledTableTest, KeepsOrganisationsApart) {
  v1::Provider foreign = TestProvider("openai");
  foreign.set_organization("zeta");
  const auto table = Compile(CatalogBuilder().Add(foreign).Add(TestModel("fast", {"openai"})));
  const CompiledModel* fast = table->FindOrganization(kAcme)->FindModel("fast");
  EXPECT_THAT(fast->targets, IsEmpty());
  EXPECT_EQ(fast->unresolved_reason, "provider 'openai' does not exist");
}

TEST_F(CompiledTableTest, TakesOnlyTargetsThatCanBeCalled) {
  const auto table = Compile(
      CatalogBuilder().Add(TestProvider("openai")).Add(TestModel("fast", {"gone", "openai/gpt"})));
  const CompiledModel* fast = table->FindOrganization(kAcme)->FindModel("fast");
  ASSERT_THAT(fast->targets, ::testing::SizeIs(1));
  EXPECT_EQ(fast->targets[0].upstream_model, "gpt");
  EXPECT_EQ(fast->unresolved_reason, "");
}

TEST_F(CompiledTableTest, FillsInTheDefaultSuspension) {
  v1::Model never = TestModel("never", {"openai"});
  *never.mutable_suspend_duration() = ToProto(Duration::zero());
  const auto table = Compile(
      CatalogBuilder().Add(TestProvider("openai")).Add(TestModel("fast", {"openai"})).Add(never));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  EXPECT_EQ(acme->FindModel("fast")->suspend, std::chrono::seconds(30));
  EXPECT_EQ(acme->FindModel("never")->suspend, Duration::zero());
}

TEST_F(CompiledTableTest, SharesStatesWithItsPredecessor) {
  CatalogBuilder builder;
  builder.Add(TestProvider("openai")).Add(TestModel("fast", {"openai"}));
  const auto before = Compile(builder);
  const auto after = Compile(builder.Add(TestProvider("aaa")).Add(TestProxy("new")));
  const CompiledModel* fast_before = before->FindOrganization(kAcme)->FindModel("fast");
  const CompiledModel* fast_after = after->FindOrganization(kAcme)->FindModel("fast");
  EXPECT_EQ(fast_before->rotation, fast_after->rotation);
  EXPECT_EQ(fast_before->targets[0].health, fast_after->targets[0].health);
  EXPECT_EQ(fast_before->targets[0].provider_index, 0u);
  EXPECT_EQ(fast_after->targets[0].provider_index, 1u);
}

TEST_F(CompiledTableTest, ARotationHasItsOwnHealth) {
  const auto table = Compile(CatalogBuilder()
                                 .Add(TestProvider("openai"))
                                 .Add(TestModel("fast", {"openai"}))
                                 .Add(RotationProxy("one", {"fast"}, {}))
                                 .Add(RotationProxy("two", {"fast"}, {})));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  const auto own = acme->FindModel("fast")->targets[0].health;
  const auto one = acme->FindProxy("one")->members[0].targets[0].health;
  const auto two = acme->FindProxy("two")->members[0].targets[0].health;
  EXPECT_NE(own, one);
  EXPECT_NE(one, two);
}

TEST_F(CompiledTableTest, IsTheSameForTheSameCatalog) {
  CatalogBuilder builder;
  builder.Add(TestProvider("openai"), kCanary).Add(TestModel("fast", {"openai"}));
  EXPECT_EQ(Compile(builder)->for_edges()->SerializeAsString(),
            Compile(builder)->for_edges()->SerializeAsString());
}

TEST_F(CompiledTableTest, HistoryKeepsTheLastTables) {
  TableHistory history(2);
  EXPECT_EQ(history.Newest(), nullptr);
  CatalogBuilder builder;
  std::vector<std::shared_ptr<const CompiledTable>> tables;
  for (int i = 0; i < 3; ++i) {
    tables.push_back(Compile(builder.Add(TestProvider("openai"))));
    history.Add(tables.back());
  }
  EXPECT_EQ(history.Newest(), tables[2]);
  EXPECT_EQ(history.At(tables[1]->version()), tables[1]);
  EXPECT_EQ(history.At(tables[0]->version()), tables[2]) << "no longer kept";
  EXPECT_EQ(history.At(0), tables[2]);
  EXPECT_EQ(history.At(99), tables[2]);
}

}  // namespace
}  // namespace weir::routing
