#include "edge/pipeline/limit_headers.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "edge/testing/test_call.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

using ::testing::IsEmpty;
using ::weir::edge::testing::HeaderOf;

namespace pb = ::weir::common::v1;
using States = google::protobuf::RepeatedPtrField<quota::v1::LimitState>;

void Add(States& states, pb::Unit unit, int64_t limit, int64_t remaining, int64_t reset_ms,
         bool enforced = true) {
  quota::v1::LimitState& state = *states.Add();
  state.set_unit(unit);
  state.set_limit(limit);
  state.set_remaining(remaining);
  state.mutable_reset_after()->set_seconds(reset_ms / 1000);
  state.mutable_reset_after()->set_nanos(static_cast<int32_t>(reset_ms % 1000 * 1'000'000));
  state.set_enforced(enforced);
}

TEST(LimitHeadersTest, ThereAreNoneWithoutLimits) {
  EXPECT_THAT(LimitHeaders(States()).lines(), IsEmpty());
}

TEST(LimitHeadersTest, EachUnitHasItsFamilyAndTokensAreThePlainOnes) {
  States states;
  Add(states, pb::UNIT_REQUESTS, 100, 99, 1'500);
  Add(states, pb::UNIT_TOTAL_TOKENS, 5'000, 4'000, 360'000);
  EXPECT_EQ(LimitHeaders(states).lines(),
            "x-ratelimit-limit-requests: 100\r\n"
            "x-ratelimit-remaining-requests: 99\r\n"
            "x-ratelimit-reset-requests: 1.5s\r\n"
            "x-ratelimit-limit-tokens: 5000\r\n"
            "x-ratelimit-remaining-tokens: 4000\r\n"
            "x-ratelimit-reset-tokens: 6m0s\r\n"
            "x-ratelimit-limit: 5000\r\n"
            "x-ratelimit-remaining: 4000\r\n"
            "x-ratelimit-reset: 360\r\n");
}

TEST(LimitHeadersTest, TheTightestOfEachUnitIsTold) {
  States states;
  Add(states, pb::UNIT_TOTAL_TOKENS, 1'000, 500, 1'000);
  Add(states, pb::UNIT_TOTAL_TOKENS, 100'000, 20, 9'000);
  Add(states, pb::UNIT_TOTAL_TOKENS, 10, 10, 1'000, /*enforced=*/false);
  const Headers headers = LimitHeaders(states);
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-limit-tokens"), "100000");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-remaining-tokens"), "20");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-reset"), "9");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-limit-requests"), "");
}

TEST(LimitHeadersTest, RequestsAloneAreThePlainOnes) {
  States states;
  Add(states, pb::UNIT_REQUESTS, 50, 0, 1);
  const Headers headers = LimitHeaders(states);
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-limit"), "50");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-reset"), "1") << "rounded up";
}

TEST(LimitHeadersTest, ARefusalTellsTheLimitThatRefused) {
  pb::QuotaViolation violation;
  violation.set_unit(pb::UNIT_TOTAL_TOKENS);
  violation.set_limit(30);
  violation.mutable_reset_after()->set_seconds(59);
  const Headers headers =
      LimitHeaders(status::WithDetail(status::ResourceExhausted("no"), violation));
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-limit"), "30");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-remaining"), "0");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-reset"), "59");
  EXPECT_EQ(HeaderOf(headers, "x-ratelimit-reset-tokens"), "59s");
}

TEST(LimitHeadersTest, ARefusalWithoutADetailTellsNothing) {
  EXPECT_THAT(LimitHeaders(status::ResourceExhausted("busy")).lines(), IsEmpty());
  EXPECT_THAT(LimitHeaders(status::Unavailable("out")).lines(), IsEmpty());
}

}  // namespace
}  // namespace weir::edge
