#include "services/quota/quota_admin.h"

#include <gmock/gmock.h>

#include "services/quota/quota_for_test.h"

namespace weir::quota {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class QuotaAdminTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::PutLimitResponse> Put(const v1::Limit& limit, bool validate_only = false) {
    v1::PutLimitRequest request;
    *request.mutable_limit() = limit;
    request.set_validate_only(validate_only);
    return admin_.PutLimit(call_, request);
  }
  absl::Status Delete(const std::string& name) {
    v1::DeleteLimitRequest request;
    request.set_organization("acme");
    request.set_name(name);
    return admin_.DeleteLimit(call_, request).status();
  }
  absl::StatusOr<v1::QueryUsageResponse> Usage(
      const std::vector<std::string>& group_by = {},
      const std::map<std::string, std::string>& filter = {}) {
    v1::QueryUsageRequest request;
    request.set_organization("acme");
    for (const std::string& each : group_by) request.add_group_by(each);
    for (const auto& [field, value] : filter) (*request.mutable_filter())[field] = value;
    return admin_.QueryUsage(call_, request);
  }

  const api::AdminCall call_{.actor = "test", .role = common::v1::ROLE_EDITOR};
  QuotaForTest quota_;
  QuotaAdmin admin_{{.store = quota_.store,
                     .limits = quota_.limits,
                     .ledger = quota_.ledger,
                     .quota = quota_.service(),
                     .clock = quota_.clock}};
};

// The paths of all bad fields.
template <typename T>
std::vector<std::string> BadPaths(const absl::StatusOr<T>& result) {
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument));
  std::vector<std::string> paths;
  const auto detail = status::Detail<common::v1::BadFields>(result.status());
  if (!detail) return paths;
  for (const auto& each : detail->fields()) paths.push_back(each.path());
  return paths;
}

TEST_F(QuotaAdminTest, APutLimitIsEnforcedAtOnce) {
  const auto put = Put(LimitOf({.name = "five", .unit = kRequests, .count = 1}));
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(put->changed());
  EXPECT_EQ(put->limit().name(), "five");
  ASSERT_THAT(quota_.Reserve(quota_.Ask(1, 10, 10)), IsOk());
  EXPECT_THAT(quota_.Reserve(quota_.Ask(2, 10, 10)),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(QuotaAdminTest, PuttingTheSameAgainChangesNothing) {
  ASSERT_THAT(Put(LimitOf({.name = "five"})), IsOk());
  const auto again = Put(LimitOf({.name = "five"}));
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->changed());
  EXPECT_EQ(*quota_.store.Sequence(), 1);
}

TEST_F(QuotaAdminTest, ValidateOnlyChangesNothing) {
  const auto would = Put(LimitOf({.name = "five"}), true);
  ASSERT_THAT(would, IsOk());
  EXPECT_TRUE(would->changed());
  EXPECT_EQ(*quota_.store.Sequence(), 0);
  EXPECT_TRUE(quota_.States().empty());
}

TEST_F(QuotaAdminTest, CountersGoOnWhereUnitLevelAndSubjectStay) {
  LimitSpec spec{.name = "five", .unit = kRequests, .count = 5};
  ASSERT_THAT(Put(LimitOf(spec)), IsOk());
  ASSERT_THAT(quota_.Reserve(quota_.Ask(1, 10, 10)), IsOk());
  quota_.clock.Advance(std::chrono::seconds(1));
  spec.count = 3;
  ASSERT_THAT(Put(LimitOf(spec)), IsOk());
  EXPECT_EQ(quota_.Remaining("five"), 2);
  spec.level = v1::LEVEL_USER;
  spec.subject = "ann";
  ASSERT_THAT(Put(LimitOf(spec)), IsOk());
  EXPECT_EQ(quota_.Remaining("five"), 3);
}

TEST_F(QuotaAdminTest, DeletingRemovesTheLimitWithItsCounters) {
  const LimitSpec spec{.name = "five", .unit = kRequests, .count = 5};
  ASSERT_THAT(Put(LimitOf(spec)), IsOk());
  ASSERT_THAT(quota_.Reserve(quota_.Ask(1, 10, 10)), IsOk());
  EXPECT_THAT(Delete("five"), IsOk());
  EXPECT_EQ(quota_.Remaining("five"), -1);
  EXPECT_THAT(Delete("five"), StatusIs(absl::StatusCode::kNotFound));
  quota_.clock.Advance(std::chrono::seconds(1));
  ASSERT_THAT(Put(LimitOf(spec)), IsOk());
  EXPECT_EQ(quota_.Remaining("five"), 5);
}

struct BadLimitCase {
  std::string_view name;
  std::function<void(v1::Limit&)> spoil;
  std::string_view want_path;
};
class BadLimitTest : public QuotaAdminTest, public ::testing::WithParamInterface<BadLimitCase> {};

TEST_P(BadLimitTest, IsNamed) {
  v1::Limit limit = LimitOf({.name = "good", .level = v1::LEVEL_USER, .subject = "*"});
  ASSERT_THAT(Put(limit, true), IsOk());
  GetParam().spoil(limit);
  EXPECT_THAT(BadPaths(Put(limit, true)), ElementsAre(std::string(GetParam().want_path)));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, BadLimitTest,
    ::testing::ValuesIn<BadLimitCase>({
        {"NoOrganization", [](auto& l) { l.clear_organization(); }, "limit.organization"},
        {"NoName", [](auto& l) { l.clear_name(); }, "limit.name"},
        {"UpperCaseName", [](auto& l) { l.set_name("Day"); }, "limit.name"},
        {"LongName", [](auto& l) { l.set_name(std::string(64, 'a')); }, "limit.name"},
        {"NoLevel", [](auto& l) { l.clear_level(); }, "limit.level"},
        {"UnknownLevel", [](auto& l) { l.set_level(static_cast<v1::Level>(99)); }, "limit.level"},
        {"NoSubject", [](auto& l) { l.clear_subject(); }, "limit.subject"},
        {"SubjectOfAnOrganization", [](auto& l) { l.set_level(v1::LEVEL_ORGANIZATION); },
         "limit.subject"},
        {"NoUnit", [](auto& l) { l.clear_unit(); }, "limit.unit"},
        {"NegativeCount", [](auto& l) { l.set_count(-1); }, "limit.count"},
        {"HugeCount", [](auto& l) { l.set_count(kMaxAmount + 1); }, "limit.count"},
        {"NoAlgorithm", [](auto& l) { l.clear_algorithm(); }, "limit.algorithm"},
        {"NoPeriod", [](auto& l) { l.mutable_fixed_window()->clear_period(); },
         "limit.fixed_window.period"},
        {"ShortPeriod",
         [](auto& l) {
           l.mutable_fixed_window()->mutable_period()->set_seconds(0);
           l.mutable_fixed_window()->mutable_period()->set_nanos(999'999'999);
         },
         "limit.fixed_window.period"},
        {"LongPeriod",
         [](auto& l) { l.mutable_fixed_window()->mutable_period()->set_seconds(366 * 86'400 + 1); },
         "limit.fixed_window.period"},
        {"UnknownAnchor",
         [](auto& l) {
           l.mutable_fixed_window()->set_anchor(static_cast<v1::FixedWindow::Anchor>(9));
         },
         "limit.fixed_window.anchor"},
        {"NegativeBurst",
         [](auto& l) {
           l.mutable_token_bucket()->mutable_period()->set_seconds(1);
           l.mutable_token_bucket()->set_burst(-1);
         },
         "limit.token_bucket.burst"},
        {"UnknownEnforcement", [](auto& l) { l.set_enforcement(static_cast<v1::Enforcement>(9)); },
         "limit.enforcement"},
        {"LongContact", [](auto& l) { l.set_contact(std::string(201, 'a')); }, "limit.contact"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(QuotaAdminTest, EveryBadFieldIsNamedAtOnce) {
  EXPECT_THAT(BadPaths(Put(v1::Limit())),
              ElementsAre("limit.organization", "limit.name", "limit.level", "limit.unit",
                          "limit.algorithm"));
}

TEST_F(QuotaAdminTest, ListsInPages) {
  for (const char* name : {"c", "a", "b"}) ASSERT_THAT(Put(LimitOf({.name = name})), IsOk());
  v1::ListLimitsRequest request;
  request.set_organization("acme");
  request.set_page_size(2);
  const auto first = admin_.ListLimits(call_, request);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->limits_size(), 2);
  EXPECT_EQ(first->limits(0).name(), "a");
  request.set_page_token(first->next_page_token());
  const auto second = admin_.ListLimits(call_, request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->limits_size(), 1);
  EXPECT_EQ(second->limits(0).name(), "c");
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(QuotaAdminTest, BadPagesAreNamed) {
  v1::ListLimitsRequest request;
  request.set_page_size(1001);
  request.set_page_token("%%%");
  EXPECT_THAT(BadPaths(admin_.ListLimits(call_, request)),
              ElementsAre("organization", "page_size", "page_token"));
}

TEST_F(QuotaAdminTest, GetsTheStatesOfACaller) {
  ASSERT_THAT(Put(LimitOf({.name = "five",
                           .level = v1::LEVEL_USER,
                           .subject = "*",
                           .unit = kRequests,
                           .count = 5})),
              IsOk());
  ASSERT_THAT(quota_.Reserve(quota_.Ask(1, 10, 10)), IsOk());
  v1::GetLimitStatesRequest request;
  *request.mutable_subjects() = SubjectsOf("ann");
  const auto states = admin_.GetLimitStates(call_, request);
  ASSERT_THAT(states, IsOk());
  ASSERT_EQ(states->states_size(), 1);
  EXPECT_EQ(states->states(0).remaining(), 4);
  request.mutable_subjects()->clear_user();
  EXPECT_EQ(admin_.GetLimitStates(call_, request)->states_size(), 0);
  EXPECT_THAT(BadPaths(admin_.GetLimitStates(call_, {})), ElementsAre("subjects.organization"));
}

TEST_F(QuotaAdminTest, SumsUsage) {
  ASSERT_THAT(quota_.Settle(quota_.Spent(1, 10, 20)), IsOk());
  auto other = quota_.Spent(2, 100, 0);
  other.mutable_subjects()->set_team("blue");
  other.set_estimated(true);
  ASSERT_THAT(quota_.Settle(other), IsOk());

  const auto all = Usage();
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->rows_size(), 1);
  EXPECT_EQ(all->rows(0).requests(), 2);
  EXPECT_EQ(all->rows(0).attempts(), 2);
  EXPECT_EQ(all->rows(0).estimated_attempts(), 1);
  EXPECT_EQ(all->rows(0).total_tokens(), 130);
  EXPECT_EQ(all->rows(0).usage().input_uncached_tokens(), 110);
  EXPECT_TRUE(all->rows(0).group().empty());
  EXPECT_FALSE(all->truncated());

  const auto teams = Usage({"team", "model"});
  ASSERT_EQ(teams->rows_size(), 2);
  EXPECT_EQ(teams->rows(0).group().at("team"), "blue");
  EXPECT_EQ(teams->rows(0).group().at("model"), "gpt");
  EXPECT_EQ(teams->rows(1).total_tokens(), 30);

  const auto red = Usage({}, {{"team", "red"}});
  ASSERT_EQ(red->rows_size(), 1);
  EXPECT_EQ(red->rows(0).total_tokens(), 30);
  EXPECT_EQ(Usage({}, {{"team", "green"}})->rows_size(), 0);
}

TEST_F(QuotaAdminTest, UsageIsOfTodayUnlessTimesAreGiven) {
  ASSERT_THAT(quota_.Settle(quota_.Spent(1, 10, 20)), IsOk());
  quota_.clock.Advance(std::chrono::hours(14));  // Midnight.
  ASSERT_THAT(quota_.Settle(quota_.Spent(2, 1, 0)), IsOk());
  EXPECT_EQ(Usage()->rows(0).total_tokens(), 1);
  v1::QueryUsageRequest request;
  request.set_organization("acme");
  request.mutable_from()->set_seconds(1'763'719'200);
  EXPECT_EQ(admin_.QueryUsage(call_, request)->rows(0).total_tokens(), 31);
  request.mutable_to()->set_seconds(1'763'719'201);
  EXPECT_EQ(admin_.QueryUsage(call_, request)->rows(0).total_tokens(), 30);
}

TEST_F(QuotaAdminTest, BadUsageQueriesAreNamed) {
  v1::QueryUsageRequest request;
  request.mutable_from()->set_seconds(100);
  request.mutable_to()->set_seconds(100);
  request.add_group_by("team");
  request.add_group_by("team; DROP TABLE quota_ledger");
  (*request.mutable_filter())["organization"] = "other";
  const auto refused = admin_.QueryUsage(call_, request);
  EXPECT_THAT(BadPaths(refused),
              UnorderedElementsAre("organization", "from", "group_by[1]", "filter"));
}

TEST_F(QuotaAdminTest, AnswersAtMostTenThousandRows) {
  std::vector<LedgerRow> rows(10'001);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    rows[i].id = IdOf(i);
    rows[i].organization = "acme";
    rows[i].user = fmt::format("user-{}", i);
    rows[i].settled_at_us = ToUnixMicros(quota_.clock.Now());
  }
  ASSERT_THAT(quota_.ledger.Append(rows), IsOk());
  const auto usage = Usage({"user"});
  ASSERT_THAT(usage, IsOk());
  EXPECT_EQ(usage->rows_size(), 10'000);
  EXPECT_TRUE(usage->truncated());
}

TEST(LiveLimitsTest, FollowsChangesOfTheStore) {
  MemoryLimitStore store;
  LiveLimits limits;
  EXPECT_TRUE(limits.Current()->All().empty());
  ASSERT_THAT(store.Put({.limit = LimitOf({.name = "day"})}), IsOk());
  ASSERT_THAT(limits.Follow(store), IsOk());
  const auto first = limits.Current();
  EXPECT_EQ(first->All().size(), 1u);
  ASSERT_THAT(limits.Follow(store), IsOk());
  EXPECT_EQ(limits.Current(), first) << "nothing has changed";
  ASSERT_THAT(store.Delete("acme", "day"), IsOk());
  ASSERT_THAT(limits.Follow(store), IsOk());
  EXPECT_TRUE(limits.Current()->All().empty());
  EXPECT_EQ(first->All().size(), 1u) << "a snapshot stays as it is";
}

TEST(LiveLimitsTest, FollowsAStoreThatWasPutBack) {
  MemoryLimitStore store;
  for (const char* each : {"day", "week", "month"}) {
    ASSERT_THAT(store.Put({.limit = LimitOf({.name = each})}), IsOk());
  }
  LiveLimits limits;
  ASSERT_THAT(limits.Follow(store), IsOk());
  EXPECT_EQ(limits.Current()->All().size(), 3u);
  MemoryLimitStore before;
  ASSERT_THAT(before.Put({.limit = LimitOf({.name = "day"})}), IsOk());
  ASSERT_THAT(limits.Follow(before), IsOk());
  EXPECT_EQ(limits.Current()->All().size(), 1u);
  ASSERT_THAT(before.Put({.limit = LimitOf({.name = "hour"})}), IsOk());
  ASSERT_THAT(limits.Follow(before), IsOk());
  EXPECT_EQ(limits.Current()->All().size(), 2u);
}

// Counts how often all limits are read.
class CountingStore final : public LimitStore {
 public:
  absl::StatusOr<bool> Put(const StoredLimit& limit) override { return inner_.Put(limit); }
  absl::Status Delete(std::string_view organization, std::string_view name) override {
    return inner_.Delete(organization, name);
  }
  absl::StatusOr<std::optional<StoredLimit>> Get(std::string_view organization,
                                                 std::string_view name) override {
    return inner_.Get(organization, name);
  }
  absl::StatusOr<std::vector<StoredLimit>> List(std::string_view organization,
                                                std::string_view after_name, int max) override {
    return inner_.List(organization, after_name, max);
  }
  absl::StatusOr<Snapshot> All() override {
    ++loads;
    return inner_.All();
  }
  absl::StatusOr<int64_t> Sequence() override { return inner_.Sequence(); }

  int loads = 0;

 private:
  MemoryLimitStore inner_;
};

TEST(LiveLimitsTest, TakesOverItsOwnChangeWithoutReadingAllLimits) {
  CountingStore store;
  LiveLimits limits;
  const StoredLimit day{.limit = LimitOf({.name = "day", .count = 5})};
  ASSERT_THAT(store.Put(day), IsOk());
  ASSERT_THAT(limits.Change(store, std::nullopt, day), IsOk());
  ASSERT_EQ(limits.Current()->All().size(), 1u);
  const StoredLimit larger{.limit = LimitOf({.name = "day", .count = 7})};
  ASSERT_THAT(store.Put(larger), IsOk());
  ASSERT_THAT(limits.Change(store, day, larger), IsOk());
  ASSERT_EQ(limits.Current()->All().size(), 1u);
  EXPECT_EQ(limits.Current()->All().front()->rule.count, 7);
  ASSERT_THAT(store.Delete("acme", "day"), IsOk());
  ASSERT_THAT(limits.Change(store, larger, std::nullopt), IsOk());
  EXPECT_TRUE(limits.Current()->All().empty());
  EXPECT_EQ(store.loads, 0);
}

TEST(LiveLimitsTest, AChangeThatItDoesNotKnowOfIsReadAsWell) {
  CountingStore store;
  LiveLimits limits;
  const StoredLimit ours{.limit = LimitOf({.name = "ours"})};
  ASSERT_THAT(store.Put({.limit = LimitOf({.name = "theirs"})}), IsOk());
  ASSERT_THAT(store.Put(ours), IsOk());
  ASSERT_THAT(limits.Change(store, std::nullopt, ours), IsOk());
  EXPECT_EQ(limits.Current()->All().size(), 2u);
  EXPECT_EQ(store.loads, 1);
}

}  // namespace
}  // namespace weir::quota
