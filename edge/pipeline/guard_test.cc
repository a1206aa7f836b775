#include "edge/pipeline/guard.h"

#include <gtest/gtest.h>

#include "common/status/detail.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/fake_guardrails.h"

namespace weir::edge {
namespace {

using guardrails::v1::PolicyEntry;
using ::testing::_;
using ::testing::ElementsAre;
using testing::FakeGuardrails;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

PolicyEntry Entry(std::string_view name, bool requests, bool responses, bool fail_open,
                  std::vector<std::string> paths = {}) {
  PolicyEntry entry;
  entry.set_organization("acme");
  entry.set_name(std::string(name));
  entry.set_requests(requests);
  entry.set_responses(responses);
  entry.set_fail_open(fail_open);
  for (const std::string& each : paths) entry.add_json_paths(each);
  return entry;
}

class GuardTest : public ::testing::Test {
 protected:
  absl::StatusOr<Guarded> JudgeRequest(const std::vector<PolicyEntry>& entries,
                                       std::string_view body) {
    return RunUntilDone(guard_.JudgeRequest(
        {}, std::make_shared<const GuardPolicies>(GuardPolicies::ForRequests(Pointers(entries))),
        body));
  }
  absl::StatusOr<Guarded> JudgeAnswer(const std::vector<PolicyEntry>& entries,
                                      std::string_view body) {
    return RunUntilDone(guard_.JudgeAnswer(
        {}, std::make_shared<const GuardPolicies>(GuardPolicies::ForAnswers(Pointers(entries))),
        body, {{"EMAIL", 4}}));
  }
  static GuardPolicies::Entries Pointers(const std::vector<PolicyEntry>& entries) {
    GuardPolicies::Entries pointers;
    for (const PolicyEntry& each : entries) pointers.push_back(&each);
    return pointers;
  }
  std::vector<std::string> Asked() const {
    std::vector<std::string> parts;
    for (const auto& each : service_.asked.at(0).parts()) parts.push_back(each.path());
    return parts;
  }

  FakeGuardrails service_;
  Guard guard_{{service_}};
};

const PolicyEntry kBoth = Entry("both", true, true, false);

constexpr std::string_view kRequest =
    R"({"model":"m","messages":[{"role":"system","content":"Be kind."},)"
    R"({"role":"user","content":"Mail ann@x.test and bob@x.test, then ann@x.test!"}],"user":"u-1"})";

TEST_F(GuardTest, NobodyIsAskedWithoutPolicies) {
  const auto judged = JudgeRequest({Entry("answers", false, true, false)}, kRequest);
  ASSERT_THAT(judged, IsOk());
  EXPECT_FALSE(judged->edited);
  EXPECT_TRUE(service_.asked.empty());
}

TEST_F(GuardTest, ARequestGoesWithItsEdits) {
  const auto judged = JudgeRequest({kBoth}, kRequest);
  ASSERT_THAT(judged, IsOk());
  EXPECT_EQ(
      judged->edited,
      R"({"model":"m","messages":[{"role":"system","content":"Be kind."},)"
      R"({"role":"user","content":"Mail [[EMAIL-1]] and [[EMAIL-2]], then [[EMAIL-1]]!"}],"user":"u-1"})");
  EXPECT_EQ(*judged->values.Find("[[EMAIL-1]]"), "ann@x.test");
  EXPECT_EQ(*judged->values.Find("[[EMAIL-2]]"), "bob@x.test");
  EXPECT_THAT(judged->numbers_taken, ElementsAre(Pair("EMAIL", 2)));
  EXPECT_EQ(judged->policy_version, 7U);
}

TEST_F(GuardTest, OneCallSaysWhatIsAsked) {
  ASSERT_THAT(JudgeRequest({Entry("a", true, false, false), Entry("no", false, true, false), kBoth},
                           kRequest),
              IsOk());
  ASSERT_EQ(service_.asked.size(), 1U);
  const auto& asked = service_.asked[0];
  EXPECT_EQ(asked.organization(), "acme");
  EXPECT_THAT(asked.policies(), ElementsAre("a", "both"));
  EXPECT_EQ(asked.direction(), guardrails::v1::DIRECTION_REQUEST);
  EXPECT_THAT(Asked(), ElementsAre("$.messages[0].content", "$.messages[1].content", "$.user"));
  EXPECT_EQ(asked.parts(0).role(), "system");
}

TEST_F(GuardTest, OnlyWhatPoliciesLookAtIsSent) {
  ASSERT_THAT(JudgeRequest({Entry("last", true, false, false, {"$.messages[-1].content"}),
                            Entry("user", true, false, false, {"$.user"})},
                           kRequest),
              IsOk());
  EXPECT_THAT(Asked(), ElementsAre("$.messages[1].content", "$.user"));
}

TEST_F(GuardTest, APolicyWithoutPathsLooksAtEverything) {
  ASSERT_THAT(JudgeRequest({Entry("user", true, false, false, {"$.user"}), kBoth}, kRequest),
              IsOk());
  EXPECT_EQ(Asked().size(), 3U);
}

TEST_F(GuardTest, APathThatIsNotUnderstoodIsEverything) {
  ASSERT_THAT(JudgeRequest({Entry("new", true, false, false, {"$.user", "$.a[?(@.b)]"})}, kRequest),
              IsOk());
  EXPECT_EQ(Asked().size(), 3U);
}

TEST_F(GuardTest, NobodyIsAskedAboutNothing) {
  ASSERT_THAT(JudgeRequest({Entry("x", true, false, false, {"$.metadata"})}, kRequest), IsOk());
  EXPECT_TRUE(service_.asked.empty());
}

TEST_F(GuardTest, ABlockNamesItsRuleAndNoShadow) {
  const auto judged = JudgeRequest({kBoth}, R"({"input":"forbidden"})");
  ASSERT_THAT(judged, StatusIs(absl::StatusCode::kPermissionDenied,
                               HasSubstr("policy \"words\" does not let this request pass")));
  const auto denial = status::Detail<common::v1::PolicyDenial>(judged.status());
  ASSERT_TRUE(denial);
  EXPECT_EQ(denial->policy(), "words");
  EXPECT_EQ(denial->rule(), "no forbidden ones");
}

TEST_F(GuardTest, WhereNobodyCanBeAskedNothingGoes) {
  service_.failure = status::DeadlineExceeded("ann@x.test");
  EXPECT_THAT(JudgeRequest({kBoth, Entry("open", true, true, true)}, kRequest),
              StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("ann@"))));
  EXPECT_THAT(JudgeAnswer({kBoth}, R"({"choices":[{"text":"a"}]})"),
              StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("ann@"))));
}

TEST_F(GuardTest, WhereAllLetGoItGoes) {
  service_.failure = status::Unavailable("out");
  const auto judged = JudgeRequest({Entry("open", true, true, true)}, kRequest);
  ASSERT_THAT(judged, IsOk());
  EXPECT_TRUE(judged->unasked);
  EXPECT_FALSE(judged->edited);
  const auto answer = JudgeAnswer({Entry("open", true, true, true)},
                                  R"({"choices":[{"text":"a","logprobs":{"tokens":["a"]}}]})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->edited, R"({"choices":[{"text":"a","logprobs":null}]})");
}

TEST_F(GuardTest, ABlockIsNoFailure) {
  EXPECT_THAT(JudgeRequest({Entry("open", true, true, true)}, R"({"input":"forbidden"})"),
              StatusIs(absl::StatusCode::kPermissionDenied, _));
}

TEST_F(GuardTest, AnAnswerThatMakesNoSenseIsAFailure) {
  service_.answer.emplace();
  EXPECT_THAT(JudgeRequest({kBoth}, kRequest), StatusIs(absl::StatusCode::kUnavailable, _));
  service_.answer->set_verdict(guardrails::v1::VERDICT_EDIT);
  service_.answer->add_edits()->set_length(1000);
  EXPECT_THAT(JudgeRequest({kBoth}, kRequest), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(GuardTest, WhatNoCacheMayKeepIsTold) {
  service_.answer.emplace();
  service_.answer->set_verdict(guardrails::v1::VERDICT_ALLOW);
  service_.answer->set_never_cache(true);
  const auto judged = JudgeRequest({kBoth}, kRequest);
  ASSERT_THAT(judged, IsOk());
  EXPECT_TRUE(judged->never_cache);
  EXPECT_FALSE(judged->edited);
}

TEST_F(GuardTest, AnAnswerIsMaskedAndHasNoLogprobs) {
  const auto judged = JudgeAnswer(
      {kBoth},
      R"({"choices":[{"message":{"role":"assistant","content":"to ann@x.test"},"logprobs":{"content":[]}}]})");
  ASSERT_THAT(judged, IsOk());
  EXPECT_EQ(
      judged->edited,
      R"({"choices":[{"message":{"role":"assistant","content":"to [EMAIL]"},"logprobs":null}]})");
  EXPECT_EQ(service_.asked[0].direction(), guardrails::v1::DIRECTION_RESPONSE);
  EXPECT_EQ(service_.asked[0].numbers_taken().at("EMAIL"), 4U);
}

TEST_F(GuardTest, AnUntouchedAnswerGoesAsItCame) {
  const auto judged = JudgeAnswer({kBoth}, R"({"choices":[{"text":"a","logprobs":null}]})");
  ASSERT_THAT(judged, IsOk());
  EXPECT_FALSE(judged->edited);
}

TEST_F(GuardTest, WhatCannotBeReadIsRefused) {
  EXPECT_THAT(JudgeRequest({kBoth}, "[\"ann@x.test"),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("ann@"))));
  EXPECT_THAT(JudgeAnswer({Entry("open", true, true, true)}, "ann@x.test"),
              StatusIs(absl::StatusCode::kDataLoss, Not(HasSubstr("ann@"))));
}

TEST(RestoreAnswerTest, PutsValuesBack) {
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "ann@x.test");
  const auto restored = RestoreAnswer(R"({"choices":[{"text":"to [[EMAIL-1]]"}]})", values);
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(*restored, R"({"choices":[{"text":"to ann@x.test"}]})");
  EXPECT_THAT(RestoreAnswer("{", values), StatusIs(absl::StatusCode::kDataLoss, _));
}

}  // namespace
}  // namespace weir::edge
