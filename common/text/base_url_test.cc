#include "common/text/base_url.h"

#include "common/testing/status_matchers.h"

namespace weir::text {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
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
TEST_P(BaseUrlTest, IsReadBackTheSame) {
  const auto url = ParseBaseUrl(GetParam().url);
  ASSERT_THAT(url, IsOk());
  const auto again = ParseBaseUrl(ToString(*url));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(*again, *url);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, BaseUrlTest,
    ::testing::ValuesIn<GoodCase>({
        {"Usual", "https://api.openai.com/v1", true, "api.openai.com", "443", "api.openai.com",
         "/v1"},
        {"Plain", "http://localhost:8082", false, "localhost", "8082", "localhost:8082", ""},
        {"PlainDefault", "http://ollama", false, "ollama", "80", "ollama", ""},
        {"UpperCase", "HTTPS://API.Example.com/V1", true, "api.example.com", "443",
         "api.example.com", "/V1"},
        {"SlashAtTheEnd", "https://h/v1//", true, "h", "443", "h", "/v1"},
        {"OnlySlash", "https://h/", true, "h", "443", "h", ""},
        {"DefaultPortNamed", "https://h:443/x", true, "h", "443", "h:443", "/x"},
        {"ZerosBeforeThePort", "https://h:0443", true, "h", "443", "h:443", ""},
        {"LargestPort", "https://h:65535", true, "h", "65535", "h:65535", ""},
        {"V4", "https://10.0.0.1:8443/a/b", true, "10.0.0.1", "8443", "10.0.0.1:8443", "/a/b"},
        {"V6", "http://[::1]:8080", false, "::1", "8080", "[::1]:8080", ""},
        {"V6WithoutPort", "https://[FE80::1]/v1", true, "fe80::1", "443", "[fe80::1]", "/v1"},
        {"Underscore", "http://mock_llm-1:80", false, "mock_llm-1", "80", "mock_llm-1:80", ""},
        {"RootedName", "https://api.example.com.", true, "api.example.com.", "443",
         "api.example.com.", ""},
        {"EncodedPath", "https://h/a%20b", true, "h", "443", "h", "/a%20b"},
        {"PathCharacters", "https://h/-._~!$&'()*+,;=:@/...", true, "h", "443", "h",
         "/-._~!$&'()*+,;=:@/..."},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct BadCase {
  std::string_view name, url, problem;
};
class BadUrlTest : public ::testing::TestWithParam<BadCase> {};
TEST_P(BadUrlTest, IsRefusedAndNotRepeated) {
  const auto url = ParseBaseUrl(GetParam().url);
  EXPECT_THAT(url, StatusIs(absl::StatusCode::kInvalidArgument,
                            HasSubstr(std::string(GetParam().problem))));
  EXPECT_THAT(std::string(status::Message(url.status())), Not(HasSubstr("s3cret")));
}
INSTANTIATE_TEST_SUITE_P(Urls, BadUrlTest,
                         ::testing::ValuesIn<BadCase>({
                             {"Empty", "", "is empty"},
                             {"NoScheme", "api.openai.com", "is no URL"},
                             {"HostAndPort", "localhost:8080", "is no URL"},
                             {"EmptyScheme", "//h/v1", "is no URL"},
                             {"BadScheme", "1s3cret://h", "characters"},
                             {"OtherScheme", "ftp://h", "another scheme"},
                             {"OtherSchemeWithoutHost", "unix:///run/x", "another scheme"},
                             {"NothingBehindTheScheme", "https://", "no host"},
                             {"NoHost", "https:///v1", "no host"},
                             {"NoAuthority", "https:/s3cret://h", "no host"},
                             {"OnlyPort", "https://:443", "no host"},
                             {"Query", "https://h/v1?key=s3cret", "a query"},
                             {"Fragment", "https://h/#s3cret", "a fragment"},
                             {"UserAndPassword", "https://user:s3cret@h/", "user information"},
                             {"User", "https://s3cret@h", "user information"},
                             {"EmptyUser", "https://@h", "user information"},
                             {"MalformedUser", "https://s3cret here@h", "user information"},
                             {"SpaceInHost", "https://h s3cret/", "host or port"},
                             {"LineBreakInHost", "https://h\r\ns3cret: y/", "host or port"},
                             {"EncodedLineBreak", "https://h%0d%0as3cret", "host or port"},
                             {"EncodedZero", "https://h%00", "host or port"},
                             {"EncodedLetter", "https://%68", "host or port"},
                             {"Semicolon", "https://h;x", "host or port"},
                             {"DotFirst", "https://.h", "host or port"},
                             {"TwoDots", "https://h..x", "host or port"},
                             {"DashFirst", "https://-h", "host or port"},
                             {"BadV6", "https://[zz::1]/v1", "host or port"},
                             {"V6OfColons", "https://[::::]/v1", "host or port"},
                             {"V6WithZone", "https://[fe80::1%25eth0]/", "host or port"},
                             {"FutureAddress", "https://[v1.x]/", "host or port"},
                             {"PortZero", "https://h:0/", "host or port"},
                             {"PortTooLarge", "https://h:65536", "host or port"},
                             {"PortFarTooLarge", "https://h:99999999999999999999", "host or port"},
                             {"PortNoNumber", "https://h:s3cret", "host or port"},
                             {"PortEmpty", "https://h:/x", "host or port"},
                             {"LineBreak", "https://h/\r\ns3cret: y", "characters"},
                             {"BadEscape", "https://h/%zz", "characters"},
                             {"DotSegment", "https://h/a/./v1", "dot segments"},
                             {"TwoDotSegment", "https://h/a/../v1", "dot segments"},
                             {"EncodedDotSegment", "https://h/a/%2E%2e/v1", "dot segments"},
                             {"EmptySegment", "https://h/a//v1", "empty or dot segments"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BadUrlTest, ATooLongOneIsRefused) {
  const std::string start = "https://h/";
  EXPECT_THAT(ParseBaseUrl(start + std::string(2048 - start.size(), 'x')), IsOk());
  EXPECT_THAT(ParseBaseUrl(start + std::string(2049 - start.size(), 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, "has 2049 bytes, want at most 2048"));
  EXPECT_THAT(ParseBaseUrl("https://" + std::string(253, 'h')), IsOk());
  EXPECT_THAT(ParseBaseUrl("https://" + std::string(254, 'h')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("host or port")));
}

}  // namespace
}  // namespace weir::text
