#include "common/routing/compiled_table.h"

#include <gmock/gmock.h>

#include "common/routing/table_fixtures.h"
#include "common/routing/table_history.h"

namespace weir::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CompiledTableTest : public ::testing::Test {
 protected:
  std::shared_ptr<const CompiledTable> Compile(const TableBuilder& builder) {
    return CompiledTable::Compile(builder.table(), states_);
  }
  RouteStates states_;
};

TEST_F(CompiledTableTest, FindsModelsByNameAndAlias) {
  const auto table = Compile(
      TableBuilder().AddProvider("openai").AddModel("fast", {"openai"}, WithAlias("quick")));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  ASSERT_NE(acme, nullptr);
  ASSERT_NE(acme->FindModel("fast"), nullptr);
  EXPECT_EQ(acme->FindModel("quick"), acme->FindModel("fast"));
  EXPECT_EQ(acme->FindModel("slow"), nullptr);
  EXPECT_EQ(table->FindOrganization("zeta"), nullptr);
}

TEST_F(CompiledTableTest, ANameGoesBeforeAnAlias) {
  const auto table = Compile(TableBuilder()
                                 .AddProvider("openai")
                                 .AddModel("aaa", {"openai"}, WithAlias("fast"))
                                 .AddModel("fast", {"openai"}));
  EXPECT_EQ(table->FindOrganization(kAcme)->FindModel("fast")->name, "fast");
}

TEST_F(CompiledTableTest, FillsInWhatATableLeavesOut) {
  const auto table = Compile(TableBuilder()
                                 .AddProvider("openai")
                                 .AddModel("fast", {"openai"})
                                 .AddModel("never", {"openai"}, Suspending(Duration::zero())));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  EXPECT_EQ(acme->FindModel("fast")->suspend, std::chrono::seconds(30));
  EXPECT_EQ(acme->FindModel("never")->suspend, Duration::zero());
  EXPECT_EQ(table->max_attempts(), 16U);
}

TEST_F(CompiledTableTest, BoundsTheAttempts) {
  TableBuilder builder;
  builder.Changed().set_max_attempts(1000);
  EXPECT_EQ(Compile(builder)->max_attempts(), 64U);
}

TEST_F(CompiledTableTest, SharesStatesWithItsPredecessor) {
  const auto before = Compile(TableBuilder().AddProvider("openai").AddModel("fast", {"openai"}));
  const auto after = Compile(TableBuilder()
                                 .AddProvider("aaa")
                                 .AddProvider("openai")
                                 .AddModel("fast", {"openai"})
                                 .AddProxy("new"));
  const CompiledModel* fast_before = before->FindOrganization(kAcme)->FindModel("fast");
  const CompiledModel* fast_after = after->FindOrganization(kAcme)->FindModel("fast");
  EXPECT_EQ(fast_before->rotation, fast_after->rotation);
  EXPECT_EQ(fast_before->targets[0].health, fast_after->targets[0].health);
  EXPECT_EQ(fast_before->targets[0].provider_index, 0u);
  EXPECT_EQ(fast_after->targets[0].provider_index, 1u);
}

TEST_F(CompiledTableTest, ARotationHasItsOwnHealth) {
  const auto table = Compile(TableBuilder()
                                 .AddProvider("openai")
                                 .AddModel("fast", {"openai"})
                                 .AddRotation("one", {"fast"}, {})
                                 .AddRotation("two", {"fast"}, {}));
  const CompiledOrganization* acme = table->FindOrganization(kAcme);
  const auto own = acme->FindModel("fast")->targets[0].health;
  const auto one = acme->FindProxy("one")->members[0].targets[0].health;
  const auto two = acme->FindProxy("two")->members[0].targets[0].health;
  EXPECT_NE(own, one);
  EXPECT_NE(one, two);
}

// A table from a file or of another version of routing: whatever it holds, it compiles.
TEST_F(CompiledTableTest, LeavesOutWhatATableShouldNotHold) {
  TableBuilder builder;
  builder.AddProvider("openai").AddModel("fast", {"openai"}).AddModel("nowhere", {});
  v1::ProxyRoute astray;
  astray.set_pass_through_provider(9);
  builder.AddProxy("astray", {}, astray)
      .AddRotation("mixed", {"gone", "nowhere", "fast"}, {})
      .AddRotation("empty", {"gone", "nowhere"}, {});
  v1::RoutingTable& table = builder.Changed();
  table.mutable_models(0)->add_targets()->set_provider_index(7);
  table.mutable_models(1)->clear_unresolved_reason();
  for (size_t i = 0; i < 2 * kMaxMembers; ++i) {
    *table.mutable_models(0)->add_targets() = table.models(0).targets(0);
    table.mutable_proxies(1)->mutable_rotation()->add_models("fast");
  }
  const auto compiled = Compile(builder);
  const CompiledOrganization* acme = compiled->FindOrganization(kAcme);
  EXPECT_THAT(acme->FindModel("fast")->targets, SizeIs(kMaxMembers));
  EXPECT_EQ(acme->FindModel("nowhere")->unresolved_reason, "it has no targets");
  EXPECT_THAT(acme->FindProxy("astray")->degraded_reason, HasSubstr("its provider is not in"));
  EXPECT_THAT(acme->FindProxy("mixed")->members, SizeIs(kMaxMembers));
  EXPECT_EQ(acme->FindProxy("mixed")->degraded_reason, "");
  EXPECT_THAT(acme->FindProxy("empty")->degraded_reason, HasSubstr("none of its models"));
  EXPECT_THAT(acme->FindProxy("empty")->members, IsEmpty());
}

TEST_F(CompiledTableTest, HistoryKeepsTheLastTables) {
  TableHistory history(2);
  EXPECT_EQ(history.Newest(), nullptr);
  TableBuilder builder;
  std::vector<std::shared_ptr<const CompiledTable>> tables;
  for (int i = 0; i < 3; ++i) {
    tables.push_back(Compile(builder.AddProvider("openai")));
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
