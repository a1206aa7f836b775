#include "edge/pipeline/credential.h"

#include <boost/beast/http/fields.hpp>
#include <vector>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

struct CredentialCase {
  std::string_view name;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view want;  // "several": refused.
  std::string_view own = "";
};
class CredentialTest : public ::testing::TestWithParam<CredentialCase> {};

TEST_P(CredentialTest, IsRead) {
  boost::beast::http::fields fields;
  for (const auto& [name, value] : GetParam().headers) fields.insert(name, value);
  RequestHead head;
  head.fields = &fields;
  const auto credential = ReadCredential(head, GetParam().own);
  if (GetParam().want == "several") {
    EXPECT_THAT(credential, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("exactly one")));
    return;
  }
  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(*credential, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Places, CredentialTest,
    ::testing::ValuesIn<CredentialCase>({
        {"None", {{"content-type", "x"}}, ""},
        {"Bearer", {{"Authorization", "Bearer k"}}, "k"},
        {"BearerInCapitals", {{"AUTHORIZATION", "BEARER k"}}, "k"},
        {"BearerWithBlanks", {{"Authorization", "Bearer  \t k"}}, "k"},
        {"BearerAlone", {{"Authorization", "Bearer"}}, ""},
        {"AnotherScheme", {{"Authorization", "Basic dTpw"}}, ""},
        {"AnotherSchemeBesideAKey", {{"Authorization", "Basic dTpw"}, {"x-api-key", "k"}}, "k"},
        {"XApiKey", {{"X-Api-Key", "k"}}, "k"},
        {"ApiKeyDash", {{"api-key", "k"}}, "k"},
        {"ApiKeyUnderscore", {{"api_key", "k"}}, "k"},
        {"ApiKey", {{"ApiKey", "k"}}, "k"},
        {"Google", {{"x-goog-api-key", "k"}}, "k"},
        {"ProxysOwn", {{"X-Assistant-Key", "k"}}, "k", "x-assistant-key"},
        {"NotTheProxysOwn", {{"X-Assistant-Key", "k"}}, ""},
        {"AuthorizationAsTheProxysOwn", {{"Authorization", "k"}}, "k", "Authorization"},
        {"BearerWhereAuthorizationIsTheProxysOwn",
         {{"Authorization", "Bearer k"}},
         "k",
         "Authorization"},
        {"SameKeyTwice", {{"Authorization", "Bearer k"}, {"x-api-key", "k"}}, "k"},
        {"TwoKeys", {{"Authorization", "Bearer k"}, {"x-api-key", "l"}}, "several"},
        {"TwoAuthorizations",
         {{"Authorization", "Bearer k"}, {"Authorization", "Bearer l"}},
         "several"},
        {"OneEmpty", {{"Authorization", "Bearer k"}, {"x-api-key", ""}}, "k"},
        {"KeyWithBlanksInside", {{"Authorization", "Bearer a b"}}, "a b"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge
