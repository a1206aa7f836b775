#include <gtest/gtest.h>

#include <list>
#include <random>

#include "services/quota/leasing_quota_for_test.h"

namespace weir::quota {
namespace {

// I1, I2, I9: whatever the edges do, use and holds stay within a strict limit while estimates are
// true bounds; and what remains in the end is what was spent, once.
class LeasesNeverOverspendTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(LeasesNeverOverspendTest, I9_LeasesStayInsideTheLimitsAndAddUp) {
  std::mt19937 random(GetParam());
  const int64_t capacity = 20'000;
  QuotaForTest quota(
      {{.name = "tokens",
        .count = capacity,
        .period_s = 10 * 86'400,
        .enforcement = v1::ENFORCEMENT_STRICT},
       {.name = "requests", .unit = kRequests, .count = 700, .period_s = 10 * 86'400}});
  testing::FakeTimers timers(quota.clock);
  testing::SeededRandom ids(GetParam());
  std::list<EdgeForTest> edges;
  for (int i = 0; i < 3; ++i) edges.emplace_back(quota, timers, ids, fmt::format("edge-{}", i));
  struct Open {
    EdgeForTest* edge;
    v1::SettleRequest settle;
  };
  std::vector<Open> open;
  int64_t spent = 0, requests = 0;
  uint32_t number = 0;
  const auto table = quota.limits.Current();
  const v1::Subjects subjects = SubjectsOf("ann");
  const auto standing = [&](size_t i) {
    return (*quota.Run(quota.running->windows.Peek(table->Match(subjects))))[i].standing;
  };
  const auto settle_one = [&] {
    const size_t index = random() % open.size();
    Open each = std::move(open[index]);
    open.erase(open.begin() + static_cast<ptrdiff_t>(index));
    spent +=
        each.settle.usage().input_uncached_tokens() + each.settle.usage().output_visible_tokens();
    ++requests;
    ASSERT_THAT(quota.Run(each.edge->leasing.Settle({}, each.settle)), IsOk());
  };
  for (int step = 0; step < 1500; ++step) {
    auto edge = std::next(edges.begin(), random() % 3);
    const uint32_t what = random() % 100;
    if (what < 55) {
      const int64_t output = 1 + static_cast<int64_t>(random() % 60);
      const bool grows = random() % 4 == 0;
      v1::ReserveRequest ask = QuotaForTest::Ask(++number, 10, 5, output);
      if (grows) {
        ask.mutable_estimate()->clear_output_tokens_declared();
        ask.mutable_estimate()->set_output_tokens_max(8000);
      }
      ask.mutable_subjects()->set_user(random() % 2 ? "ann" : "bob");
      ask.set_edge_id(edge->id);
      const auto reserved = quota.Run(edge->leasing.Reserve({}, ask));
      if (!reserved.ok()) continue;
      int64_t most = reserved->has_output_tokens_cap() ? reserved->output_tokens_cap() : output;
      if (random() % 3 == 0) {
        timers.Advance(milliseconds(random() % 12'000), quota.face->io());
      }
      for (int i = 0; grows && i < 3; ++i) {
        v1::ExtendRequest extend;
        *extend.mutable_key() = ask.key();
        extend.set_organization("acme");
        extend.set_output_tokens_wanted(most + 1 + static_cast<int64_t>(random() % 200));
        const auto extended = quota.Run(
            edge->leasing.Extend({.deadline = quota.clock.Monotonic() + seconds(1)}, extend));
        if (extended.ok()) most = extended->output_tokens_cap();
      }
      v1::SettleRequest settle =
          QuotaForTest::Spent(number, 1 + static_cast<int64_t>(random() % 10),
                              random() % 2 ? most : static_cast<int64_t>(random()) % (most + 1));
      *settle.mutable_subjects() = ask.subjects();
      settle.set_lease_id(reserved->lease_id());
      open.push_back({&*edge, settle});
    } else if (what < 95) {
      if (!open.empty()) settle_one();
    } else if (what < 97) {
      timers.Advance(milliseconds(random() % 3000), quota.face->io());
      v1::HeartbeatRequest heartbeat;
      heartbeat.set_edge_id(edge->id);
      std::ignore = quota.Run(edge->leasing.Heartbeat({}, heartbeat));
    } else {
      edge->link.is_away = false;
      edge->link.loses_lease_answers = random() % 4 == 0;
    }
    for (const size_t i : {0, 1}) {
      ASSERT_LE(standing(i).used + standing(i).held, standing(i).capacity) << "step " << step;
    }
  }
  while (!open.empty()) settle_one();
  for (EdgeForTest& each : edges) {
    each.link.loses_lease_answers = false;
    each.leasing.Stop();
  }
  timers.Advance(seconds(3), quota.face->io());
  for (EdgeForTest& each : edges) EXPECT_EQ(each.leasing.leases(), 0u);
  EXPECT_EQ(standing(0).used + standing(1).used, spent + requests);
  EXPECT_EQ(standing(0).held + standing(1).held, 0);
}
INSTANTIATE_TEST_SUITE_P(Seeds, LeasesNeverOverspendTest, ::testing::Range(1u, 21u));

}  // namespace
}  // namespace weir::quota
