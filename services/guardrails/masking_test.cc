#include "services/guardrails/masking.h"

#include <gtest/gtest.h>

#include "common/text/placeholder.h"
#include "services/guardrails/marked_text_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kText =
    "Ann (ann.lee@example.com, ann.lee@example.com) pays with 4111 1111 1111 1111.";

Treatments All(Action action, bool shadow = false) {
  return Treatments(TestVocabulary().kinds(), {action, shadow});
}

class MaskingTest : public ::testing::Test {
 protected:
  std::string Edited(std::string_view text, const Treatments& treatments) {
    judged_ = JudgeText(text, TestVocabulary(), treatments, replacements_);
    return Apply(text, judged_.edits);
  }
  PlaceholderNumbers numbers_;
  const crypto::Hmac key_{"the organisation's key"};
  Replacements replacements_{TestVocabulary(), numbers_, &key_};
  Judged judged_;
};

struct Case {
  Action action;
  std::string_view want;
};
class ActionTest : public MaskingTest, public ::testing::WithParamInterface<Case> {};

TEST_P(ActionTest, ReplacesEveryValue) {
  EXPECT_EQ(Edited(kText, All(GetParam().action)), GetParam().want);
  EXPECT_THAT(judged_.found, SizeIs(3));
  EXPECT_FALSE(judged_.blocked);
}
INSTANTIATE_TEST_SUITE_P(
    Actions, ActionTest,
    ::testing::ValuesIn<Case>({
        {Action::kFlag, kText},
        {Action::kMask, "Ann ([[EMAIL-1]], [[EMAIL-1]]) pays with [[CARD-1]]."},
        {Action::kTokenize, "Ann ([[EMAIL-1]], [[EMAIL-1]]) pays with [[CARD-1]]."},
        {Action::kRedact, "Ann ([EMAIL], [EMAIL]) pays with [CARD]."},
        {Action::kPartial,
         "Ann (a***e@example.com, a***e@example.com) pays with **** **** **** 1111."},
    }),
    [](const auto& info) { return std::string(NameOf(info.param.action)); });

TEST_F(MaskingTest, AHashIsTheOrganisationsOwn) {
  const std::string ours = Edited("ann@example.com", All(Action::kHash));
  EXPECT_EQ(ours.size(), std::string_view("[EMAIL:0123456789ab]").size());
  EXPECT_EQ(Edited("ann@example.com", All(Action::kHash)), ours);
  const crypto::Hmac other("another key");
  Replacements others(TestVocabulary(), numbers_, &other);
  Replacements none(TestVocabulary(), numbers_, nullptr);
  EXPECT_NE(others.For(Entity::kEmail, "ann@example.com", Action::kHash).text, ours);
  EXPECT_EQ(none.For(Entity::kEmail, "ann@example.com", Action::kHash).text, "[EMAIL]");
}

TEST_F(MaskingTest, PartsTellNoSecret) {
  const auto part = [&](Entity entity, std::string_view value) {
    return replacements_.For(entity, value, Action::kPartial).text;
  };
  EXPECT_EQ(part(Entity::kSecret, "AKIA62QEHUSHRGGRA6UC"), "[SECRET]");
  EXPECT_EQ(part(Entity::kIpAddress, "10.0.0.7"), "[IP]");
  EXPECT_EQ(part(Entity::kPerson, "Ann Lee"), "[PERSON]");
  EXPECT_EQ(part(Entity::kCreditCard, "４１１１１１１１１１１１１２３４"), "************1234");
  EXPECT_EQ(part(Entity::kUsSsn, "541-41-5920"), "***-**-5920");
  EXPECT_EQ(part(Entity::kEmail, "a@b.io"), "a***@b.io");
  EXPECT_EQ(part(Entity::kEmail, "üb@b.io"), "***b@b.io");
}

TEST_F(MaskingTest, WhatIsDisguisedIsReplacedAsItStands) {
  EXPECT_EQ(Edited("an ａｎｎ＠b.io, \u200b41\u200b11 1111 1111 1111.", All(Action::kMask)),
            "an [[EMAIL-1]], \u200b[[CARD-1]].");
  const std::string hash = Edited("ann@b.io", All(Action::kHash));
  EXPECT_EQ(Edited("ａｎｎ＠b.io", All(Action::kHash)), hash);
}

TEST_F(MaskingTest, ABlockIsSaidAndNothingReplaced) {
  EXPECT_EQ(Edited(kText, All(Action::kBlock)), kText);
  EXPECT_TRUE(judged_.blocked);
}

TEST_F(MaskingTest, InShadowNothingHappensButItIsTold) {
  EXPECT_EQ(Edited(kText, All(Action::kBlock, true)), kText);
  EXPECT_FALSE(judged_.blocked);
  ASSERT_THAT(judged_.found, SizeIs(3));
  EXPECT_TRUE(judged_.found[0].shadow);
}

TEST_F(MaskingTest, WhatIsAllowedGoes) {
  Treatments treatments = All(Action::kAllow);
  EXPECT_EQ(Edited(kText, treatments), kText);
  EXPECT_THAT(judged_.found, IsEmpty());
  treatments[static_cast<size_t>(Entity::kCreditCard)].action = Action::kRedact;
  EXPECT_THAT(Edited(kText, treatments), HasSubstr("ann.lee@example.com) pays with [CARD]."));
}

TEST_F(MaskingTest, WhatIsTokenizedComesBack) {
  const std::string masked = Edited(kText, All(Action::kTokenize));
  text::PlaceholderMap values;
  for (const TextEdit& each : judged_.edits) {
    EXPECT_TRUE(each.replacement.restore);
    values.Add(each.replacement.text, std::string(kText.substr(each.offset, each.length)));
  }
  EXPECT_EQ(text::Restorer(values).Feed(masked, true), kText);
}

TEST_F(MaskingTest, PatternsHaveTypesOfTheirOwn) {
  const std::string_view text = "EMP-12 and EMP-77 of project red";
  EXPECT_EQ(Edited(text, All(Action::kMask)), "[[EMPLOYEE-1]] and [[EMPLOYEE-2]] of [[PROJECT-1]]");
  EXPECT_EQ(Edited(text, All(Action::kPartial)), "[EMPLOYEE] and [EMPLOYEE] of [PROJECT]");
}

TEST_F(MaskingTest, ARuleMaySayWhatStandsInAValuesPlace) {
  struct Case {
    std::string_view value, replacement, want;
  };
  for (const Case& each : std::vector<Case>{
           {"4111 1111 1111 1234", "CC_MASKED_LAST4_{last4}", "CC_MASKED_LAST4_1234"},
           {"4111-1111-1111-123-4", "{last4}/{last4}", "1234/1234"},
           {"541-41-5920", "SSN", "SSN"},
           {"541-41-5920", "{last5}", "{last5}"},
           // Half of a short value, never all of it.
           {"ab-cd", "{last4}", "cd"},
           {"x", "<{last4}>", "<>"},
           {"üöä4", "{last4}", ""},
       }) {
    const Treatment treatment{.action = Action::kRedact,
                              .replacement = std::string(each.replacement)};
    EXPECT_EQ(replacements_.For(Entity::kCreditCard, each.value, treatment).text, each.want);
  }
}

TEST_F(MaskingTest, ByDigestsTheNumbersLearnNoValue) {
  Replacements by_digest(TestVocabulary(), numbers_, &key_, Replacements::Numbering::kByDigest);
  EXPECT_EQ(by_digest.For(Entity::kEmail, "a@b.io", Action::kMask).text, "[[EMAIL-1]]");
  EXPECT_EQ(by_digest.For(Entity::kEmail, "a@c.io", Action::kMask).text, "[[EMAIL-2]]");
  EXPECT_EQ(by_digest.For(Entity::kEmail, "a@b.io", Action::kMask).text, "[[EMAIL-1]]");
  for (const auto& [value, number] : numbers_.types().at("EMAIL").given) {
    EXPECT_EQ(value.size(), Replacements::kDigestBytes);
    EXPECT_EQ(value.find("@"), std::string::npos);
  }
}

TEST_F(MaskingTest, OfKindsThatMatchTheSameBytesTheHighestInRankIsFound) {
  Vocabulary vocabulary{.entities = {},
                        .patterns = {{"one", "ONE", *CustomPattern::Compile("[a-z]{4}", {})},
                                     {"two", "TWO", *CustomPattern::Compile("word", {})}},
                        .ranks = std::vector<uint8_t>(kEntities + 2, 0)};
  EXPECT_EQ(FindNext("word", 0, true, vocabulary).kind, Kind::OfPattern(0));
  vocabulary.ranks[Kind::OfPattern(1).index()] = 1;
  EXPECT_EQ(FindNext("word", 0, true, vocabulary).kind, Kind::OfPattern(1));
  EXPECT_EQ(FindNext("four", 0, true, vocabulary).kind, Kind::OfPattern(0));
}

TEST_F(MaskingTest, AKeyGoesWhole) {
  const std::string key = "sk-fQofT9Cqkjh0XOnx8euPT3BlbkFJ" + std::string(300, 'x');
  EXPECT_EQ(Edited("key " + key + " end", All(Action::kRedact)), "key [SECRET] end");
}

TEST(ActionNameTest, IsReadAsItIsWritten) {
  for (int i = 0; i <= static_cast<int>(Action::kBlock); ++i) {
    const auto action = static_cast<Action>(i);
    EXPECT_EQ(ActionNamed(NameOf(action)), action);
  }
  EXPECT_EQ(ActionNamed("explode"), std::nullopt);
}

}  // namespace
}  // namespace weir::guardrails
