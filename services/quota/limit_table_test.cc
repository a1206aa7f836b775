#include "services/quota/limit_table.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "services/quota/limits_for_test.h"

namespace weir::quota {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// "name" or "name/subject" of each match.
std::vector<std::string> Names(const LimitMatches& matches) {
  std::vector<std::string> names;
  for (const LimitMatch& each : matches) {
    names.push_back(each.limit->name +
                    (each.subject.empty() ? "" : "/" + std::string(each.subject)));
  }
  return names;
}

TEST(LimitTableTest, MatchesFromTheOrganisationDown) {
  const auto table = TableOf({{.name = "all"},
                              {.name = "team-a", .level = v1::LEVEL_TEAM, .subject = "a"},
                              {.name = "ann", .level = v1::LEVEL_USER, .subject = "ann"},
                              {.name = "gpt", .level = v1::LEVEL_MODEL, .subject = "gpt"}});
  EXPECT_THAT(Names(table->Match(SubjectsOf("ann", "a", "gpt"))),
              ElementsAre("all", "team-a/a", "ann/ann", "gpt/gpt"));
  EXPECT_THAT(Names(table->Match(SubjectsOf("bob", "b", "gpt"))), ElementsAre("all", "gpt/gpt"));
  EXPECT_THAT(Names(table->Match(SubjectsOf(""))), ElementsAre("all"));
}

TEST(LimitTableTest, EveryLevelHasItsSubject) {
  v1::Subjects subjects;
  subjects.set_organization("acme");
  subjects.set_team("t");
  subjects.set_user("u");
  subjects.set_key_name("k");
  subjects.set_key_public_id("not a name");
  subjects.set_proxy("x");
  subjects.set_provider("p");
  subjects.set_model("m");
  const auto table = TableOf({{.name = "1", .level = v1::LEVEL_TEAM, .subject = "*"},
                              {.name = "2", .level = v1::LEVEL_USER, .subject = "*"},
                              {.name = "3", .level = v1::LEVEL_KEY, .subject = "*"},
                              {.name = "4", .level = v1::LEVEL_PROVIDER, .subject = "*"},
                              {.name = "5", .level = v1::LEVEL_MODEL, .subject = "*"},
                              {.name = "6", .level = v1::LEVEL_PROXY, .subject = "*"}});
  EXPECT_THAT(Names(table->Match(subjects)),
              UnorderedElementsAre("1/t", "2/u", "3/k", "4/p", "5/m", "6/x"));
}

TEST(LimitTableTest, OrganisationsDoNotSeeEachOthersLimits) {
  const auto table = TableOf({{.name = "ours"}, {.name = "theirs", .organization = "other"}});
  EXPECT_THAT(Names(table->Match(SubjectsOf("ann"))), ElementsAre("ours"));
  v1::Subjects unknown;
  unknown.set_organization("nobody");
  EXPECT_THAT(table->Match(unknown), IsEmpty());
}

TEST(LimitTableTest, ADefaultAppliesWhereThereIsNoOwnLimitOfItsUnit) {
  const auto table = TableOf(
      {{.name = "each", .level = v1::LEVEL_USER, .subject = "*"},
       {.name = "each-requests", .level = v1::LEVEL_USER, .subject = "*", .unit = kRequests},
       {.name = "ann", .level = v1::LEVEL_USER, .subject = "ann"},
       {.name = "team-ann", .level = v1::LEVEL_TEAM, .subject = "ann"}});
  EXPECT_THAT(Names(table->Match(SubjectsOf("ann"))), ElementsAre("ann/ann", "each-requests/ann"));
  EXPECT_THAT(Names(table->Match(SubjectsOf("bob"))), ElementsAre("each/bob", "each-requests/bob"));
}

TEST(LimitTableTest, SeveralLimitsOfOneUnitApplyTogether) {
  const auto table = TableOf({{.name = "day", .level = v1::LEVEL_USER, .subject = "ann"},
                              {.name = "minute", .level = v1::LEVEL_USER, .subject = "ann"}});
  EXPECT_THAT(Names(table->Match(SubjectsOf("ann"))), ElementsAre("day/ann", "minute/ann"));
}

// What the table says of every subject of a small world, and of itself.
std::vector<std::string> Everything(const LimitTable& table) {
  std::vector<std::string> lines;
  for (const char* user : {"", "ann", "bob", "eve"}) {
    for (const char* team : {"", "a", "b"}) {
      std::string line = fmt::format("{}/{}:", user, team);
      for (const LimitMatch& each : table.Match(SubjectsOf(user, team))) {
        line += fmt::format(" {}={}", each.limit->name, each.limit->rule.count);
      }
      lines.push_back(line);
    }
  }
  for (const LimitPtr& each : table.All()) {
    lines.push_back(fmt::format("{}.{}", each->organization, each->name));
  }
  return lines;
}

TEST(LimitTableTest, ManySmallChangesMakeTheTableThatIsBuiltAtOnce) {
  std::mt19937 random(1);
  const auto pick = [&random](auto... of) {
    const std::array all{of...};
    return all[random() % all.size()];
  };
  std::map<std::string, StoredLimit> limits;
  const auto built = [&limits] {
    std::vector<StoredLimit> all;
    for (const auto& [name, each] : limits) all.push_back(each);
    return LimitTable::Build(all);
  };
  std::shared_ptr<const LimitTable> table = built();
  for (int i = 0; i < 2000; ++i) {
    const std::string name = fmt::format("limit-{}", random() % 12);
    std::optional<StoredLimit> before;
    if (const auto found = limits.find(name); found != limits.end()) before = found->second;
    std::optional<StoredLimit> after;
    if (!before || random() % 3 > 0) {
      const v1::Level level = pick(v1::LEVEL_ORGANIZATION, v1::LEVEL_USER, v1::LEVEL_TEAM);
      const char* subject = level == v1::LEVEL_USER ? pick("*", "ann", "bob") : pick("*", "a", "b");
      const LimitSpec spec{.name = name,
                           .level = level,
                           .subject = level == v1::LEVEL_ORGANIZATION ? "" : subject,
                           .unit = pick(kTokens, kRequests),
                           .count = i};
      after = StoredLimit{.limit = LimitOf(spec)};
    }
    const std::shared_ptr<const LimitTable> old = table;
    const std::vector<std::string> old_says = Everything(*old);
    table = old->With(before, after);
    if (after) {
      limits[name] = *after;
    } else {
      limits.erase(name);
    }
    ASSERT_EQ(Everything(*table), Everything(*built())) << "after change " << i;
    ASSERT_EQ(Everything(*old), old_says) << "changed by what came after it";
  }
}

struct EnforcementCase {
  std::string_view name;
  LimitSpec spec;
  Enforcement want;
};
class EnforcementTest : public ::testing::TestWithParam<EnforcementCase> {};

TEST_P(EnforcementTest, DefaultsByUnitAndPeriod) {
  EXPECT_EQ(Compile(LimitOf(GetParam().spec), 0)->enforcement, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, EnforcementTest,
    ::testing::ValuesIn<EnforcementCase>({
        {"TokensADay", {.period_s = 86'400}, Enforcement::kStrict},
        {"TokensAMonth", {.period_s = 30 * 86'400}, Enforcement::kStrict},
        {"TokensAnHour", {.period_s = 3'600}, Enforcement::kAdaptive},
        {"TokensInABucket",
         {.period_s = 86'400, .kind = CountingRule::Kind::kTokenBucket},
         Enforcement::kAdaptive},
        {"RequestsAreExact", {.unit = kRequests}, Enforcement::kStrict},
        {"RequestsAreExactWhateverIsAsked",
         {.unit = kRequests, .enforcement = v1::ENFORCEMENT_ADAPTIVE},
         Enforcement::kStrict},
        {"RequestsMayBeObserved",
         {.unit = kRequests, .enforcement = v1::ENFORCEMENT_OBSERVE},
         Enforcement::kObserve},
        {"StrictAMinute", {.enforcement = v1::ENFORCEMENT_STRICT}, Enforcement::kStrict},
        {"AdaptiveADay",
         {.period_s = 86'400, .enforcement = v1::ENFORCEMENT_ADAPTIVE},
         Enforcement::kAdaptive},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CompileTest, ABucketsBurstIsItsCountWhereUnset) {
  const LimitSpec spec{.count = 5, .kind = CountingRule::Kind::kTokenBucket};
  EXPECT_EQ(Compile(LimitOf(spec), 0)->rule.capacity, 5);
  LimitSpec bursty = spec;
  bursty.burst = 10;
  EXPECT_EQ(Compile(LimitOf(bursty), 0)->rule.capacity, 10);
  EXPECT_EQ(Compile(LimitOf(bursty), 0)->rule.count, 5);
}

}  // namespace
}  // namespace weir::quota
