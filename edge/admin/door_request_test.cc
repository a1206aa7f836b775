#include "edge/admin/door_request.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::StatusIs;

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

// A head with these headers; views of it live as long as this.
class Head {
 public:
  explicit Head(const Lines& lines, std::string_view method = "POST") {
    for (const auto& [name, value] : lines) {
      fields_.insert({name.data(), name.size()}, {value.data(), value.size()});
    }
    head_.method = method;
    head_.fields = &fields_;
  }
  const RequestHead& get() const { return head_; }

 private:
  boost::beast::http::fields fields_;
  RequestHead head_;
};

const DoorRules kRules = {.hosts = {"127.0.0.1:8090", "admin.example.com"},
                          .origins = {"https://console.example.com"}};

struct CallerCase {
  std::string_view name;
  Lines headers;
  int want;  // 0: welcome.
};
class CheckCallerTest : public ::testing::TestWithParam<CallerCase> {};

TEST_P(CheckCallerTest, LetsInWhomItShould) {
  const Head head(GetParam().headers);
  const auto refusal = CheckCaller(kRules, head.get());
  EXPECT_EQ(refusal ? refusal->http_status : 0, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Callers, CheckCallerTest,
    ::testing::ValuesIn<CallerCase>({
        {"Curl", {{"host", "127.0.0.1:8090"}}, 0},
        {"ByName", {{"host", "Admin.Example.com"}}, 0},
        {"AnotherPort", {{"host", "127.0.0.1:9999"}}, 421},
        {"NoPort", {{"host", "127.0.0.1"}}, 421},
        {"ANameThatLeadsHere", {{"host", "evil.example.net"}}, 421},
        {"NoHost", {}, 421},
        {"ItsOwnPage", {{"host", "127.0.0.1:8090"}, {"origin", "http://127.0.0.1:8090"}}, 0},
        {"ItsOwnPageBehindTls",
         {{"host", "admin.example.com"}, {"origin", "https://admin.example.com"}},
         0},
        {"AListedPage",
         {{"host", "admin.example.com"}, {"origin", "https://console.example.com"}},
         0},
        {"AListedPageWithoutTls",
         {{"host", "admin.example.com"}, {"origin", "http://console.example.com"}},
         403},
        {"AForeignPage", {{"host", "admin.example.com"}, {"origin", "https://evil.example"}}, 403},
        {"ASandboxedPage", {{"host", "admin.example.com"}, {"origin", "null"}}, 403},
        {"TwoOrigins",
         {{"host", "admin.example.com"},
          {"origin", "https://console.example.com"},
          {"origin", "https://evil.example"}},
         403},
        {"AForeignHostAndItsPage",
         {{"host", "evil.example.net"}, {"origin", "http://evil.example.net"}},
         421},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct FormCase {
  std::string_view name, method;
  Lines headers;
  int want;  // 0: good.
};
class CheckFormTest : public ::testing::TestWithParam<FormCase> {};

TEST_P(CheckFormTest, TakesTheProtocolAlone) {
  const Head head(GetParam().headers, GetParam().method);
  const auto refusal = CheckForm(head.get());
  EXPECT_EQ(refusal ? refusal->http_status : 0, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, CheckFormTest,
    ::testing::ValuesIn<FormCase>({
        {"Json", "POST", {{"content-type", "application/json"}}, 0},
        {"JsonWithCharset", "POST", {{"content-type", "Application/JSON; charset=UTF-8"}}, 0},
        {"JsonOfVersionOne",
         "POST",
         {{"content-type", "application/json"}, {"connect-protocol-version", "1"}},
         0},
        {"Identity",
         "POST",
         {{"content-type", "application/json"}, {"content-encoding", "identity"}},
         0},
        {"Get", "GET", {{"content-type", "application/json"}}, 405},
        {"Put", "PUT", {{"content-type", "application/json"}}, 405},
        {"NoType", "POST", {}, 415},
        {"AForm", "POST", {{"content-type", "application/x-www-form-urlencoded"}}, 415},
        {"PlainText", "POST", {{"content-type", "text/plain"}}, 415},
        {"AnotherCharset", "POST", {{"content-type", "application/json; charset=utf-16"}}, 415},
        {"TwoTypes",
         "POST",
         {{"content-type", "text/plain"}, {"content-type", "application/json"}},
         415},
        {"Protobuf", "POST", {{"content-type", "application/proto"}}, 415},
        {"Gzip", "POST", {{"content-type", "application/json"}, {"content-encoding", "gzip"}}, 415},
        {"VersionTwo",
         "POST",
         {{"content-type", "application/json"}, {"connect-protocol-version", "2"}},
         400},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct TimeoutCase {
  std::string_view name, header;
  std::optional<Duration> want;
};
class TimeoutTest : public ::testing::TestWithParam<TimeoutCase> {};

TEST_P(TimeoutTest, IsReadAndBounded) {
  const Head head(GetParam().header.empty() ? Lines{}
                                            : Lines{{"connect-timeout-ms", GetParam().header}});
  const auto timeout = TimeoutOf(head.get());
  EXPECT_EQ(timeout.ok() ? std::optional(*timeout) : std::nullopt, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Headers, TimeoutTest,
                         ::testing::ValuesIn<TimeoutCase>({
                             {"None", "", seconds(30)},
                             {"Short", "250", milliseconds(250)},
                             {"Zero", "0", milliseconds(0)},
                             {"Long", "9999999999", seconds(60)},
                             {"TooManyDigits", "00000000001", std::nullopt},
                             {"Negative", "-1", std::nullopt},
                             {"AUnit", "5s", std::nullopt},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

struct TokenCase {
  std::string_view name;
  Lines headers;
  std::string_view want;  // Empty: refused.
};
class AuthorizationTest : public ::testing::TestWithParam<TokenCase> {};

TEST_P(AuthorizationTest, IsOneBearerToken) {
  const Head head(GetParam().headers);
  const auto authorization = AuthorizationOf(head.get());
  if (!GetParam().want.empty()) {
    EXPECT_EQ(*authorization, GetParam().want);
    return;
  }
  EXPECT_THAT(authorization,
              StatusIs(absl::StatusCode::kUnauthenticated, Not(HasSubstr("secret"))));
}
const std::string kLongToken = "Bearer secret" + std::string(2000, 'x');
INSTANTIATE_TEST_SUITE_P(Headers, AuthorizationTest,
                         ::testing::ValuesIn<TokenCase>({
                             {"Token", {{"authorization", "Bearer wa_1"}}, "Bearer wa_1"},
                             {"Lower", {{"authorization", "bearer  wa_1"}}, "Bearer wa_1"},
                             {"None", {}, ""},
                             {"Basic", {{"authorization", "Basic secret"}}, ""},
                             {"Empty", {{"authorization", "Bearer "}}, ""},
                             {"TwoTokens",
                              {{"authorization", "Bearer secret1"},
                               {"authorization", "Bearer secret2"}},
                              ""},
                             {"NoAscii", {{"authorization", "Bearer secret\xc3\xa9"}}, ""},
                             {"Long", {{"authorization", kLongToken}}, ""},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CrossOriginTest, ListedPagesAloneMayReadAnswers) {
  const Head listed({{"origin", "https://console.example.com"}}, "OPTIONS");
  const Headers asked = CrossOriginHeaders(kRules, listed.get(), true);
  EXPECT_THAT(
      std::string(asked.lines()),
      ::testing::AllOf(HasSubstr("access-control-allow-origin: https://console.example.com\r\n"),
                       HasSubstr("vary: origin\r\n"), HasSubstr("authorization, content-type")));
  EXPECT_THAT(std::string(CrossOriginHeaders(kRules, listed.get(), false).lines()),
              Not(HasSubstr("methods")));
  const Head own({{"host", "admin.example.com"}, {"origin", "https://admin.example.com"}});
  EXPECT_EQ(CrossOriginHeaders(kRules, own.get(), true).lines(), "");
}

}  // namespace
}  // namespace weir::edge
