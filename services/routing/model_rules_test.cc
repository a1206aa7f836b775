#include "services/routing/model_rules.h"

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/rule_case.h"

namespace weir::routing {
namespace {

using ModelCase = RuleCase<v1::Model>;
class ModelRulesTest : public ::testing::TestWithParam<ModelCase> {};

TEST_P(ModelRulesTest, FindsEveryBadField) {
  v1::Model other = TestModel("other", {"openai"});
  other.add_aliases("other-alias");
  v1::Model foreign = TestModel("foreign", {"openai"});
  foreign.set_organization("zeta");
  const Catalog catalog =
      CatalogBuilder().Add(other).Add(foreign).Add(TestModel("fast", {"openai"})).catalog();
  v1::Model model = TestModel("fast", {"openai"});
  GetParam().change(model);
  status::BadFields bad;
  CheckModel(model, catalog, bad);
  EXPECT_EQ(Paths(bad), GetParam().want) << bad.ToStatus();
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ModelRulesTest,
    ::testing::ValuesIn<ModelCase>({
        {"Good", [](v1::Model&) {}, {}},
        {"NameOfAVendor", [](v1::Model& m) { m.set_name("meta-llama/Llama-3:70b@v1"); }, {}},
        {"NoName", [](v1::Model& m) { m.clear_name(); }, {"model.name"}},
        {"NameWithSpace", [](v1::Model& m) { m.set_name("gpt 4"); }, {"model.name"}},
        {"LongName", [](v1::Model& m) { m.set_name(std::string(201, 'a')); }, {"model.name"}},
        {"NameIsAnotherOnesAlias", [](v1::Model& m) { m.set_name("other-alias"); }, {"model.name"}},
        {"Aliases",
         [](v1::Model& m) {
           m.add_aliases("quick");
           m.add_aliases("foreign");
         },
         {}},
        {"AliasTwice",
         [](v1::Model& m) {
           m.add_aliases("quick");
           m.add_aliases("quick");
         },
         {"model.aliases[1]"}},
        {"AliasIsItsName", [](v1::Model& m) { m.add_aliases("fast"); }, {"model.aliases[0]"}},
        {"AliasIsAnotherModel", [](v1::Model& m) { m.add_aliases("other"); }, {"model.aliases[0]"}},
        {"AliasIsAnotherOnesAlias",
         [](v1::Model& m) { m.add_aliases("other-alias"); },
         {"model.aliases[0]"}},
        {"TooManyAliases",
         [](v1::Model& m) {
           for (int i = 0; i < 33; ++i) m.add_aliases(fmt::format("alias-{}", i));
         },
         {"model.aliases"}},
        {"NoTargets", [](v1::Model& m) { m.clear_targets(); }, {"model.targets"}},
        {"TooManyTargets",
         [](v1::Model& m) {
           for (int i = 0; i < 32; ++i) m.add_targets()->set_provider(fmt::format("prov-{}", i));
         },
         {"model.targets"}},
        {"ForwardReference",
         [](v1::Model& m) { m.add_targets()->set_provider("not-there-yet"); },
         {}},
        {"TargetWithoutProvider",
         [](v1::Model& m) { m.add_targets(); },
         {"model.targets[1].provider"}},
        {"TargetWithBadModel",
         [](v1::Model& m) { m.mutable_targets(0)->set_upstream_model("a b"); },
         {"model.targets[0].upstream_model"}},
        {"SameTargetTwice",
         [](v1::Model& m) {
           m.add_targets()->set_provider("openai");
           m.mutable_targets(1)->set_upstream_model("fast");
         },
         {"model.targets[1]"}},
        {"UnknownStrategy",
         [](v1::Model& m) { m.set_strategy(static_cast<v1::Model::Strategy>(9)); },
         {"model.strategy"}},
        {"NoSuspension", [](v1::Model& m) { m.mutable_suspend_duration(); }, {}},
        {"NegativeSuspension",
         [](v1::Model& m) { *m.mutable_suspend_duration() = Seconds(-1); },
         {"model.suspend_duration"}},
        {"MalformedSuspension",
         [](v1::Model& m) { m.mutable_suspend_duration()->set_nanos(1'000'000'000); },
         {"model.suspend_duration"}},
        {"LongSuspension",
         [](v1::Model& m) { *m.mutable_suspend_duration() = Seconds(86'401); },
         {"model.suspend_duration"}},
        {"NegativeOutput",
         [](v1::Model& m) { m.set_output_tokens_max(-1); },
         {"model.output_tokens_max"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::routing
