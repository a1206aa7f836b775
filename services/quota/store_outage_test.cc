#include "services/quota/store_outage.h"

#include <gtest/gtest.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "services/quota/limits_for_test.h"

namespace weir::quota {
namespace {

using Kind = ReserveOutcome::Kind;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

class StoreOutageTest : public ::testing::Test {
 protected:
  static QuotaConfig Config() {
    QuotaConfig config;
    config.outage_share = 0.5;
    return config;
  }
  // 10 tokens each.
  absl::StatusOr<ReserveOutcome> Grant(bool dry_run = false) {
    const ReserveOp op{.id = IdOf(++number_),
                       .organization = "acme",
                       .matches = table_->Match(subjects_),
                       .demand = {.input_bound = 10, .input_likely = 10, .output_max = 0},
                       .dry_run = dry_run};
    return outage_.Grant(op, status::Unavailable("no answer"), now_);
  }
  int Granted() {
    int granted = 0;
    while (Grant().ok()) ++granted;
    return granted;
  }
  void Advance(int64_t seconds) { now_.monotonic_ns += seconds * kSecondNs; }
  static std::unique_ptr<v1::SettleRequest> Settlement(uint32_t number) {
    auto request = std::make_unique<v1::SettleRequest>();
    request->mutable_key()->set_request_id(fmt::format("{:032x}", number));
    request->mutable_key()->set_attempt(1);
    request->mutable_subjects()->set_organization("acme");
    return request;
  }

  metrics::Registry metrics_;
  StoreOutage outage_{Config(), &metrics_};
  std::shared_ptr<const LimitTable> table_ =
      TableOf({{.name = "minute", .count = 100, .enforcement = v1::ENFORCEMENT_ADAPTIVE}});
  const v1::Subjects subjects_ = SubjectsOf("ann");
  Instant now_{.wall_ns = 0, .monotonic_ns = kSecondNs};
  uint32_t number_ = 0;
};

TEST_F(StoreOutageTest, GrantsAShareAPeriodAndTheCountAnOutage) {
  EXPECT_EQ(Grant(/*dry_run=*/true)->kind, Kind::kDegraded);
  EXPECT_EQ(Granted(), 5);
  Advance(60);
  EXPECT_EQ(Granted(), 5);
  Advance(60);
  EXPECT_EQ(Granted(), 0) << "the count is granted";
  outage_.Answered();
  EXPECT_THAT(metrics_.Render(), HasSubstr("weir_quota_store_away 0"));
  EXPECT_EQ(Granted(), 5) << "another outage";
  const std::string text = metrics_.Render();
  EXPECT_THAT(text, HasSubstr("weir_quota_store_away 1"));
  EXPECT_THAT(text, HasSubstr("weir_quota_calls_without_store_total{outcome=\"granted\"} 16"));
  EXPECT_THAT(text, HasSubstr("weir_quota_calls_without_store_total{outcome=\"refused\"} 4"));
}

TEST_F(StoreOutageTest, SaysWhenToTryAgain) {
  table_ = TableOf({{.name = "day", .enforcement = v1::ENFORCEMENT_STRICT}});
  const auto refused = Grant();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  const auto later = status::Detail<common::v1::RetryLater>(refused.status());
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->retry_after().seconds(), 1);
}

TEST_F(StoreOutageTest, OfAKeyTheSettlementIsToldOnce) {
  const absl::StatusOr<ReserveOutcome> ignored = Grant();
  outage_.MissedSettlement(Settlement(7));
  outage_.MissedSettlement(Settlement(7));
  std::vector<StoreOutage::Missed> missed = outage_.Take(10);
  ASSERT_THAT(missed, SizeIs(1));
  EXPECT_EQ(missed[0].organization, "acme");
  EXPECT_FALSE(outage_.has_missed());

  // It may not have arrived; what came of the attempt says more than its release.
  outage_.MissedRelease({.id = missed[0].id, .organization = "acme"});
  outage_.PutBack(std::move(missed[0]));
  missed = outage_.Take(10);
  ASSERT_THAT(missed, SizeIs(1));
  EXPECT_NE(missed[0].settlement, nullptr);
}

TEST_F(StoreOutageTest, AKeyThatIsAskedForAgainIsNotReleased) {
  outage_.MissedRelease({.id = IdOf(1), .organization = "acme"});
  outage_.MissedRelease({.id = IdOf(2), .organization = "acme"});
  const AttemptId again = IdOf(1);
  outage_.Answered(&again);
  const std::vector<StoreOutage::Missed> missed = outage_.Take(10);
  ASSERT_THAT(missed, SizeIs(1));
  EXPECT_EQ(missed[0].id, IdOf(2));
}

}  // namespace
}  // namespace weir::quota
