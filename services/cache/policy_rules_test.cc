#include "services/cache/policy_rules.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/status/detail.h"
#include "common/time/proto_time.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::cache {
namespace {

using common::v1::Attachment;

v1::CachePolicy Good() {
  v1::CachePolicy policy;
  policy.set_organization("acme");
  policy.set_name("faq");
  return policy;
}

void Attach(v1::CachePolicy& policy, Attachment::Level level, std::string_view subject) {
  Attachment& attachment = *policy.add_attachments();
  attachment.set_level(level);
  attachment.set_subject(std::string(subject));
}

struct RuleCase {
  std::string_view name;
  void (*change)(v1::CachePolicy&);
  std::string_view field;  // That is wrong; empty: none.
};

class PolicyRulesTest : public ::testing::TestWithParam<RuleCase> {};

TEST_P(PolicyRulesTest, SaysWhichFieldIsWrong) {
  v1::CachePolicy policy = Good();
  GetParam().change(policy);
  status::BadFields bad;
  CheckPolicy(policy, bad);
  const absl::Status status = bad.ToStatus();
  if (GetParam().field.empty()) {
    EXPECT_TRUE(status.ok()) << status;
    return;
  }
  const auto detail = status::Detail<common::v1::BadFields>(status);
  ASSERT_TRUE(detail) << status;
  ASSERT_EQ(detail->fields_size(), 1) << status;
  EXPECT_EQ(detail->fields(0).path(), GetParam().field) << status;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PolicyRulesTest,
    ::testing::ValuesIn<RuleCase>({
        {"Least", [](v1::CachePolicy&) {}, ""},
        {"Most",
         [](v1::CachePolicy& p) {
           p.set_threshold(1);
           *p.mutable_ttl() = ToProto(std::chrono::hours(24 * 30));
           p.set_scope(v1::SCOPE_ORGANIZATION);
           p.set_question_path("$.messages[0].content");
           p.set_max_temperature(2);
           p.set_hit_share(1);
           Attach(p, Attachment::LEVEL_ORGANIZATION, "");
           Attach(p, Attachment::LEVEL_KEY, "ci");
           Attach(p, Attachment::LEVEL_TEAM, "ci");
         },
         ""},
        {"NoOrganization", [](v1::CachePolicy& p) { p.clear_organization(); },
         "policy.organization"},
        {"BadName", [](v1::CachePolicy& p) { p.set_name("A b"); }, "policy.name"},
        {"LongName", [](v1::CachePolicy& p) { p.set_name(std::string(64, 'a')); }, "policy.name"},
        {"LowThreshold", [](v1::CachePolicy& p) { p.set_threshold(0.49); }, "policy.threshold"},
        {"HighThreshold", [](v1::CachePolicy& p) { p.set_threshold(1.01); }, "policy.threshold"},
        {"NoNumber",
         [](v1::CachePolicy& p) { p.set_threshold(std::numeric_limits<double>::quiet_NaN()); },
         "policy.threshold"},
        {"ShortTtl",
         [](v1::CachePolicy& p) { *p.mutable_ttl() = ToProto(std::chrono::milliseconds(999)); },
         "policy.ttl"},
        {"LongTtl",
         [](v1::CachePolicy& p) { *p.mutable_ttl() = ToProto(std::chrono::hours(24 * 30 + 1)); },
         "policy.ttl"},
        {"MalformedTtl", [](v1::CachePolicy& p) { p.mutable_ttl()->set_nanos(-5); }, "policy.ttl"},
        {"UnknownScope", [](v1::CachePolicy& p) { p.set_scope(static_cast<v1::Scope>(9)); },
         "policy.scope"},
        {"NoPath", [](v1::CachePolicy& p) { p.set_question_path("messages"); },
         "policy.question_path"},
        {"Hot", [](v1::CachePolicy& p) { p.set_max_temperature(2.1); }, "policy.max_temperature"},
        {"NegativeShare", [](v1::CachePolicy& p) { p.set_hit_share(-0.1); }, "policy.hit_share"},
        {"NoLevel", [](v1::CachePolicy& p) { p.add_attachments(); }, "policy.attachments[0].level"},
        {"NoSubject", [](v1::CachePolicy& p) { Attach(p, Attachment::LEVEL_TEAM, ""); },
         "policy.attachments[0].subject"},
        {"SubjectOfAll",
         [](v1::CachePolicy& p) { Attach(p, Attachment::LEVEL_ORGANIZATION, "acme"); },
         "policy.attachments[0].subject"},
        {"Twice",
         [](v1::CachePolicy& p) {
           Attach(p, Attachment::LEVEL_TEAM, "search");
           Attach(p, Attachment::LEVEL_TEAM, "search");
         },
         "policy.attachments[1]"},
        {"TooMany",
         [](v1::CachePolicy& p) {
           for (int i = 0; i < 65; ++i) Attach(p, Attachment::LEVEL_KEY, fmt::format("k{}", i));
         },
         "policy.attachments"},
    }),
    [](const auto& each) { return std::string(each.param.name); });

TEST(MakesAnswersUselessTest, WhereTheyBelongToOtherQuestions) {
  v1::CachePolicy changed = Good();
  changed.set_threshold(0.8);
  *changed.mutable_ttl() = ToProto(std::chrono::minutes(1));
  changed.set_no_promotion(true);
  EXPECT_FALSE(MakesAnswersUseless(Good(), changed));
  changed.set_question_path("$.input");
  EXPECT_TRUE(MakesAnswersUseless(Good(), changed));
}

}  // namespace
}  // namespace weir::cache
