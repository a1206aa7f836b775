#include "services/guardrails/guardrails_admin.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "services/guardrails/guardrails_for_test.h"
#include "services/guardrails/rule_case.h"

namespace weir::guardrails {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class GuardrailsAdminTest : public ::testing::Test, protected GuardrailsForTest {
 protected:
  absl::StatusOr<v1::PutGuardrailPolicyResponse> TryPut(const v1::GuardrailPolicy& policy,
                                                        bool validate_only = false) {
    v1::PutGuardrailPolicyRequest request;
    *request.mutable_policy() = policy;
    request.set_validate_only(validate_only);
    return admin.PutGuardrailPolicy({.actor = "tok-1"}, request);
  }
  absl::StatusOr<v1::ListGuardrailPoliciesResponse> List(int size = 0, std::string token = "") {
    v1::ListGuardrailPoliciesRequest request;
    request.set_organization(std::string(kAcme));
    request.set_page_size(size);
    request.set_page_token(std::move(token));
    return admin.ListGuardrailPolicies({}, request);
  }
  absl::Status Delete(std::string_view name) {
    v1::DeleteGuardrailPolicyRequest request;
    request.set_organization(std::string(kAcme));
    request.set_name(std::string(name));
    return admin.DeleteGuardrailPolicy({.actor = "tok-2"}, request).status();
  }
  static v1::TestGuardrailsRequest Trial(std::string_view text) {
    v1::TestGuardrailsRequest request;
    request.set_organization(std::string(kAcme));
    v1::Part& part = *request.add_parts();
    part.set_role("user");
    part.set_text(std::string(text));
    return request;
  }

  const v1::GuardrailPolicy pii_ = PolicyOf("pii", {EntityRule("mail", "mask", {"EMAIL"})});
};

TEST_F(GuardrailsAdminTest, WhatIsPutJudgesAtOnce) {
  const auto put = TryPut(pii_);
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(put->changed());
  EXPECT_EQ(put->policy().name(), "pii");
  EXPECT_EQ(Goes({"pii"}, "a@b.io"), "[[EMAIL-1]]");
  EXPECT_FALSE(TryPut(pii_)->changed());
  EXPECT_EQ(*store.Sequence(), 1) << "what changes nothing is no change";
  EXPECT_TRUE(TryPut(PolicyOf("pii", {EntityRule("mail", "redact", {"EMAIL"})}))->changed());
  EXPECT_EQ(Goes({"pii"}, "a@b.io"), "[EMAIL]");
}

TEST_F(GuardrailsAdminTest, ADryRunChangesNothing) {
  EXPECT_TRUE(TryPut(pii_, true)->changed());
  EXPECT_EQ(*store.Sequence(), 0);
  EXPECT_THAT(List()->policies(), IsEmpty());
}

TEST_F(GuardrailsAdminTest, EveryFaultIsSaidAtOnce) {
  auto policy = pii_;
  policy.set_name("PII");
  policy.mutable_rules(0)->set_action("explode");
  const auto put = TryPut(policy);
  EXPECT_THAT(put, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("explode")));
  EXPECT_THAT(Paths(put.status()), ElementsAre("policy.name", "policy.rules[0].action"));
}

TEST_F(GuardrailsAdminTest, MoreThanAnOrganisationMayHaveIsRefused) {
  for (int i = 0; i < 100; ++i) Put(PolicyOf(fmt::format("p{}", i), {pii_.rules(0)}));
  EXPECT_THAT(TryPut(pii_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("101")));
  EXPECT_THAT(TryPut(pii_, true), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("101")));
}

TEST_F(GuardrailsAdminTest, ListsByPages) {
  for (const std::string_view each : {"c", "a", "b"}) Put(PolicyOf(each, {pii_.rules(0)}));
  auto others = PolicyOf("a", {pii_.rules(0)});
  others.set_organization("acmes");
  Put(others);
  const auto first = List(2);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(first->policies(), SizeIs(2));
  EXPECT_EQ(first->policies(0).name(), "a");
  EXPECT_EQ(first->policies(1).name(), "b");
  const auto second = List(2, first->next_page_token());
  ASSERT_THAT(second->policies(), SizeIs(1));
  EXPECT_EQ(second->policies(0).name(), "c");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_EQ(List(3)->next_page_token(), "");
  EXPECT_THAT(List(1001), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size")));
  EXPECT_THAT(List(1, "b"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST_F(GuardrailsAdminTest, WhatIsDeletedIsNotKnownAnyMore) {
  Put(pii_);
  EXPECT_THAT(Delete("pii"), IsOk());
  EXPECT_THAT(Goes({"pii"}, "a@b.io"), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_THAT(Delete("pii"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("pii")));
  EXPECT_THAT(Delete("P"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
  const auto changes = *store.Changes(0, 10);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[1].actor, "tok-2");
  EXPECT_TRUE(changes[1].removed);
}

TEST_F(GuardrailsAdminTest, AnotherReplicasChangesAreSeen) {
  GuardrailsService replica(
      GuardrailsConfig(),
      {.store = store, .workers = workers, .clock = clock, .hash_secret = "the same"});
  ASSERT_THAT(replica.Load(), IsOk());
  Put(pii_);
  ASSERT_THAT(replica.Refresh(), IsOk());
  EXPECT_THAT(Await(replica.Inspect({}, Asked({"pii"}, "a@b.io"))), IsOk());
  EXPECT_EQ(replica.Policies()->version(), 1u);
}

// An edge hears of a policy from one replica, and may ask another a moment later.
TEST_F(GuardrailsAdminTest, AReplicaThatDoesNotKnowAPolicyYetLooks) {
  GuardrailsService replica(
      GuardrailsConfig(),
      {.store = store, .workers = workers, .clock = clock, .hash_secret = "the same"});
  ASSERT_THAT(replica.Load(), IsOk());
  Put(pii_);
  EXPECT_THAT(Await(replica.Inspect({}, Asked({"pii"}, "a@b.io"))), IsOk());
  EXPECT_THAT(Await(replica.Inspect({}, Asked({"none"}, "a@b.io"))),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none")));
}

TEST_F(GuardrailsAdminTest, APolicyOfANewerProgramIsNotPassedBy) {
  ASSERT_THAT(store.Put(ToStored(PresetPolicy("of-tomorrow")), {.read_at = 0, .actor = "t"}),
              IsOk());
  ASSERT_THAT(service.Refresh(), IsOk());
  EXPECT_THAT(Goes({"of-tomorrow"}, "a"), HasSubstr("unusable"));
}

TEST_F(GuardrailsAdminTest, WhatIsStoredInAFormThatCannotBeReadKeepsTheLastState) {
  Put(pii_);
  ASSERT_THAT(
      store.Put({.id = {"acme", "bad"}, .document = "no message"}, {.read_at = 1, .actor = "t"}),
      IsOk());
  EXPECT_THAT(service.Refresh(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("'bad'")));
  EXPECT_EQ(Goes({"pii"}, "a@b.io"), "[[EMAIL-1]]");
}

TEST_F(GuardrailsAdminTest, ATrialShowsWhatWouldGo) {
  Put(pii_);
  v1::TestGuardrailsRequest request = Trial("call +1 202 555 0143 or a@b.io");
  request.add_policies("pii");
  *request.mutable_policy() = PolicyOf("", {EntityRule("phones", "redact", {"PHONE"})});
  request.mutable_policy()->clear_organization();
  const auto tried = admin.TestGuardrails({}, request);
  ASSERT_THAT(tried, IsOk());
  EXPECT_EQ(tried->verdict(), v1::VERDICT_EDIT);
  EXPECT_EQ(tried->parts(0).text(), "call [PHONE] or [[EMAIL-1]]");
  EXPECT_EQ(tried->parts(0).role(), "user");
  ASSERT_THAT(tried->findings(), SizeIs(2));
  EXPECT_EQ(tried->findings(0).policy(), "unnamed");
  EXPECT_THAT(metrics.Render(), Not(HasSubstr("weir_guardrails_findings_total{")));
}

TEST_F(GuardrailsAdminTest, ATrialThatBlocksShowsNoText) {
  v1::TestGuardrailsRequest request = Trial("a@b.io");
  *request.mutable_policy() = PolicyOf("new", {EntityRule("mail", "block", {})});
  const auto tried = admin.TestGuardrails({}, request);
  ASSERT_THAT(tried, IsOk());
  EXPECT_EQ(tried->verdict(), v1::VERDICT_BLOCK);
  EXPECT_THAT(tried->parts(), IsEmpty());
  EXPECT_THAT(tried->findings(), SizeIs(1));
}

TEST_F(GuardrailsAdminTest, ATrialOfAnswers) {
  v1::Rule rule = EntityRule("mail", "redact", {"EMAIL"});
  rule.add_directions(v1::DIRECTION_RESPONSE);
  v1::TestGuardrailsRequest request = Trial("a@b.io");
  *request.mutable_policy() = PolicyOf("new", {rule});
  EXPECT_EQ(admin.TestGuardrails({}, request)->parts(0).text(), "a@b.io");
  request.set_direction(v1::DIRECTION_RESPONSE);
  EXPECT_EQ(admin.TestGuardrails({}, request)->parts(0).text(), "[EMAIL]");
}

TEST_F(GuardrailsAdminTest, ATrialHasToBeGood) {
  v1::TestGuardrailsRequest request = Trial(std::string(64 * 1024 + 1, 'x'));
  EXPECT_THAT(Paths(admin.TestGuardrails({}, request).status()), ElementsAre("policies", "parts"));
  request = Trial("x");
  *request.mutable_policy() = PolicyOf("new", {EntityRule("mail", "explode", {})});
  request.mutable_policy()->set_organization("zeta");
  EXPECT_THAT(Paths(admin.TestGuardrails({}, request).status()),
              ElementsAre("policy.rules[0].action", "policy.organization"));
  request.clear_policy();
  request.add_policies("nobody");
  EXPECT_THAT(admin.TestGuardrails({}, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nobody")));
}

}  // namespace
}  // namespace weir::guardrails
