#include "common/rpc/bearer_token.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::rpc {
namespace {

using weir::common::v1::AuthFailure;

TEST(BearerTokenTest, TakesTheTokenAfterTheScheme) {
  EXPECT_EQ(BearerToken({"Bearer wa_1"}).value(), "wa_1");
  EXPECT_EQ(BearerToken({"bearer wa_1"}).value(), "wa_1");
}

struct RefusedCase {
  std::string name;
  std::vector<std::string_view> values;
  AuthFailure::Reason reason;
};
class RefusedTokenTest : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTokenTest, SaysWhyButNotWhatCame) {
  const absl::Status refused = BearerToken(GetParam().values).status();
  EXPECT_THAT(refused, weir::testing::StatusIs(absl::StatusCode::kUnauthenticated,
                                               ::testing::Not(::testing::HasSubstr("hunter2"))));
  ASSERT_TRUE(status::Detail<AuthFailure>(refused).has_value());
  EXPECT_EQ(status::Detail<AuthFailure>(refused)->reason(), GetParam().reason);
}
const std::string kLong = "Bearer hunter2" + std::string(600, 'x');
INSTANTIATE_TEST_SUITE_P(
    Table, RefusedTokenTest,
    ::testing::ValuesIn<RefusedCase>({
        {.name = "None", .values = {}, .reason = AuthFailure::REASON_MISSING},
        {.name = "Two",
         .values = {"Bearer hunter2", "Bearer b"},
         .reason = AuthFailure::REASON_MALFORMED},
        {.name = "Basic", .values = {"Basic hunter2"}, .reason = AuthFailure::REASON_MALFORMED},
        {.name = "Bare", .values = {"hunter2"}, .reason = AuthFailure::REASON_MALFORMED},
        {.name = "Empty", .values = {"Bearer "}, .reason = AuthFailure::REASON_MALFORMED},
        {.name = "TooLong", .values = {kLong}, .reason = AuthFailure::REASON_MALFORMED},
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weir::rpc
