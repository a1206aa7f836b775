// Rules that look at some parts alone.
#include <gmock/gmock.h>

#include "services/guardrails/guardrails_for_test.h"

namespace weir::guardrails {
namespace {

class RuleScopeTest : public ::testing::Test, protected GuardrailsForTest {
 protected:
  // The system's, the user's and the tool's part, as they would go.
  std::vector<std::string> Conversation(std::string_view policy) {
    v1::InspectRequest request;
    request.set_organization(std::string(kAcme));
    request.add_policies(std::string(policy));
    request.set_direction(v1::DIRECTION_REQUEST);
    AddPart(request, "$.messages[0].content", "system", "s@b.io");
    AddPart(request, "$.messages[1].content[0].text", "user", "u@b.io");
    AddPart(request, "$.metadata.note", "", "m@b.io");
    const auto response = Inspect(request);
    EXPECT_THAT(response, testing::IsOk());
    std::vector<std::string> texts;
    for (uint32_t i = 0; i < 3; ++i) texts.push_back(Edited(request, *response, i));
    return texts;
  }
};

TEST_F(RuleScopeTest, EverythingUnlessARuleSaysOtherwise) {
  Put(PolicyOf("all", {EntityRule("mail", "mask", {"EMAIL"})}));
  EXPECT_THAT(Conversation("all"),
              ::testing::ElementsAre("[[EMAIL-1]]", "[[EMAIL-2]]", "[[EMAIL-3]]"));
}

TEST_F(RuleScopeTest, S2_10_AScopedPathLeavesTheRestAlone) {
  v1::Rule rule = EntityRule("mail", "mask", {"EMAIL"});
  rule.add_json_paths("$.messages[1].content");
  Put(PolicyOf("one", {rule}));
  EXPECT_THAT(Conversation("one"), ::testing::ElementsAre("s@b.io", "[[EMAIL-1]]", "m@b.io"));
  rule.add_json_paths("$.metadata");
  Put(PolicyOf("two", {rule}));
  EXPECT_THAT(Conversation("two"), ::testing::ElementsAre("s@b.io", "[[EMAIL-1]]", "[[EMAIL-2]]"));
}

TEST_F(RuleScopeTest, RolesSayWhoseTextItIs) {
  v1::Rule rule = EntityRule("mail", "mask", {"EMAIL"});
  rule.add_roles("system");
  rule.add_roles("");
  Put(PolicyOf("roles", {rule}));
  EXPECT_THAT(Conversation("roles"),
              ::testing::ElementsAre("[[EMAIL-1]]", "u@b.io", "[[EMAIL-2]]"));
}

TEST_F(RuleScopeTest, EachPartHasTheStrictestOfItsOwnRules) {
  v1::Rule of_users = EntityRule("users", "redact", {"EMAIL"});
  of_users.add_roles("user");
  Put(PolicyOf("both", {EntityRule("all", "mask", {"EMAIL"}), of_users}));
  EXPECT_THAT(Conversation("both"),
              ::testing::ElementsAre("[[EMAIL-1]]", "[EMAIL]", "[[EMAIL-2]]"));
}

TEST_F(RuleScopeTest, DirectionsAreOneWayOrBoth) {
  v1::Rule there = EntityRule("there", "redact", {"EMAIL"});
  there.add_directions(v1::DIRECTION_REQUEST);
  v1::Rule back = EntityRule("back", "redact", {"PHONE"});
  back.add_directions(v1::DIRECTION_RESPONSE);
  Put(PolicyOf("ways", {there, back}));
  const std::string text = "a@b.io +1 202 555 0143";
  EXPECT_EQ(Goes({"ways"}, text), "[EMAIL] +1 202 555 0143");
  EXPECT_EQ(Goes({"ways"}, text, v1::DIRECTION_RESPONSE), "a@b.io [PHONE]");
  EXPECT_EQ(Streams({"ways"}, text, 3), "a@b.io [PHONE]");
}

TEST_F(RuleScopeTest, AnswersAreLookedAtWhole) {
  v1::Rule rule = EntityRule("mail", "redact", {"EMAIL"});
  rule.add_json_paths("$.messages[1].content");
  Put(PolicyOf("one", {rule}));
  EXPECT_EQ(Goes({"one"}, "a@b.io", v1::DIRECTION_RESPONSE), "[EMAIL]");
  EXPECT_EQ(Streams({"one"}, "a@b.io", 2), "[EMAIL]");
}

TEST_F(RuleScopeTest, MoreKindsOfPartsThanAreKeptAreJudgedAsWell) {
  auto policy = PolicyOf("many", {});
  for (int i = 0; i < 60; ++i) {
    v1::Rule rule = EntityRule(fmt::format("r{}", i), "redact", {"EMAIL"});
    rule.add_json_paths(fmt::format("$.p[{}]", i));
    *policy.add_rules() = rule;
  }
  Put(policy);
  auto more = policy;
  more.set_name("more");
  for (int i = 0; i < 60; ++i) more.mutable_rules(i)->set_json_paths(0, fmt::format("$.q[{}]", i));
  Put(more);
  v1::InspectRequest request = Asked({"many", "more"}, "a@b.io");
  for (int i = 0; i < 60; ++i) {
    AddPart(request, fmt::format("$.p[{}]", i), "", "a@b.io");
    AddPart(request, fmt::format("$.q[{}]", i), "", "a@b.io");
  }
  for (int round = 0; round < 2; ++round) {
    const auto response = Inspect(request);
    ASSERT_THAT(response, testing::IsOk());
    EXPECT_THAT(response->edits(), ::testing::SizeIs(120));
  }
}

}  // namespace
}  // namespace weir::guardrails
