// Several policies that judge one text: the stricter acts, and none hides what another looks for.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "services/guardrails/inspection.h"
#include "services/guardrails/masking.h"
#include "services/guardrails/policies_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

struct Outcome {
  std::string text;               // As it would go; "BLOCK".
  std::vector<std::string> told;  // "policy/rule action", with "?" in shadow.
};

class Together {
 public:
  explicit Together(std::initializer_list<v1::GuardrailPolicy> policies) {
    CompiledPolicyList compiled;
    for (const auto& each : policies) compiled.push_back(CompilePolicy(each, patterns_));
    for (const auto& each : compiled) EXPECT_EQ(each->fault, "");
    policies_ = std::make_unique<PolicyUnion>(std::move(compiled));
  }
  absl::StatusOr<Inspected> Judge(std::string_view text) {
    v1::InspectRequest request;
    request.set_direction(v1::DIRECTION_REQUEST);
    request.add_parts()->set_text(std::string(text));
    return InspectParts(request, *policies_, key_);
  }
  Outcome operator()(std::string_view text) {
    const absl::StatusOr<Inspected> judged = Judge(text);
    if (!judged.ok()) return {judged.status().ToString(), {}};
    Outcome outcome;
    for (const v1::Finding& each : judged->response.findings()) {
      outcome.told.push_back(fmt::format("{}/{} {}{}", each.policy(), each.rule(), each.action(),
                                         each.shadow() ? "?" : ""));
    }
    std::vector<TextEdit> edits;
    for (const v1::Edit& each : judged->response.edits()) {
      edits.push_back({each.offset(), each.length(), {.text = each.replacement()}});
    }
    const bool blocked = judged->response.verdict() == v1::VERDICT_BLOCK;
    outcome.text = blocked ? "BLOCK" : Apply(text, edits);
    return outcome;
  }

 private:
  PatternPool patterns_;
  std::unique_ptr<PolicyUnion> policies_;
  const crypto::Hmac key_{"key"};
};

v1::Rule Shadowed(v1::Rule rule) {
  rule.set_shadow(true);
  return rule;
}

TEST(PoliciesTogetherTest, TheStricterActsInWhicheverOrder) {
  const std::vector<std::string> from_mildest = {"allow", "flag", "partial", "tokenize",
                                                 "mask",  "hash", "redact",  "block"};
  for (size_t strict = 0; strict < from_mildest.size(); ++strict) {
    const auto want =
        Together({PolicyOf("a", {EntityRule("r", from_mildest[strict], {"EMAIL"})})})("a@b.io");
    for (size_t mild = 0; mild < strict; ++mild) {
      const auto a = PolicyOf("a", {EntityRule("r", from_mildest[strict], {"EMAIL"})});
      const auto b = PolicyOf("b", {EntityRule("r", from_mildest[mild], {"EMAIL"})});
      EXPECT_EQ(Together({a, b})("a@b.io").text, want.text) << from_mildest[strict] << mild;
      EXPECT_EQ(Together({b, a})("a@b.io").text, want.text) << from_mildest[strict] << mild;
      EXPECT_EQ(Together({b, a})("a@b.io").told, want.told) << from_mildest[strict] << mild;
    }
  }
}

TEST(PoliciesTogetherTest, SoItIsWithinOnePolicy) {
  EXPECT_EQ(Together({PolicyOf("a", {EntityRule("lax", "allow", {"EMAIL"}),
                                     EntityRule("strict", "redact", {"EMAIL"})})})("a@b.io")
                .text,
            "[EMAIL]");
}

TEST(PoliciesTogetherTest, APatternAndAnEntityThatFindTheSameValue) {
  const auto mail = PolicyOf("mail", {EntityRule("mail", "mask", {"EMAIL"})});
  const auto ours =
      PolicyOf("ours", {PatternRule("ours", "redact", "OURS", R"([a-z]+@acme\.com)")});
  EXPECT_EQ(Together({mail, ours})("ann@acme.com").text, "[OURS]");
  EXPECT_EQ(Together({ours, mail})("ann@acme.com, ann@b.io").text, "[OURS], [[EMAIL-1]]");
  const auto theirs =
      PolicyOf("theirs", {PatternRule("theirs", "partial", "OURS", R"([a-z]+@acme\.com)")});
  EXPECT_EQ(Together({theirs, mail})("ann@acme.com").text, "[[EMAIL-1]]");
}

TEST(PoliciesTogetherTest, WhatBlocksIsFoundWithinWhatIsMasked) {
  const auto mail = PolicyOf("mail", {EntityRule("mail", "mask", {"EMAIL"})});
  const auto rival = PolicyOf("rival", {PatternRule("rival", "block", "RIVAL", "rival")});
  EXPECT_EQ(Together({mail, rival})("ann@rival.com").text, "BLOCK");
}

TEST(PoliciesTogetherTest, WhatIsOnlyToldOfHidesNothing) {
  const auto mail = PolicyOf("mail", {EntityRule("mail", "mask", {"EMAIL"})});
  const auto all = PolicyOf("all", {PatternRule("line", "flag", "LINE", "mail .{1,40}")});
  const Outcome outcome = Together({all, mail})("mail ann@b.io");
  EXPECT_EQ(outcome.text, "mail [[EMAIL-1]]");
  EXPECT_THAT(outcome.told, ElementsAre("mail/mail mask", "all/line flag"));
}

TEST(PoliciesTogetherTest, AShadowTellsAndChangesNothing) {
  const auto mask = PolicyOf("mask", {EntityRule("mail", "mask", {"EMAIL"})});
  const auto shadow = PolicyOf("dry", {Shadowed(EntityRule("mail", "block", {"EMAIL"}))});
  Outcome outcome = Together({shadow})("a@b.io");
  EXPECT_EQ(outcome.text, "a@b.io");
  EXPECT_THAT(outcome.told, ElementsAre("dry/mail block?"));
  outcome = Together({shadow, mask})("a@b.io");
  EXPECT_EQ(outcome.text, "[[EMAIL-1]]");
  EXPECT_THAT(outcome.told, ElementsAre("mask/mail mask", "dry/mail block?"));
}

TEST(PoliciesTogetherTest, APolicyInShadowHasItsRulesInShadow) {
  auto policy = PolicyOf(
      "dry", {EntityRule("mail", "block", {"EMAIL"}), DenyRule("words", "block", {"bluebird"})});
  policy.set_shadow(true);
  const Outcome outcome = Together({policy})("bluebird a@b.io");
  EXPECT_EQ(outcome.text, "bluebird a@b.io");
  EXPECT_THAT(outcome.told, ElementsAre("dry/mail block?", "dry/words block?"));
}

TEST(PoliciesTogetherTest, EqualPatternsAreOne) {
  PatternPool patterns;
  const auto a =
      CompilePolicy(PolicyOf("a", {PatternRule("r", "mask", "ID", "ID-[0-9]+")}), patterns);
  const auto b =
      CompilePolicy(PolicyOf("b", {PatternRule("r", "mask", "ID", "ID-[0-9]+")}), patterns);
  EXPECT_EQ(a->rules[0].pattern, b->rules[0].pattern);
  EXPECT_EQ(patterns.size(), 1u);
  EXPECT_NE(a->identity, b->identity);
}

TEST(PoliciesTogetherTest, MorePatternsThanAVocabularyHoldsAreRefusedNotForgotten) {
  std::vector<v1::GuardrailPolicy> all;
  auto first = PolicyOf("a", {}), second = PolicyOf("b", {});
  for (int i = 0; i < 33; ++i) {
    *first.add_rules() = PatternRule("r", "mask", "ID", fmt::format("A{}", i));
    *second.add_rules() = PatternRule("r", "mask", "ID", fmt::format("B{}", i));
  }
  EXPECT_THAT(Together({first, second}).Judge("x"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("64 patterns")));
}

TEST(PoliciesTogetherTest, ListsABoundedNumberOfFindingsAndCountsAll) {
  std::string text;
  for (int i = 0; i < kMostFindings + 5; ++i) text += "a@b.io ";
  const auto judged = Together({PolicyOf("a", {EntityRule("r", "mask", {"EMAIL"})})}).Judge(text);
  ASSERT_THAT(judged, IsOk());
  EXPECT_THAT(judged->response.findings(), SizeIs(kMostFindings));
  EXPECT_THAT(judged->response.edits(), SizeIs(kMostFindings + 5));
  EXPECT_EQ(judged->tally.begin()->second, static_cast<uint64_t>(kMostFindings + 5));
}

}  // namespace
}  // namespace weir::guardrails
