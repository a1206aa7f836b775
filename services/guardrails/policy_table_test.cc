#include "services/guardrails/policy_table.h"

#include <gmock/gmock.h>

#include "services/guardrails/policies_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::PolicyEntry EntryOf(const v1::GuardrailPolicy& policy) {
  PolicyCatalog catalog{.sequence = 7, .policies = {}};
  catalog.policies.emplace(PolicyName{policy.organization(), policy.name()}, policy);
  const v1::PolicyTable table = MakePolicyTable(catalog);
  EXPECT_EQ(table.version(), 7u);
  EXPECT_THAT(table.policies(), SizeIs(1));
  return table.policies(0);
}

TEST(PolicyTableTest, SaysWhomAPolicyIsFor) {
  auto policy = PolicyOf("pii", {EntityRule("r", "mask", {"EMAIL"})});
  policy.set_fail_open(true);
  auto& attachment = *policy.add_attachments();
  attachment.set_level(common::v1::Attachment::LEVEL_TEAM);
  attachment.set_subject("red");
  const v1::PolicyEntry entry = EntryOf(policy);
  EXPECT_EQ(entry.organization(), "acme");
  EXPECT_EQ(entry.name(), "pii");
  ASSERT_THAT(entry.attachments(), SizeIs(1));
  EXPECT_EQ(entry.attachments(0).subject(), "red");
  EXPECT_TRUE(entry.fail_open());
  EXPECT_TRUE(entry.requests());
  EXPECT_TRUE(entry.responses());
  EXPECT_THAT(entry.json_paths(), IsEmpty());
}

TEST(PolicyTableTest, SaysWhichWaysItLooks) {
  v1::Rule rule = EntityRule("r", "mask", {"EMAIL"});
  rule.add_directions(v1::DIRECTION_RESPONSE);
  EXPECT_FALSE(EntryOf(PolicyOf("p", {rule})).requests());
  EXPECT_TRUE(EntryOf(PolicyOf("p", {rule})).responses());
  EXPECT_FALSE(EntryOf(PolicyOf("p", {EntityRule("r", "tokenize", {})})).responses());
  EXPECT_TRUE(EntryOf(PresetPolicy("wso2-pii")).responses());
}

TEST(PolicyTableTest, SaysWhereAllRulesForRequestsTogetherLook) {
  v1::Rule one = EntityRule("one", "mask", {"EMAIL"});
  one.add_json_paths("$.input");
  v1::Rule two = EntityRule("two", "mask", {"PHONE"});
  two.add_json_paths("$.messages[0].content");
  two.add_json_paths("$.input");
  EXPECT_THAT(EntryOf(PolicyOf("p", {one, two})).json_paths(),
              ElementsAre("$.input", "$.messages[0].content"));
  v1::Rule of_answers = EntityRule("answers", "mask", {"IBAN"});
  of_answers.add_directions(v1::DIRECTION_RESPONSE);
  EXPECT_THAT(EntryOf(PolicyOf("p", {one, of_answers})).json_paths(), ElementsAre("$.input"));
  EXPECT_THAT(EntryOf(PolicyOf("p", {one, EntityRule("all", "mask", {})})).json_paths(), IsEmpty());
}

TEST(PolicyTableTest, OneThatCannotBeReadIsNotPassedBy) {
  const v1::PolicyEntry entry = EntryOf(PresetPolicy("of-a-newer-program"));
  EXPECT_TRUE(entry.requests());
  EXPECT_TRUE(entry.responses());
}

TEST(PolicyTableTest, AVersionChangesWithWhatAPolicySaysAlone) {
  const auto base = PolicyOf("pii", {EntityRule("r", "mask", {"EMAIL"})});
  const uint64_t version = EntryOf(base).version();
  EXPECT_NE(version, 0u);
  EXPECT_EQ(EntryOf(base).version(), version);
  auto same = base;
  same.add_attachments()->set_level(common::v1::Attachment::LEVEL_ORGANIZATION);
  same.set_fail_open(true);
  EXPECT_EQ(EntryOf(same).version(), version);
  auto shadow = base;
  shadow.set_shadow(true);
  EXPECT_NE(EntryOf(shadow).version(), version);
  EXPECT_NE(EntryOf(PolicyOf("pii", {EntityRule("r", "redact", {"EMAIL"})})).version(), version);
  EXPECT_NE(EntryOf(PolicyOf("pii", {EntityRule("r", "mask", {"PHONE"})})).version(), version);
  EXPECT_NE(EntryOf(PresetPolicy("wso2-pii")).version(),
            EntryOf(PresetPolicy("wso2-pii-masking")).version());
  EXPECT_NE(EntryOf(PresetPolicy("of-a-newer-program")).version(), 0u);
}

// Kept answers of every replica and release hang on it.
TEST(PolicyTableTest, AVersionIsTheSameEverywhere) {
  EXPECT_EQ(EntryOf(PolicyOf("pii", {EntityRule("r", "mask", {"EMAIL"})})).version(),
            14082318092473986698ull);
}

}  // namespace
}  // namespace weir::guardrails
