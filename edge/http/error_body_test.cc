#include "edge/http/error_body.h"

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/test_call.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::edge::testing::HeaderOf;

namespace pb = ::weir::common::v1;

struct StatusCase {
  std::string_view name;
  absl::Status status;
  int http_status;
  std::string_view type, code, message;
};
class RefusalTest : public ::testing::TestWithParam<StatusCase> {};

TEST_P(RefusalTest, IsWhatClientsSee) {
  const Refusal refusal = RefusalFor(GetParam().status);
  EXPECT_EQ(refusal.http_status, GetParam().http_status);
  EXPECT_EQ(refusal.type, GetParam().type);
  EXPECT_EQ(refusal.code, GetParam().code);
  EXPECT_EQ(refusal.message, GetParam().message);
}
constexpr std::string_view kRequest = "invalid_request_error";
constexpr std::string_view kOurs = "The gateway failed to handle the request.";

absl::Status Auth(pb::AuthFailure::Reason reason) {
  pb::AuthFailure failure;
  failure.set_reason(reason);
  return status::WithDetail(status::Unauthenticated("no"), failure);
}
INSTANTIATE_TEST_SUITE_P(
    Codes, RefusalTest,
    ::testing::ValuesIn<StatusCase>({
        {"InvalidArgument", status::InvalidArgument("bad"), 400, kRequest, "", "bad"},
        {"Unauthenticated", status::Unauthenticated("no"), 401, kRequest, "invalid_api_key", "no"},
        {"KeyMissing", Auth(pb::AuthFailure::REASON_MISSING), 401, kRequest, "invalid_api_key",
         "no"},
        {"KeyUnknown", Auth(pb::AuthFailure::REASON_UNKNOWN), 401, kRequest, "invalid_api_key",
         "no"},
        {"KeyRevoked", Auth(pb::AuthFailure::REASON_REVOKED), 401, kRequest, "api_key_revoked",
         "no"},
        {"KeyExpired", Auth(pb::AuthFailure::REASON_EXPIRED), 401, kRequest, "api_key_expired",
         "no"},
        {"KeyDisabled", Auth(pb::AuthFailure::REASON_DISABLED), 401, kRequest, "api_key_disabled",
         "no"},
        {"PermissionDenied", status::PermissionDenied("no"), 403, kRequest, "permission_denied",
         "no"},
        {"BlockedByARule", status::WithDetail(status::PermissionDenied("no"), pb::PolicyDenial()),
         422, kRequest, "content_filter", "no"},
        {"NotFound", status::NotFound("no model"), 404, kRequest, "model_not_found", "no model"},
        {"OutOfRange", status::OutOfRange("big"), 413, kRequest, "request_too_large", "big"},
        {"Unimplemented", status::Unimplemented("br"), 415, kRequest, "unsupported_content", "br"},
        {"ResourceExhausted", status::ResourceExhausted("'daily' is used up"), 429, "requests",
         "rate_limit_exceeded", "Rate limit exceeded: 'daily' is used up"},
        {"Unavailable", status::Unavailable("out"), 503, "service_unavailable_error",
         "service_unavailable", "out"},
        {"DeadlineExceeded", status::DeadlineExceeded("slow"), 504, "api_error", "upstream_timeout",
         "upstream timed out"},
        {"Internal", status::Internal("/etc/passwd"), 500, "api_error", "internal_error", kOurs},
        {"DataLoss", status::DataLoss("secret"), 500, "api_error", "internal_error", kOurs},
        {"Unknown", status::Unknown("secret"), 500, "api_error", "internal_error", kOurs},
        {"Aborted", status::Aborted("secret"), 500, "api_error", "internal_error", kOurs},
        {"Cancelled", status::Cancelled("secret"), 500, "api_error", "internal_error", kOurs},
        {"FailedPrecondition", status::FailedPrecondition("x"), 500, "api_error", "internal_error",
         kOurs},
        {"AlreadyExists", status::AlreadyExists("x"), 500, "api_error", "internal_error", kOurs},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RefusalDetailTest, ABadFieldIsTheParam) {
  pb::BadFields bad;
  bad.add_fields()->set_path("messages[0].role");
  bad.add_fields()->set_path("n");
  const Refusal refusal = RefusalFor(status::WithDetail(status::InvalidArgument("x"), bad));
  EXPECT_EQ(refusal.param, "messages[0].role");
  EXPECT_EQ(refusal.code, "invalid_value");
}

TEST(RefusalDetailTest, AnEmptyListOfFieldsIsNoParam) {
  EXPECT_EQ(RefusalFor(status::WithDetail(status::InvalidArgument("x"), pb::BadFields())).param,
            "");
}

struct QuotaCase {
  std::string_view name;
  pb::Unit unit;
  bool hard;
  std::optional<int64_t> reset_s;
  int64_t retry_ms;
  std::string_view type, code, retry_after, should_retry;
};
class QuotaRefusalTest : public ::testing::TestWithParam<QuotaCase> {};
TEST_P(QuotaRefusalTest, SaysWhenToTryAgain) {
  const QuotaCase& each = GetParam();
  pb::QuotaViolation violation;
  violation.set_unit(each.unit);
  violation.set_hard(each.hard);
  if (each.reset_s) violation.mutable_reset_after()->set_seconds(*each.reset_s);
  violation.mutable_retry_after()->set_seconds(each.retry_ms / 1000);
  violation.mutable_retry_after()->set_nanos(
      static_cast<int32_t>(each.retry_ms % 1000 * 1'000'000));
  const Refusal refusal = RefusalFor(status::WithDetail(status::ResourceExhausted("x"), violation));
  EXPECT_EQ(refusal.http_status, 429);
  EXPECT_EQ(refusal.type, each.type);
  EXPECT_EQ(refusal.code, each.code);
  EXPECT_EQ(HeaderOf(refusal.headers, "retry-after"), each.retry_after);
  EXPECT_EQ(HeaderOf(refusal.headers, "x-should-retry"), each.should_retry);
}
INSTANTIATE_TEST_SUITE_P(Limits, QuotaRefusalTest,
                         ::testing::ValuesIn<QuotaCase>({
                             {"Requests", pb::UNIT_REQUESTS, false, 30, 1'500, "requests",
                              "rate_limit_exceeded", "2", ""},
                             {"Tokens", pb::UNIT_TOTAL_TOKENS, false, 30, 30'000, "tokens",
                              "rate_limit_exceeded", "30", ""},
                             {"AtOnce", pb::UNIT_REQUESTS, false, 30, 0, "requests",
                              "rate_limit_exceeded", "1", ""},
                             {"HardButSoon", pb::UNIT_TOTAL_TOKENS, true, 60, 60'000, "tokens",
                              "rate_limit_exceeded", "60", ""},
                             {"HardForLong", pb::UNIT_TOTAL_TOKENS, true, 86'400, 86'400'000,
                              "insufficient_quota", "insufficient_quota", "86400", "false"},
                             {"HardForEver", pb::UNIT_TOTAL_TOKENS, true, std::nullopt, 0,
                              "insufficient_quota", "insufficient_quota", "1", "false"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RefusalDetailTest, WhomToAskIsTold) {
  pb::QuotaViolation violation;
  violation.set_contact("platform@acme.example");
  EXPECT_THAT(RefusalFor(status::WithDetail(status::ResourceExhausted("x"), violation)).message,
              HasSubstr("platform@acme.example"));
}

TEST(RefusalDetailTest, WhenTargetsComeBackIsTold) {
  pb::RetryLater later;
  later.mutable_retry_after()->set_seconds(12);
  const Refusal refusal = RefusalFor(status::WithDetail(status::Unavailable("all out"), later));
  EXPECT_EQ(HeaderOf(refusal.headers, "retry-after"), "12");
}

TEST(ErrorBodyTest, IsOpenAisObject) {
  EXPECT_EQ(ErrorBody({.type = "t", .code = "c", .param = "p", .message = "m"}),
            R"({"error":{"message":"m","type":"t","param":"p","code":"c"}})");
  EXPECT_EQ(ErrorBody({.type = "t", .message = ""}),
            R"({"error":{"message":"","type":"t","param":null,"code":null}})");
}

TEST(ErrorBodyTest, EscapesWhatCameFromOutside) {
  EXPECT_EQ(ErrorBody({.type = "t", .param = "a\"b", .message = "x\"\\\n\x01\xff</script>"}),
            "{\"error\":{\"message\":\"x\\\"\\\\\\n\\u0001\xef\xbf\xbd</script>\",\"type\":\"t\","
            "\"param\":\"a\\\"b\",\"code\":null}}");
}

TEST(ErrorBodyTest, RefusalsWithoutAStatus) {
  EXPECT_EQ(UnknownUrl("/x").http_status, 404);
  EXPECT_THAT(UnknownUrl("/x\r\ny").message, HasSubstr("/x\\r\\ny"));
  EXPECT_LT(UnknownUrl(std::string(10'000, 'x')).message.size(), 400U);
  EXPECT_EQ(HeaderOf(MethodNotAllowed("PUT", "GET").headers, "allow"), "GET");
  EXPECT_EQ(Overloaded().http_status, 503);
  EXPECT_EQ(HeaderOf(Overloaded().headers, "retry-after"), "1");
}

}  // namespace
}  // namespace weir::edge
