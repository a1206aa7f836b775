#include "services/guardrails/policy_rules.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "common/testing/status_matchers.h"
#include "services/guardrails/policies_for_test.h"
#include "services/guardrails/rule_case.h"

namespace weir::guardrails {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

using Attachment = common::v1::Attachment;

void Attach(v1::GuardrailPolicy& policy, Attachment::Level level, std::string subject) {
  Attachment& attachment = *policy.add_attachments();
  attachment.set_level(level);
  attachment.set_subject(std::move(subject));
}

using PolicyCase = RuleCase<v1::GuardrailPolicy>;
class PolicyRulesTest : public ::testing::TestWithParam<PolicyCase> {};

TEST_P(PolicyRulesTest, FindsEveryBadField) {
  v1::GuardrailPolicy policy = PolicyOf("pii", {EntityRule("mail", "mask", {"EMAIL"})});
  GetParam().change(policy);
  status::BadFields bad;
  CheckPolicy(policy, bad);
  EXPECT_EQ(Paths(bad), GetParam().want) << bad.ToStatus();
}
INSTANTIATE_TEST_SUITE_P(
    Fields, PolicyRulesTest,
    ::testing::ValuesIn<PolicyCase>({
        {"Good", [](v1::GuardrailPolicy&) {}, {}},
        {"Full",
         [](v1::GuardrailPolicy& p) {
           Attach(p, Attachment::LEVEL_ORGANIZATION, "");
           Attach(p, Attachment::LEVEL_TEAM, "red");
           Attach(p, Attachment::LEVEL_TEAM, "blue");
           p.set_preset("wso2-pii-masking");
           p.set_shadow(true);
           p.set_fail_open(true);
           v1::Rule& rule = *p.add_rules();
           rule = PatternRule("staff", "redact", "STAFF_ID", "EMP-[0-9]+");
           rule.mutable_pattern()->set_validator("luhn");
           rule.mutable_pattern()->set_ignore_case(true);
           rule.add_json_paths("$.messages[*].content");
           rule.add_roles("user");
           rule.add_roles("");
           rule.add_directions(v1::DIRECTION_RESPONSE);
           rule.set_replacement("EMP-{last4}");
           *p.add_rules() = DenyRule("words", "block", {"bluebird"});
         },
         {}},
        {"PresetAlone",
         [](v1::GuardrailPolicy& p) {
           p.clear_rules();
           p.set_preset("wso2-pii");
         },
         {}},
        {"NoOrganization",
         [](v1::GuardrailPolicy& p) { p.clear_organization(); },
         {"policy.organization"}},
        {"OrganizationBeginsWithADigit",
         [](v1::GuardrailPolicy& p) { p.set_organization("1acme"); },
         {"policy.organization"}},
        {"BadName", [](v1::GuardrailPolicy& p) { p.set_name("PII"); }, {"policy.name"}},
        {"NameTooLong",
         [](v1::GuardrailPolicy& p) { p.set_name(std::string(64, 'a')); },
         {"policy.name"}},
        {"NoRule", [](v1::GuardrailPolicy& p) { p.clear_rules(); }, {"policy.rules"}},
        {"UnknownPreset", [](v1::GuardrailPolicy& p) { p.set_preset("x"); }, {"policy.preset"}},
        {"BadAttachments",
         [](v1::GuardrailPolicy& p) {
           Attach(p, Attachment::LEVEL_UNSPECIFIED, "x");
           Attach(p, Attachment::LEVEL_ORGANIZATION, "x");
           Attach(p, Attachment::LEVEL_KEY, "");
           Attach(p, Attachment::LEVEL_KEY, "app");
           Attach(p, Attachment::LEVEL_KEY, "app");
         },
         {"policy.attachments[0].level", "policy.attachments[1].subject",
          "policy.attachments[2].subject", "policy.attachments[4]"}},
        {"TooManyAttachments",
         [](v1::GuardrailPolicy& p) {
           for (int i = 0; i < 65; ++i) Attach(p, Attachment::LEVEL_KEY, std::to_string(i));
         },
         {"policy.attachments"}},
        {"TooManyRules",
         [](v1::GuardrailPolicy& p) {
           for (int i = 0; i < 64; ++i) {
             *p.add_rules() = EntityRule(fmt::format("r{}", i), "mask", {"EMAIL"});
           }
         },
         {"policy.rules"}},
        {"TooManyExpressions",
         [](v1::GuardrailPolicy& p) {
           for (int i = 0; i < 33; ++i) {
             *p.add_rules() = PatternRule(fmt::format("r{}", i), "mask", "ID", "a");
           }
         },
         {"policy.rules"}},
        {"BadRuleName",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->set_name("Mail"); },
         {"policy.rules[0].name"}},
        {"TwoRulesOfOneName",
         [](v1::GuardrailPolicy& p) { *p.add_rules() = p.rules(0); },
         {"policy.rules[1].name"}},
        {"ARuleNamedAsOneOfThePreset",
         [](v1::GuardrailPolicy& p) {
           p.set_preset("wso2-pii");
           p.mutable_rules(0)->set_name("wso2-pii-email");
         },
         {"policy.rules[0].name"}},
        {"NoAction",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->clear_action(); },
         {"policy.rules[0].action"}},
        {"LooksForNothing",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->clear_detector(); },
         {"policy.rules[0]"}},
        {"BadTypes",
         [](v1::GuardrailPolicy& p) {
           *p.mutable_rules(0) = EntityRule("r", "mask", {"MAIL", "EMAIL", "EMAIL"});
         },
         {"policy.rules[0].entities.types[0]", "policy.rules[0].entities.types[2]"}},
        {"BadPattern",
         [](v1::GuardrailPolicy& p) {
           *p.mutable_rules(0) = PatternRule("r", "mask", "id", "(");
           p.mutable_rules(0)->mutable_pattern()->set_validator("verhoeff");
         },
         {"policy.rules[0].pattern.entity_type", "policy.rules[0].pattern.validator",
          "policy.rules[0].pattern.expression"}},
        {"PatternNamedAsAnEntityIs",
         [](v1::GuardrailPolicy& p) {
           *p.mutable_rules(0) = PatternRule("r", "mask", "EMAIL", "a");
         },
         {}},
        {"ReplacementThatWouldEndAString",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->set_replacement("\"}"); },
         {"policy.rules[0].replacement"}},
        {"PatternThatMayBeEmpty",
         [](v1::GuardrailPolicy& p) { *p.mutable_rules(0) = PatternRule("r", "mask", "ID", "a*"); },
         {"policy.rules[0].pattern.expression"}},
        {"NoExpression",
         [](v1::GuardrailPolicy& p) { *p.mutable_rules(0) = PatternRule("r", "mask", "ID", ""); },
         {"policy.rules[0].pattern.expression"}},
        {"BadDenyList",
         [](v1::GuardrailPolicy& p) {
           *p.mutable_rules(0) = DenyRule("r", "mask", {"good", "  "});
         },
         {"policy.rules[0].deny_list.phrases", "policy.rules[0].action"}},
        {"Injections",
         [](v1::GuardrailPolicy& p) {
           *p.add_rules() = InjectionRule("a", "block");
           *p.add_rules() = InjectionRule("b", "flag", 0.01);
           *p.add_rules() = InjectionRule("c", "flag", 1);
         },
         {}},
        {"BadInjections",
         [](v1::GuardrailPolicy& p) {
           *p.add_rules() = InjectionRule("a", "mask");
           *p.add_rules() = InjectionRule("b", "flag", 1.01);
           *p.add_rules() = InjectionRule("c", "flag", std::numeric_limits<double>::quiet_NaN());
           *p.add_rules() = InjectionRule("d", "flag", -0.5);
         },
         {"policy.rules[1].action", "policy.rules[2].injection.threshold",
          "policy.rules[3].injection.threshold", "policy.rules[4].injection.threshold"}},
        {"TokenizesAnswers",
         [](v1::GuardrailPolicy& p) {
           p.mutable_rules(0)->set_action("tokenize");
           p.mutable_rules(0)->add_directions(v1::DIRECTION_REQUEST);
           p.mutable_rules(0)->add_directions(v1::DIRECTION_RESPONSE);
         },
         {"policy.rules[0].directions[1]"}},
        {"NoDirection",
         [](v1::GuardrailPolicy& p) {
           p.mutable_rules(0)->add_directions(v1::DIRECTION_UNSPECIFIED);
         },
         {"policy.rules[0].directions[0]"}},
        {"BadPaths",
         [](v1::GuardrailPolicy& p) {
           p.mutable_rules(0)->add_json_paths("$.messages");
           p.mutable_rules(0)->add_json_paths("messages");
           p.mutable_rules(0)->add_json_paths("$.messages[-1].content");
         },
         {"policy.rules[0].json_paths[1]", "policy.rules[0].json_paths[2]"}},
        {"TooManyPaths",
         [](v1::GuardrailPolicy& p) {
           for (int i = 0; i < 17; ++i) p.mutable_rules(0)->add_json_paths("$");
         },
         {"policy.rules[0].json_paths"}},
        {"BadRole",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->add_roles("wizard"); },
         {"policy.rules[0].roles[0]"}},
        {"ReplacementTooLong",
         [](v1::GuardrailPolicy& p) { p.mutable_rules(0)->set_replacement(std::string(65, 'x')); },
         {"policy.rules[0].replacement"}},
        {"ReplacementOfWhatIsPutBack",
         [](v1::GuardrailPolicy& p) {
           p.mutable_rules(0)->set_action("tokenize");
           p.mutable_rules(0)->set_replacement("x");
         },
         {"policy.rules[0].replacement"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

PolicyCatalog CatalogOf(std::initializer_list<v1::GuardrailPolicy> policies) {
  PolicyCatalog catalog;
  for (const auto& each : policies) {
    catalog.policies.emplace(PolicyName{each.organization(), each.name()}, each);
  }
  return catalog;
}

TEST(PolicyBoundsTest, AnOrganisationHasSoManyPolicies) {
  const auto catalog = CatalogOf({PolicyOf("a", {}), PolicyOf("b", {})});
  const GuardrailsConfig config{.max_policies_per_organization = 2};
  EXPECT_THAT(CheckBounds(PolicyOf("b", {}), catalog, config), IsOk());
  EXPECT_THAT(CheckBounds(PolicyOf("c", {}), catalog, config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'acme' would have 3 guardrail policies, want at most 2")));
  auto others = PolicyOf("c", {});
  others.set_organization("zeta");
  EXPECT_THAT(CheckBounds(others, catalog, config), IsOk());
}

TEST(PolicyBoundsTest, EqualExpressionsCountOnceAndThoseOfPresetsToo) {
  const auto catalog = CatalogOf({PolicyOf("a", {PatternRule("r", "mask", "ID", "a")})});
  const GuardrailsConfig config{.max_patterns_per_organization = 2};
  EXPECT_THAT(CheckBounds(PolicyOf("b", {PatternRule("x", "block", "ID", "a"),
                                         PatternRule("y", "mask", "ID", "b")}),
                          catalog, config),
              IsOk());
  EXPECT_THAT(CheckBounds(PresetPolicy("secure-llm-gateway"), catalog, config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("3 different expressions"), HasSubstr("at most 2"))));
}

TEST(PolicyBoundsTest, PhrasesCountTogether) {
  const auto catalog = CatalogOf({PolicyOf("a", {DenyRule("r", "flag", {"x", "y"})})});
  const GuardrailsConfig config{.max_phrases_per_organization = 3};
  EXPECT_THAT(CheckBounds(PolicyOf("b", {DenyRule("r", "flag", {"z"})}), catalog, config), IsOk());
  EXPECT_THAT(CheckBounds(PolicyOf("b", {DenyRule("r", "flag", {"z", "w"})}), catalog, config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4 phrases")));
}

}  // namespace
}  // namespace weir::guardrails
