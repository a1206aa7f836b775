#include <gtest/gtest.h>

#include <map>
#include <random>

#include "services/quota/quota_for_test.h"

// Many callers at once on a small budget, in virtual time: each asks until it is answered or told
// that asking is pointless.
namespace weir::quota {
namespace {

struct CallersCase {
  std::string_view name;
  std::optional<int64_t> declared;
  std::optional<int64_t> model_max;
  int64_t period_s;
};

class CallersTest : public ::testing::TestWithParam<CallersCase> {
 protected:
  static constexpr int kCallers = 64;
  static constexpr int64_t kCapacity = 600;  // 20 answers of 10 + 20 tokens.

  void Simulate(uint32_t seed) {
    std::mt19937 random(seed);
    QuotaForTest quota({{.name = "budget",
                         .count = kCapacity,
                         .period_s = GetParam().period_s,
                         .enforcement = v1::ENFORCEMENT_STRICT}});
    // What happens when, by virtual nanoseconds: a caller asks (false) or its answer is complete
    // (true).
    std::multimap<int64_t, std::pair<uint32_t, bool>> events;
    for (uint32_t i = 1; i <= kCallers; ++i) events.emplace(random() % 1000, std::pair(i, false));
    std::map<uint32_t, int64_t> caps;
    int answers = 0;
    int64_t now = 0;
    while (!events.empty()) {
      const auto [when, event] = *events.begin();
      events.erase(events.begin());
      quota.clock.Advance(Duration(when - now));
      now = when;
      const auto [caller, is_answered] = event;
      if (is_answered) {
        const int64_t output = std::min<int64_t>(20, caps[caller]);
        ASSERT_THAT(quota.Settle(quota.Spent(caller, 10, output)), IsOk());
        answers += output == 20;
        continue;
      }
      auto ask = quota.Ask(caller, 10, 10, GetParam().declared);
      if (GetParam().model_max)
        ask.mutable_estimate()->set_output_tokens_max(*GetParam().model_max);
      const auto response = quota.Reserve(ask);
      CheckWithin(quota);
      if (response.ok()) {
        caps[caller] = response->has_output_tokens_cap() ? response->output_tokens_cap()
                                                         : GetParam().declared.value_or(1 << 20);
        const int64_t takes = 100'000'000 + static_cast<int64_t>(random() % 3'000'000'000u);
        events.emplace(now + takes, std::pair(caller, true));
        continue;
      }
      const auto violation = ViolationOf(response);
      if (violation.hard()) continue;
      const auto& wait = violation.retry_after();
      events.emplace(now + wait.seconds() * kSecondNs + wait.nanos(), std::pair(caller, false));
    }
    EXPECT_EQ(answers, 20) << "seed " << seed;
    EXPECT_EQ(quota.Remaining("budget"), 0);
    int64_t spent = 0;
    for (const LedgerRow& each : quota.ledger.Rows()) spent += each.usage.total_tokens();
    EXPECT_EQ(spent, kCapacity);
    EXPECT_LT(now, 120 * kSecondNs) << "nobody waits for long";
  }

  static void CheckWithin(QuotaForTest& quota) {
    const auto subjects = SubjectsOf("ann", "red", "gpt");
    const auto table = quota.limits.Current();
    const auto positions = quota.Run(quota.running->windows.Peek(table->Match(subjects)));
    const Standing& standing = (*positions)[0].standing;
    ASSERT_LE(standing.used + standing.held, kCapacity);
  }
};

TEST_P(CallersTest, ABudgetOfTwentyAnswersGivesExactlyTwenty) {
  for (uint32_t seed = 1; seed <= 20; ++seed) Simulate(seed);
}

INSTANTIATE_TEST_SUITE_P(Cases, CallersTest,
                         ::testing::ValuesIn<CallersCase>({
                             {"Declaring20", 20, std::nullopt, 86'400},
                             {"Declaring256", 256, std::nullopt, 86'400},
                             {"DeclaringMoreThanTheBudget", 4096, std::nullopt, 86'400},
                             {"DeclaringNothing", std::nullopt, std::nullopt, 86'400},
                             {"DeclaringNothingOfAKnownModel", std::nullopt, 16'384, 86'400},
                             {"DeclaringNothingOfASmallModel", std::nullopt, 64, 86'400},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::quota
