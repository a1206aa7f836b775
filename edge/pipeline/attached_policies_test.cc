#include "edge/pipeline/attached_policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::edge {
namespace {

using common::v1::Attachment;
using guardrails::v1::PolicyEntry;
using guardrails::v1::PolicyTable;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Subject = std::pair<Attachment::Level, std::string>;

void Add(PolicyTable& table, std::string name, const std::vector<Subject>& subjects,
         std::string organization = "acme") {
  PolicyEntry& entry = *table.add_policies();
  entry.set_organization(std::move(organization));
  entry.set_name(std::move(name));
  for (const auto& [level, subject] : subjects) {
    Attachment& attachment = *entry.add_attachments();
    attachment.set_level(level);
    attachment.set_subject(subject);
  }
}

using Attached = AttachedPolicies<google::protobuf::RepeatedPtrField<PolicyEntry>>;

std::vector<std::string> Names(const PolicyTable& table, const PolicySubjects& subjects) {
  const auto owner = std::make_shared<const PolicyTable>(table);
  std::vector<std::string> names;
  for (const auto& each : Attached(owner, owner->policies()).For(subjects)) {
    names.push_back(each.policy->name());
  }
  return names;
}

const PolicySubjects kAnn{.organization = "acme",
                          .proxy = "web",
                          .team = "red",
                          .user = "ann",
                          .key = "ci",
                          .providers = {"first", "second"}};

struct LevelCase {
  std::string_view name;
  Attachment::Level level;
  std::string subject;
  bool applies;
};
class AttachmentTest : public ::testing::TestWithParam<LevelCase> {};

TEST_P(AttachmentTest, AppliesToItsSubject) {
  PolicyTable table;
  Add(table, "p", {{GetParam().level, GetParam().subject}});
  EXPECT_EQ(!Names(table, kAnn).empty(), GetParam().applies);
}
INSTANTIATE_TEST_SUITE_P(Levels, AttachmentTest,
                         ::testing::ValuesIn<LevelCase>({
                             {"Organization", Attachment::LEVEL_ORGANIZATION, "", true},
                             {"FirstProvider", Attachment::LEVEL_PROVIDER, "first", true},
                             {"ProviderToFailOverTo", Attachment::LEVEL_PROVIDER, "second", true},
                             {"OtherProvider", Attachment::LEVEL_PROVIDER, "third", false},
                             {"Proxy", Attachment::LEVEL_PROXY, "web", true},
                             {"OtherProxy", Attachment::LEVEL_PROXY, "app", false},
                             {"Team", Attachment::LEVEL_TEAM, "red", true},
                             {"OtherTeam", Attachment::LEVEL_TEAM, "blue", false},
                             {"User", Attachment::LEVEL_USER, "ann", true},
                             {"OtherUser", Attachment::LEVEL_USER, "bob", false},
                             {"Key", Attachment::LEVEL_KEY, "ci", true},
                             {"OtherKey", Attachment::LEVEL_KEY, "app", false},
                             {"NamesOfAnotherLevel", Attachment::LEVEL_TEAM, "ann", false},
                             {"Unspecified", Attachment::LEVEL_UNSPECIFIED, "", false},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

// A caller without a team is not of the team "".
TEST(AttachedPoliciesTest, NobodyIsNoSubject) {
  PolicyTable table;
  for (const auto level : {Attachment::LEVEL_PROVIDER, Attachment::LEVEL_PROXY,
                           Attachment::LEVEL_TEAM, Attachment::LEVEL_USER, Attachment::LEVEL_KEY}) {
    Add(table, Attachment::Level_Name(level), {{level, ""}});
  }
  EXPECT_THAT(Names(table, {.organization = "acme"}), IsEmpty());
}

TEST(AttachedPoliciesTest, FromTheWidestToTheNarrowestAndByName) {
  PolicyTable table;
  Add(table, "key", {{Attachment::LEVEL_KEY, "ci"}});
  Add(table, "b", {{Attachment::LEVEL_ORGANIZATION, ""}});
  Add(table, "user", {{Attachment::LEVEL_USER, "ann"}});
  Add(table, "team", {{Attachment::LEVEL_TEAM, "red"}});
  Add(table, "a", {{Attachment::LEVEL_ORGANIZATION, ""}});
  Add(table, "proxy", {{Attachment::LEVEL_PROXY, "web"}});
  Add(table, "provider", {{Attachment::LEVEL_PROVIDER, "first"}});
  EXPECT_THAT(Names(table, kAnn),
              ElementsAre("a", "b", "provider", "proxy", "team", "user", "key"));
}

TEST(AttachedPoliciesTest, OneOfSeveralAttachmentsIsEnoughAndTheNarrowestCounts) {
  PolicyTable table;
  Add(table, "many",
      {{Attachment::LEVEL_USER, "ann"},
       {Attachment::LEVEL_ORGANIZATION, ""},
       {Attachment::LEVEL_KEY, "other"}});
  Add(table, "team", {{Attachment::LEVEL_TEAM, "red"}});
  EXPECT_THAT(Names(table, kAnn), ElementsAre("team", "many"));
}

TEST(AttachedPoliciesTest, WithoutAttachmentsItIsForNobody) {
  PolicyTable table;
  Add(table, "tried out", {});
  EXPECT_THAT(Names(table, kAnn), IsEmpty());
}

TEST(AttachedPoliciesTest, OrganizationsDoNotMeet) {
  PolicyTable table;
  Add(table, "theirs", {{Attachment::LEVEL_ORGANIZATION, ""}, {Attachment::LEVEL_KEY, "ci"}},
      "other");
  EXPECT_THAT(Names(table, kAnn), IsEmpty());
  const auto owner = std::make_shared<const PolicyTable>(table);
  const Attached attached(owner, owner->policies());
  EXPECT_TRUE(attached.IsEmptyFor("acme"));
  EXPECT_FALSE(attached.IsEmptyFor("other"));
}

}  // namespace
}  // namespace weir::edge
