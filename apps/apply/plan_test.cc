#include "apps/apply/plan.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "apps/apply/apply.h"
#include "common/testing/status_matchers.h"
#include "weir/cache/v1/cache_admin.pb.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::apply {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::IsOk;
using weir::testing::StatusIs;

const SecretSource& Secrets() {
  static const SecretSource kSecrets({{"PROVIDER_KEY", "Bearer sk-env"}});
  return kSecrets;
}

absl::StatusOr<Plan> Read(std::string_view text) { return PlanText("d.yaml", text, Secrets()); }

template <typename Req>
const Req& RequestOf(const absl::StatusOr<Plan>& plan, size_t index = 0) {
  return dynamic_cast<const Req&>(*plan->at(index).request);
}

TEST(PlanTest, ADocumentBecomesItsRequest) {
  const auto plan = Read(R"(
kind: Limit
name: team-tokens
organization: acme
spec:
  level: LEVEL_TEAM
  subject: 42
  unit: UNIT_TOTAL_TOKENS
  count: 9000000000000000
  fixedWindow: {period: 1m30s, anchor: ANCHOR_FIRST_HOLD}
)");
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->at(0).method, "weir.quota.v1.QuotaAdminService/PutLimit");
  EXPECT_EQ(plan->at(0).where, "d.yaml:2");
  EXPECT_EQ(
      RequestOf<weir::quota::v1::PutLimitRequest>(plan).ShortDebugString(),
      "limit { organization: \"acme\" name: \"team-tokens\" level: LEVEL_TEAM subject: \"42\" "
      "unit: UNIT_TOTAL_TOKENS count: 9000000000000000 "
      "fixed_window { period { seconds: 90 } anchor: ANCHOR_FIRST_HOLD } }");
}

TEST(PlanTest, JsonAndBothSpellingsOfAFieldAreRead) {
  const auto plan = Read(
      R"({"kind": "Provider", "name": "openai",
          "spec": {"baseUrl": "https://api.openai.com/v1", "max_connections": 8,
                   "timeouts": {"total": "1.5s"}}})");
  ASSERT_THAT(plan, IsOk());
  const auto& provider = RequestOf<weir::routing::v1::PutProviderRequest>(plan).provider();
  EXPECT_EQ(provider.organization(), "default");
  EXPECT_EQ(provider.base_url(), "https://api.openai.com/v1");
  EXPECT_EQ(provider.max_connections(), 8);
  EXPECT_EQ(provider.timeouts().total().nanos(), 500'000'000);
}

TEST(PlanTest, ListsOfMapsAndOneofsAreRead) {
  const auto plan = Read(R"(
kind: Model
name: chat
spec:
  aliases: [gpt-4o, "4"]
  targets:
    - {provider: openai, upstreamModel: gpt-4o}
    - provider: azure
  suspendDuration: 0s
---
kind: Proxy
name: assistant
spec:
  context: /assistant
  modelRotation: {models: [chat]}
)");
  ASSERT_THAT(plan, IsOk());
  const auto& model = RequestOf<weir::routing::v1::PutModelRequest>(plan, 0).model();
  EXPECT_THAT(model.aliases(), ElementsAre("gpt-4o", "4"));
  EXPECT_EQ(model.targets(1).provider(), "azure");
  EXPECT_TRUE(model.has_suspend_duration());
  const auto& proxy = RequestOf<weir::routing::v1::PutProxyRequest>(plan, 1).proxy();
  EXPECT_THAT(proxy.model_rotation().models(), ElementsAre("chat"));
}

TEST(PlanTest, PoliciesAreRead) {
  const auto plan = Read(R"(
kind: GuardrailPolicy
name: pii
organization: acme
spec:
  attachments: [{level: LEVEL_TEAM, subject: search}]
  rules:
    - {name: mail, entities: {types: [EMAIL]}, action: tokenize, directions: [DIRECTION_REQUEST]}
---
kind: CachePolicy
name: faq
organization: acme
spec:
  attachments: [{level: LEVEL_ORGANIZATION}]
  ttl: 10m
  scope: SCOPE_USER
  maxTemperature: 0
)");
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->at(0).method, "weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy");
  EXPECT_EQ(RequestOf<weir::guardrails::v1::PutGuardrailPolicyRequest>(plan).ShortDebugString(),
            "policy { organization: \"acme\" name: \"pii\" "
            "attachments { level: LEVEL_TEAM subject: \"search\" } "
            "rules { name: \"mail\" entities { types: \"EMAIL\" } action: \"tokenize\" "
            "directions: DIRECTION_REQUEST } }");
  EXPECT_EQ(plan->at(1).method, "weir.cache.v1.CacheAdminService/PutCachePolicy");
  const auto& policy = RequestOf<weir::cache::v1::PutCachePolicyRequest>(plan, 1).policy();
  EXPECT_EQ(policy.ttl().seconds(), 600);
  EXPECT_EQ(policy.scope(), weir::cache::v1::SCOPE_USER);
  EXPECT_TRUE(policy.has_max_temperature());
}

TEST(PlanTest, KindsComeInTheOrderInWhichTheyRefer) {
  const auto plan = Read(R"(
{kind: Key, name: app, spec: {value: 01234567890123456789}}
---
{kind: Proxy, name: p}
---
{kind: Model, name: m}
---
{kind: Provider, name: pr}
---
{kind: CachePolicy, name: c}
---
{kind: GuardrailPolicy, name: g}
---
{kind: Limit, name: l2}
---
{kind: Limit, name: l1}
---
{kind: User, name: u}
---
{kind: Team, name: t}
---
{kind: Organization, name: acme}
---
)");
  ASSERT_THAT(plan, IsOk());
  std::vector<std::string> order;
  for (const PlannedPut& each : *plan) order.push_back(each.name);
  EXPECT_THAT(order, ElementsAre("acme", "t", "u", "l2", "l1", "g", "c", "pr", "m", "p", "app"));
  EXPECT_EQ(plan->front().organization, "");
  // Text stays text, also where it looks like a number.
  EXPECT_EQ(RequestOf<weir::identity::v1::PutKeyRequest>(plan, 10).value(), "01234567890123456789");
}

TEST(PlanTest, SecretsComeFromTheEnvironmentOrAFileBesideTheDocument) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "plan_test_secrets";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "key.txt") << "a-key-from-a-file-of-20\n";
  std::ofstream(folder / "key.yaml")
      << "{kind: Key, name: app, spec: {value: {fromFile: key.txt}}}\n"
      << "---\n{kind: Provider, name: openai, "
      << "spec: {authValue: {fromEnv: PROVIDER_KEY}}}\n";
  const auto plan = PlanPath(folder.string(), Secrets());
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(RequestOf<weir::routing::v1::PutProviderRequest>(plan, 0).provider().auth_value(),
            "Bearer sk-env");
  EXPECT_EQ(RequestOf<weir::identity::v1::PutKeyRequest>(plan, 1).value(),
            "a-key-from-a-file-of-20");
  EXPECT_EQ(plan->at(1).where, "key.yaml:1");
}

struct FaultCase {
  std::string name;
  std::string text;
  std::string want;
};
class PlanFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(PlanFaultTest, NamesLineFieldAndWhatIsWanted) {
  EXPECT_THAT(Read(GetParam().text), StatusIs(StatusCode::kInvalidArgument, GetParam().want));
}
INSTANTIATE_TEST_SUITE_P(
    Table, PlanFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {.name = "NotANumber",
         .text = "kind: Limit\nname: l\nspec:\n  count: many\n",
         .want = "d.yaml:4: spec.count is 'many', want an integer"},
        {.name = "UnknownFieldNear",
         .text = "kind: Limit\nname: l\nspec: {cuont: 3}\n",
         .want = "d.yaml:3: spec.cuont is unknown, did you mean count?"},
        {.name = "UnknownNestedField",
         .text = "kind: Limit\nname: l\nspec:\n  tokenBucket:\n    frequency: 1s\n",
         .want = "d.yaml:5: spec.tokenBucket.frequency is unknown, want period, burst"},
        {.name = "UnknownEnum",
         .text = "kind: Limit\nname: l\nspec: {unit: tokens}\n",
         .want = "d.yaml:3: spec.unit is 'tokens', want one of UNIT_REQUESTS, UNIT_TOTAL_TOKENS"},
        {.name = "Duration",
         .text = "kind: Limit\nname: l\nspec: {fixedWindow: {period: 60}}\n",
         .want =
             "d.yaml:3: spec.fixedWindow.period is '60', want a duration like '30s' or '1m30s'"},
        {.name = "BothOfAOneof",
         .text = "kind: Limit\nname: l\nspec:\n  fixedWindow: {period: 1s}\n  tokenBucket: {}\n",
         .want = "d.yaml:5: spec.tokenBucket excludes spec.fixedWindow, want one"},
        {.name = "BothSpellings",
         .text = "kind: Provider\nname: p\nspec: {baseUrl: a, base_url: b}\n",
         .want = "d.yaml:3: spec.base_url is the same as spec.baseUrl, want one"},
        {.name = "ScalarForAList",
         .text = "kind: Model\nname: m\nspec: {aliases: gpt}\n",
         .want = "d.yaml:3: spec.aliases is 'gpt', want a list of text"},
        {.name = "WrongElement",
         .text = "kind: Model\nname: m\nspec: {targets: [openai]}\n",
         .want = "d.yaml:3: spec.targets[0] is 'openai', want a map"},
        {.name = "NameInTheSpec",
         .text = "kind: Team\nname: t\nspec: {name: u}\n",
         .want = "d.yaml:3: spec.name is set here, want it beside kind, as the document's name"},
        {.name = "NoKind",
         .text = "name: t\n",
         .want =
             "d.yaml:1: kind is '', want one of Organization, Team, User, Limit, GuardrailPolicy, "
             "CachePolicy, Provider, Model, Proxy, Key"},
        {.name = "NearKind",
         .text = "kind: Teem\nname: t\n",
         .want = "d.yaml:1: kind is 'Teem', want one of Organization, Team, User, Limit, "
                 "GuardrailPolicy, CachePolicy, Provider, Model, Proxy, Key (did you mean Team?)"},
        {.name = "NoName", .text = "kind: Team\n", .want = "d.yaml:1: name is missing, want text"},
        {.name = "UnknownKey",
         .text = "kind: Team\nname: t\nspecs: {}\n",
         .want = "d.yaml:3: specs is unknown, want kind, name, organization or spec"},
        {.name = "OrganizationOfAnOrganization",
         .text = "kind: Organization\nname: acme\norganization: acme\n",
         .want = "d.yaml:1: organization is set, want none in an Organization"},
        {.name = "SpecIsAList",
         .text = "kind: Team\nname: t\nspec: []\n",
         .want = "d.yaml:3: spec is a list, want a map"},
        {.name = "NotADocument",
         .text = "- a\n",
         .want = "d.yaml:1: the document is a list, want a map with kind, name and spec"},
        {.name = "DeclaredTwice",
         .text = "kind: Team\nname: t\n---\nkind: Team\nname: t\n",
         .want = "d.yaml:4: Team 't' is declared before, at d.yaml:1"},
        {.name = "VariableNotSet",
         .text = "kind: Provider\nname: p\nspec: {authValue: {fromEnv: NOPE}}\n",
         .want = "d.yaml:3: spec.authValue.fromEnv names the variable 'NOPE', which is not set"},
        {.name = "AnotherReference",
         .text = "kind: Key\nname: k\nspec: {value: {fromVault: x}}\n",
         .want = "d.yaml:3: spec.value is another map, want {fromFile: PATH} or {fromEnv: NAME}"},
    }),
    [](const auto& info) { return info.param.name; });

TEST(PlanTest, AllFaultsComeAtOnceByFile) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "plan_test_faults";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "a.yaml") << "kind: Limit\nname: l\nspec: {count: many, burst: 3}\n";
  std::ofstream(folder / "b.yml") << "kind: Nope\nname: l\n---\n{kind: Team, name: [1]}\n";
  std::ofstream(folder / ".hidden.yaml") << "kind: Nope\n";
  std::ofstream(folder / "notes.txt") << "not a document\n";
  EXPECT_THAT(PlanPath(folder.string(), Secrets()),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("a.yaml:3: spec.count is 'many'"),
                             HasSubstr("\na.yaml:3: spec.burst is unknown"),
                             HasSubstr("\nb.yml:1: kind is 'Nope'"),
                             HasSubstr("\nb.yml:4: name is a list"), Not(HasSubstr("hidden")))));
}

TEST(PlanTest, NoFaultShowsASecret) {
  const auto plan = Read(
      "kind: Key\nname: k\nspec:\n  value: hunter2-hunter2-hunter2\n  scopes: nope\n---\n"
      "kind: Provider\nname: p\nspec: {authValue: [hunter2]}\n");
  EXPECT_THAT(plan,
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("spec.scopes is 'nope'"),
                             HasSubstr("spec.authValue is a list, want text, {fromFile: PATH} "
                                       "or {fromEnv: NAME}"),
                             Not(HasSubstr("hunter2")))));
}

TEST(PlanTest, PathsWithoutDocumentsAreErrors) {
  EXPECT_THAT(PlanPath("/nowhere/at/all", Secrets()), StatusIs(StatusCode::kNotFound));
  const auto folder = std::filesystem::path(::testing::TempDir()) / "plan_test_empty";
  std::filesystem::create_directories(folder);
  EXPECT_THAT(PlanPath(folder.string(), Secrets()),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("holds 0 files")));
}

}  // namespace
}  // namespace weir::apply
