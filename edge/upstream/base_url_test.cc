#include "edge/upstream/base_url.h"

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

struct GoodCase {
  std::string_view name, url;
  bool tls;
  std::string_view host, port, authority, path;
};
class BaseUrlTest : public ::testing::TestWithParam<GoodCase> {};

TEST_P(BaseUrlTest, IsTakenApart) {
  const auto url = ParseBaseUrl(GetParam().url);
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->tls, GetParam().tls);
  EXPECT_EQ(url->host, GetParam().host);
  EXPECT_EQ(url->port, GetParam().port);
  EXPECT_EQ(url->authority, GetParam().authority);
  EXPECT_EQ(url->path, GetParam().path);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, BaseUrlTest,
    ::testing::ValuesIn<GoodCase>({
        {"Usual", "https://api.openai.com/v1", true, "api.openai.com", "443", "api.openai.com",
         "/v1"},
        {"Plain", "http://localhost:8082", false, "localhost", "8082", "localhost:8082", ""},
        {"PlainDefault", "http://ollama", false, "ollama", "80", "ollama", ""},
        {"SlashAtTheEnd", "https://h/v1//", true, "h", "443", "h", "/v1"},
        {"OnlySlash", "https://h/", true, "h", "443", "h", ""},
        {"EmptyPort", "https://h:/x", true, "h", "443", "h:", "/x"},
        {"V4", "https://10.0.0.1:8443/a/b", true, "10.0.0.1", "8443", "10.0.0.1:8443", "/a/b"},
        {"V6", "http://[::1]:8080", false, "::1", "8080", "[::1]:8080", ""},
        {"Underscore", "http://mock_llm-1:80", false, "mock_llm-1", "80", "mock_llm-1:80", ""},
        {"EncodedPath", "https://h/a%20b", true, "h", "443", "h", "/a%20b"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

class BadUrlTest : public ::testing::TestWithParam<std::string_view> {};
TEST_P(BadUrlTest, IsRefused) {
  EXPECT_THAT(ParseBaseUrl(GetParam()), StatusIs(absl::StatusCode::kInvalidArgument));
}
INSTANTIATE_TEST_SUITE_P(Urls, BadUrlTest,
                         ::testing::Values("", "api.openai.com", "//h/v1", "ftp://h", "https://",
                                           "https:///v1", "https://h/v1?key=x", "https://h/#x",
                                           "https://user:pw@h/", "https://user@h", "https://h h/",
                                           "https://h\r\nx: y/", "https://h%0d%0aevil",
                                           "https://h%00", "https://h/\r\nX: y", "https://h:99999",
                                           "https://h:x", "https://h;x", "https://h:0/",
                                           "unix:///run/x"));

}  // namespace
}  // namespace weir::edge
