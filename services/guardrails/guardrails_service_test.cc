// The service as its callers see it: linked with the core itself, and with a pipe to it.
#include <gmock/gmock.h>

#include <string>

#include "services/guardrails/guardrails_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr std::string_view kText =
    "Ann (ann.lee@example.com, ann.lee@example.com) pays with 4111 1111 1111 1111.";

class GuardrailsServiceTest : public ::testing::Test, protected GuardrailsForTest {};

TEST_F(GuardrailsServiceTest, NoPolicyLetsEverythingGo) {
  const auto response = Inspect(Asked({}, kText));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->verdict(), v1::VERDICT_ALLOW);
  EXPECT_THAT(response->findings(), IsEmpty());
  EXPECT_EQ(Streams({}, kText, 7), kText);
}

TEST_F(GuardrailsServiceTest, APolicyThatIsNotKnownIsNotPassedBy) {
  EXPECT_THAT(Inspect(Asked({"pii"}, kText)), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                       AllOf(HasSubstr("pii"), HasSubstr("acme"))));
  EXPECT_THAT(Streams({"pii"}, kText, 7), HasSubstr("FAILED_PRECONDITION"));
}

TEST_F(GuardrailsServiceTest, EditsSayWhereAndWhat) {
  Put(PolicyOf("pii", {EntityRule("all", "tokenize", {})}));
  const auto response = Inspect(Asked({"pii"}, "mail ann@example.com"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->verdict(), v1::VERDICT_EDIT);
  ASSERT_THAT(response->edits(), SizeIs(1));
  EXPECT_EQ(response->edits(0).offset(), 5u);
  EXPECT_EQ(response->edits(0).length(), 15u);
  EXPECT_EQ(response->edits(0).replacement(), "[[EMAIL-1]]");
  EXPECT_TRUE(response->edits(0).restore());
  ASSERT_THAT(response->findings(), SizeIs(1));
  const v1::Finding& finding = response->findings(0);
  EXPECT_EQ(finding.policy(), "pii");
  EXPECT_EQ(finding.rule(), "all");
  EXPECT_EQ(finding.entity_type(), "EMAIL");
  EXPECT_EQ(finding.action(), "tokenize");
  EXPECT_EQ(finding.offset(), 5u);
  EXPECT_THAT(response->DebugString(), Not(HasSubstr("ann@")));
  EXPECT_EQ(response->policy_version(), 1u);
}

TEST_F(GuardrailsServiceTest, ABlockKeepsEverythingBack) {
  Put(PolicyOf("cards", {EntityRule("no-cards", "block", {"CREDIT_CARD"})}));
  Put(PolicyOf("mail", {EntityRule("mail", "mask", {"EMAIL"})}));
  const auto response = Inspect(Asked({"cards", "mail"}, kText));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->verdict(), v1::VERDICT_BLOCK);
  EXPECT_THAT(response->edits(), IsEmpty());
  EXPECT_THAT(response->findings(), SizeIs(3));
  EXPECT_EQ(Streams({"cards", "mail"}, kText, 5), "BLOCK");
}

TEST_F(GuardrailsServiceTest, ALongTextIsJudgedAsAShortOne) {
  Put(PolicyOf("pii", {EntityRule("all", "redact", {"EMAIL"})}));
  const std::string filler(GuardrailsService::kInlineBytes, '.');
  EXPECT_EQ(Goes({"pii"}, filler + " ann@example.com"), filler + " [EMAIL]");
  const std::string huge(3 << 20, '.');
  EXPECT_EQ(Goes({"pii"}, huge + " ann@example.com"), huge + " [EMAIL]");
}

TEST_F(GuardrailsServiceTest, AStreamGivesWhatTheWholeGives) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"}), EntityRule("hash", "hash", {"PHONE"}),
                       EntityRule("ssn", "partial", {"US_SSN"}),
                       EntityRule("card", "redact", {"CREDIT_CARD"})}));
  Put(PolicyOf("staff", {PatternRule("staff", "block", "STAFF_ID", R"(EMP-\d{3}\b)"),
                         EntityRule("iban", "flag", {"IBAN"})}));
  const std::string text =
      "Grüße an ann.lee@example.com und bob@example.org, ann.lee@example.com: card 4111 1111 1111 "
      "1111, SSN 541-41-5920, call +1 202 555 0143. EMP-12 ist keine. DE89 3704 0044 0532 0130 00";
  const std::string want = Goes({"pii", "staff"}, text, v1::DIRECTION_RESPONSE);
  EXPECT_THAT(want, AllOf(HasSubstr("[[EMAIL-2]], [[EMAIL-1]]: card [CARD], SSN ***-**-5920"),
                          HasSubstr("DE89"), Not(HasSubstr("0143"))));
  // Characters are never cut: what is released is text.
  const std::string ascii = "an" + text.substr(text.find(" ann.lee"));
  const std::string want_ascii = Goes({"pii", "staff"}, ascii, v1::DIRECTION_RESPONSE);
  for (size_t step = 1; step < 40; ++step) {
    EXPECT_EQ(Streams({"pii", "staff"}, ascii, step), want_ascii) << step;
  }
  EXPECT_EQ(Streams({"pii", "staff"}, text, 1000), want);
  EXPECT_EQ(Streams({"pii", "staff"}, ascii + " EMP-123", 3), "BLOCK");
}

TEST_F(GuardrailsServiceTest, AnswersNumbersBeginAboveTheRequests) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"})}));
  v1::InspectRequest request = Asked({"pii"}, "ann@example.com", v1::DIRECTION_RESPONSE);
  (*request.mutable_numbers_taken())["EMAIL"] = 4;
  const auto response = Inspect(request);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(Edited(request, *response), "[[EMAIL-5]]");
  v1::InspectDeltaRequest delta;
  delta.set_organization(std::string(kAcme));
  delta.add_policies("pii");
  (*delta.mutable_numbers_taken())["EMAIL"] = 4;
  delta.set_delta("ann@example.com");
  delta.set_last(true);
  EXPECT_EQ(InspectDelta(delta)->release(), "[[EMAIL-5]]");
}

TEST_F(GuardrailsServiceTest, WhatIsTokenizedIsSoInRequestsAlone) {
  Put(PolicyOf("pii", {EntityRule("all", "tokenize", {})}));
  EXPECT_EQ(Goes({"pii"}, "ann@example.com"), "[[EMAIL-1]]");
  EXPECT_EQ(Goes({"pii"}, "ann@example.com", v1::DIRECTION_RESPONSE), "ann@example.com");
  EXPECT_EQ(Streams({"pii"}, "ann@example.com", 4), "ann@example.com");
}

TEST_F(GuardrailsServiceTest, ALookAlikeOfARequestIsNotGivenOut) {
  Put(PolicyOf("pii", {EntityRule("all", "tokenize", {})}));
  EXPECT_EQ(Goes({"pii"}, "[[EMAIL-1]] is ann@example.com"), "[[EMAIL-1]] is [[EMAIL-2]]");
}

TEST_F(GuardrailsServiceTest, ASecretIsForNoCache) {
  Put(PolicyOf("secrets", {EntityRule("secrets", "redact", {"SECRET"})}));
  Put(PolicyOf("lax", {EntityRule("secrets", "allow", {"SECRET"})}));
  const std::string text = "key AKIA62QEHUSHRGGRA6UC";
  EXPECT_TRUE(Inspect(Asked({"secrets"}, text))->never_cache());
  EXPECT_FALSE(Inspect(Asked({"secrets"}, "no key"))->never_cache());
  const auto allowed = Inspect(Asked({"lax"}, text));
  EXPECT_TRUE(allowed->never_cache());
  EXPECT_EQ(allowed->verdict(), v1::VERDICT_ALLOW);
  EXPECT_THAT(allowed->findings(), IsEmpty());
}

TEST_F(GuardrailsServiceTest, AStateGoesOnWithItsOwnStreamAlone) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"})}));
  v1::InspectDeltaRequest request;
  request.set_organization(std::string(kAcme));
  request.add_policies("pii");
  request.set_path("$.choices[0].delta.content");
  request.set_delta("mail ann@exam");
  const auto first = InspectDelta(request);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->release(), "mail ");
  request.set_delta("ple.com");
  request.set_state(first->state());
  v1::InspectDeltaRequest other = request;
  other.set_path("$.choices[1].delta.content");
  EXPECT_THAT(InspectDelta(other),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state")));
  other = request;
  other.set_state(first->state().substr(0, first->state().size() - 1));
  EXPECT_THAT(InspectDelta(other),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state")));
  other.set_state("nothing of ours");
  EXPECT_THAT(InspectDelta(other),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state")));
  request.set_last(true);
  EXPECT_EQ(InspectDelta(request)->release(), "[[EMAIL-1]]");
}

TEST_F(GuardrailsServiceTest, AStreamGoesOnWhenItsPolicyChanges) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"})}));
  v1::InspectDeltaRequest request;
  request.set_organization(std::string(kAcme));
  request.add_policies("pii");
  request.set_delta("mail ann@exam");
  const auto first = InspectDelta(request);
  ASSERT_THAT(first, IsOk());
  Put(PolicyOf("pii", {EntityRule("phones", "block", {"PHONE"})}));
  request.set_state(first->state());
  request.set_delta("ple.com");
  request.set_last(true);
  EXPECT_EQ(InspectDelta(request)->release(), "ann@example.com");
}

TEST_F(GuardrailsServiceTest, MoreValuesThanAStreamRemembersAreRedacted) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {})}));
  std::string text;
  for (int i = 0; i < 200; ++i) text += fmt::format("mail user{}@example.com, ", i);
  const std::string released = Streams({"pii"}, text, 100);
  EXPECT_THAT(released, AllOf(HasSubstr("[[EMAIL-150]]"), HasSubstr("[EMAIL]"),
                              Not(HasSubstr("example.com"))));
}

TEST_F(GuardrailsServiceTest, APhraseBlocksAndNoneOfItIsReleased) {
  Put(PolicyOf("words", {DenyRule("words", "block", {"project bluebird", "ümlaut"})}));
  EXPECT_EQ(Goes({"words"}, "about Project\n Bluebird."), "BLOCK");
  EXPECT_EQ(Goes({"words"}, "about project bluebirds."), "about project bluebirds.");
  const std::string harmless = "about project bluebirds, project blue and a project";
  for (size_t step = 1; step < 30; ++step) {
    EXPECT_EQ(Streams({"words"}, harmless, step), harmless) << step;
    EXPECT_EQ(Streams({"words"}, "about project  bluebird, really", step), "BLOCK") << step;
    EXPECT_EQ(Streams({"words"}, "about project bluebird", step), "BLOCK") << step;
  }
  Streams({"words"}, "about project bluebird", 3);
  EXPECT_EQ(released_before_block, "about ");
}

TEST_F(GuardrailsServiceTest, APhraseThatIsOnlyToldOfHoldsNothingBack) {
  Put(PolicyOf("words", {DenyRule("words", "flag", {"project bluebird"})}));
  v1::InspectDeltaRequest request;
  request.set_organization(std::string(kAcme));
  request.add_policies("words");
  request.set_delta("the project ");
  const auto first = InspectDelta(request);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->release(), "the project ");
  request.set_state(first->state());
  request.set_delta("bluebird");
  request.set_last(true);
  const auto second = InspectDelta(request);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->release(), "bluebird");
  ASSERT_THAT(second->findings(), SizeIs(1));
  EXPECT_EQ(second->findings(0).rule(), "words");
  EXPECT_EQ(second->findings(0).entity_type(), "");
}

TEST_F(GuardrailsServiceTest, ADirectionIsNeeded) {
  EXPECT_THAT(Inspect(Asked({}, kText, v1::DIRECTION_UNSPECIFIED)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("direction")));
}

TEST_F(GuardrailsServiceTest, WatchersHaveTheTableAtOnceAndEachNewOne) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"})}));
  ASSERT_THAT(Inspect(Asked({"pii"}, "")), IsOk());  // Over a pipe: once a replica is up.
  const auto events = face->guardrails().Watch({}, face->io().get_executor());
  absl::StatusOr<api::GuardrailsEvent> event = Await(events->Next());
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ((*event)->table().version(), 1u);
  ASSERT_THAT((*event)->table().policies(), SizeIs(1));
  EXPECT_EQ((*event)->table().policies(0).name(), "pii");
  Put(PolicyOf("more", {EntityRule("mask", "mask", {"EMAIL"})}));
  event = Await(events->Next());
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ((*event)->table().version(), 2u);
  EXPECT_THAT((*event)->table().policies(), SizeIs(2));
  events->End();
}

TEST_F(GuardrailsServiceTest, CountsByClosedSetsOfLabels) {
  Put(PolicyOf("pii", {EntityRule("mask", "mask", {"EMAIL"}),
                       PatternRule("staff", "redact", "STAFF_ID", R"(EMP-\d{3}\b)")}));
  Goes({"pii"}, "ann@example.com bob@example.com EMP-123");
  const std::string metrics_text = metrics.Render();
  EXPECT_THAT(metrics_text,
              AllOf(HasSubstr("weir_guardrails_findings_total{action=\"mask\",entity=\"EMAIL\","
                              "direction=\"request\",shadow=\"false\"} 2"),
                    HasSubstr("action=\"redact\",entity=\"PATTERN\""), Not(HasSubstr("acme")),
                    Not(HasSubstr("STAFF")), Not(HasSubstr("staff"))));
}

}  // namespace
}  // namespace weir::guardrails
