#include "edge/pipeline/stream_budget.h"

#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/fake_quota.h"
#include "edge/testing/loopback.h"

namespace weir::edge {
namespace {

using testing::FakeQuota;
using testing::PumpUntil;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class StreamBudgetTest : public ::testing::Test {
 protected:
  // The wall of 256 stands at 224; 168 are three quarters of that.
  void Begin(int64_t covered = 256, int64_t bound = StreamBudget::kEndless) {
    StreamBudget::Hold hold{.organization = "acme", .covered = covered, .bound = bound};
    hold.key.set_request_id("r");
    hold.key.set_attempt(1);
    budget_ = std::make_shared<StreamBudget>(loop_.get_executor(), quota_, clock_, hold);
  }
  void Turn() {
    loop_.restart();
    loop_.poll();
  }
  void Arrived(int64_t tokens) {
    budget_->Arrived(tokens);
    Turn();
  }
  // Begins to wait; the answer comes into `reached_`.
  void Reach(int64_t tokens) {
    reached_.reset();
    asio::co_spawn(loop_, budget_->Reach(tokens), [this](std::exception_ptr, absl::Status status) {
      reached_ = std::move(status);
    });
    Turn();
  }

  asio::io_context loop_;
  ::weir::testing::FakeClock clock_;
  FakeQuota quota_{clock_};
  std::shared_ptr<StreamBudget> budget_;
  std::optional<absl::Status> reached_;
};

TEST_F(StreamBudgetTest, AsksWhenThreeQuartersCameAndDoublesTheHold) {
  Begin();
  EXPECT_EQ(budget_->wall(), 224);
  Arrived(167);
  EXPECT_THAT(quota_.extended, SizeIs(0));
  Arrived(168);
  ASSERT_THAT(quota_.extended, SizeIs(1));
  EXPECT_EQ(quota_.extended[0].key().request_id(), "r");
  EXPECT_EQ(quota_.extended[0].organization(), "acme");
  EXPECT_EQ(quota_.extended[0].output_tokens_observed(), 168);
  EXPECT_EQ(quota_.extended[0].output_tokens_wanted(), 512);
  EXPECT_EQ(budget_->wall(), 512 - 32);
}

TEST_F(StreamBudgetTest, TheLastStepEndsAtWhatTheProviderCanSend) {
  Begin(256, 400);
  Arrived(170);
  EXPECT_EQ(quota_.extended[0].output_tokens_wanted(), 400);
  EXPECT_EQ(budget_->wall(), StreamBudget::kEndless);
  Arrived(399);
  EXPECT_THAT(quota_.extended, SizeIs(1));
}

TEST_F(StreamBudgetTest, OfASmallHoldAQuarterIsKept) {
  Begin(8);
  EXPECT_EQ(budget_->wall(), 6);
}

TEST_F(StreamBudgetTest, OneQuestionIsInFlight) {
  Begin();
  quota_.hold_back_extends = true;
  for (const int64_t tokens : {170, 180, 190}) Arrived(tokens);
  Reach(300);
  EXPECT_THAT(quota_.extended, SizeIs(1));
  EXPECT_EQ(budget_->wall(), 224);
  EXPECT_EQ(reached_, std::nullopt);
  quota_.hold_back_extends = false;
  ASSERT_TRUE(PumpUntil(loop_, [this] { return reached_.has_value(); }));
  EXPECT_THAT(*reached_, IsOk());
  EXPECT_EQ(quota_.most_extends_in_flight, 1);
  EXPECT_GE(budget_->wall(), 300);
}

// What came in one piece may be beyond the step.
TEST_F(StreamBudgetTest, ReachAsksForWhatCame) {
  Begin();
  Reach(5000);
  EXPECT_THAT(*reached_, IsOk());
  EXPECT_EQ(quota_.extended[0].output_tokens_wanted(), 5000 + 32 + 256);
}

TEST_F(StreamBudgetTest, WhatIsCoveredIsReachedWithoutAQuestion) {
  Begin();
  Reach(224);
  EXPECT_THAT(*reached_, IsOk());
  EXPECT_THAT(quota_.extended, SizeIs(0));
}

// Holds of others may have come back since.
TEST_F(StreamBudgetTest, ARefusalBeforeTheWallIsAskedAgainAtIt) {
  Begin();
  quota_.extend = [](const auto&) { return status::ResourceExhausted("none left"); };
  Arrived(168);
  EXPECT_THAT(quota_.extended, SizeIs(1));
  Arrived(170);
  EXPECT_THAT(quota_.extended, SizeIs(1)) << "not with each frame";
  quota_.extend = [](const auto& request) { return request.output_tokens_wanted(); };
  Reach(225);
  EXPECT_THAT(*reached_, IsOk());
  EXPECT_THAT(quota_.extended, SizeIs(2));
}

TEST_F(StreamBudgetTest, ARefusalAtTheWallIsFinal) {
  Begin();
  quota_.extend = [](const auto&) { return status::ResourceExhausted("none left"); };
  Arrived(170);
  Reach(225);
  EXPECT_THAT(*reached_, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(budget_->wall(), 224);
  EXPECT_THAT(quota_.extended, SizeIs(2));
}

TEST_F(StreamBudgetTest, APartIsTakenAndTheRestAskedFor) {
  Begin();
  quota_.extend = [this](const auto&) -> absl::StatusOr<int64_t> {
    if (quota_.extended.size() > 1) return status::ResourceExhausted("none left");
    return 260;
  };
  Reach(229);
  EXPECT_THAT(*reached_, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(budget_->wall(), 228);
  Reach(228);
  EXPECT_THAT(*reached_, IsOk());
}

TEST_F(StreamBudgetTest, AnAnswerThatRaisesNothingIsNone) {
  Begin();
  quota_.extend = [](const auto&) { return 256; };
  Reach(225);
  EXPECT_THAT(*reached_, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(StreamBudgetTest, AnAnswerMayComeWhenNobodyWaitsAnyMore) {
  Begin();
  quota_.hold_back_extends = true;
  Arrived(170);
  budget_.reset();
  quota_.hold_back_extends = false;
  EXPECT_TRUE(PumpUntil(loop_, [this] { return quota_.extends_in_flight == 0; }));
}

}  // namespace
}  // namespace weir::edge
