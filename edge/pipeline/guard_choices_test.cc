#include "edge/pipeline/guard_choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::edge {
namespace {

using common::v1::Attachment;
using guardrails::v1::PolicyEntry;
using guardrails::v1::PolicyTable;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GuardChoicesTest : public ::testing::Test {
 protected:
  PolicyEntry& Add(std::string name, Attachment::Level level, std::string subject = "") {
    PolicyEntry& entry = *table_.add_policies();
    entry.set_organization("acme");
    entry.set_name(std::move(name));
    entry.set_requests(true);
    entry.set_version(5);
    Attachment& attachment = *entry.add_attachments();
    attachment.set_level(level);
    attachment.set_subject(std::move(subject));
    return entry;
  }
  GuardChoices::Table Table() const {
    return std::make_shared<const GuardPolicyView::Snapshot>(
        std::make_shared<const PolicyTable>(table_));
  }
  static PolicySubjects Of(std::string_view team) { return {.organization = "acme", .team = team}; }

  PolicyTable table_;
  GuardChoices choices_;
};

TEST_F(GuardChoicesTest, ThoseThatApplyEachForItsDirection) {
  Add("all", Attachment::LEVEL_ORGANIZATION).set_responses(true);
  Add("reds", Attachment::LEVEL_TEAM, "red").set_fail_open(true);
  Add("blues", Attachment::LEVEL_TEAM, "blue");
  const auto chosen = choices_.Choose(Table(), Of("red"));
  ASSERT_NE(chosen, nullptr);
  EXPECT_THAT(chosen->requests.names, ElementsAre("all", "reds"));
  EXPECT_THAT(chosen->answers.names, ElementsAre("all"));
  EXPECT_FALSE(chosen->requests.fail_open);
  EXPECT_EQ(chosen->identity, "all:5,reds:5,");
}

TEST_F(GuardChoicesTest, NoneApplies) {
  Add("blues", Attachment::LEVEL_TEAM, "blue");
  EXPECT_EQ(choices_.Choose(Table(), Of("red")), nullptr);
  EXPECT_EQ(choices_.sets(), 0U);
}

TEST_F(GuardChoicesTest, EqualSetsOfOneTableAreOne) {
  Add("all", Attachment::LEVEL_ORGANIZATION);
  Add("blues", Attachment::LEVEL_TEAM, "blue");
  const auto table = Table();
  const auto red = choices_.Choose(table, Of("red"));
  EXPECT_EQ(choices_.Choose(table, Of("green")), red);
  EXPECT_NE(choices_.Choose(table, Of("blue")), red);
  EXPECT_EQ(choices_.sets(), 2U);
}

TEST_F(GuardChoicesTest, AnotherTableIsReadAnew) {
  PolicyEntry& all = Add("all", Attachment::LEVEL_ORGANIZATION);
  const auto before = choices_.Choose(Table(), Of("red"));
  all.set_version(6);
  all.set_requests(false);
  const auto after = choices_.Choose(Table(), Of("red"));
  EXPECT_THAT(before->requests.names, ElementsAre("all"));
  EXPECT_THAT(after->requests.names, IsEmpty());
  EXPECT_EQ(after->identity, "all:6,");
  EXPECT_EQ(choices_.sets(), 1U);
}

// What policies of others say is not in it.
TEST_F(GuardChoicesTest, TheTablesVersionCountsOnlyWherePoliciesHaveNone) {
  PolicyEntry& all = Add("all", Attachment::LEVEL_ORGANIZATION);
  table_.set_version(70);
  EXPECT_EQ(choices_.Choose(Table(), Of("red"))->identity, "all:5,");
  all.clear_version();
  EXPECT_EQ(choices_.Choose(Table(), Of("red"))->identity, "all:70,");
}

TEST_F(GuardChoicesTest, SetsThatAreRememberedAreBounded) {
  constexpr int kPolicies = 11;  // As many teams of a caller as providers: every subset is one.
  for (int i = 0; i < kPolicies; ++i) {
    Add(std::to_string(i), Attachment::LEVEL_PROVIDER, std::to_string(i));
  }
  const auto table = Table();
  std::vector<std::string> names;
  for (int i = 0; i < kPolicies; ++i) names.push_back(std::to_string(i));
  for (int subset = 1; subset < 1 << kPolicies; ++subset) {
    PolicySubjects subjects{.organization = "acme"};
    for (int i = 0; i < kPolicies; ++i) {
      if ((subset >> i & 1) != 0) subjects.providers.emplace_back(names[static_cast<size_t>(i)]);
    }
    const auto chosen = choices_.Choose(table, subjects);
    ASSERT_EQ(chosen->requests.names.size(), subjects.providers.size());
    ASSERT_LE(choices_.sets(), GuardChoices::kMostSets);
  }
}

}  // namespace
}  // namespace weir::edge
