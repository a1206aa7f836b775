#include "services/routing/base_url.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "common/text/base_url.h"

namespace weir::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

struct UrlCase {
  std::string_view name, url;
  // Normalised; empty: refused.
  std::string_view want;
  std::string_view problem = "";
  bool allow_plaintext = false;
};
class BaseUrlTest : public ::testing::TestWithParam<UrlCase> {};

TEST_P(BaseUrlTest, NormalisesOrRefuses) {
  const absl::StatusOr<std::string> url =
      NormalizeBaseUrl(GetParam().url, GetParam().allow_plaintext);
  if (!GetParam().want.empty()) {
    ASSERT_THAT(url, IsOk());
    EXPECT_EQ(*url, GetParam().want);
    return;
  }
  EXPECT_THAT(url, StatusIs(absl::StatusCode::kInvalidArgument,
                            HasSubstr(std::string(GetParam().problem))));
  EXPECT_THAT(std::string(status::Message(url.status())), Not(HasSubstr("s3cret")));
}
INSTANTIATE_TEST_SUITE_P(
    Urls, BaseUrlTest,
    ::testing::ValuesIn<UrlCase>({
        {.name = "Plain", .url = "https://api.openai.com/v1", .want = "https://api.openai.com/v1"},
        {.name = "NoPath", .url = "https://api.openai.com", .want = "https://api.openai.com"},
        {.name = "SlashAtTheEnd", .url = "https://h/v1//", .want = "https://h/v1"},
        {.name = "UpperCaseHost",
         .url = "HTTPS://API.Example.com/V1",
         .want = "https://api.example.com/V1"},
        {.name = "Port", .url = "https://h:8443/v1", .want = "https://h:8443/v1"},
        {.name = "Ipv6", .url = "https://[::1]:8443/v1", .want = "https://[::1]:8443/v1"},
        {.name = "Ipv6WithoutPort", .url = "https://[fe80::1]/v1", .want = "https://[fe80::1]/v1"},
        {.name = "UnderscoreHost",
         .url = "http://mock_llm:8080/v1",
         .want = "http://mock_llm:8080/v1",
         .allow_plaintext = true},
        {.name = "PlaintextForbidden",
         .url = "http://h/v1",
         .want = "",
         .problem = "allow_plaintext_upstreams"},
        {.name = "Empty", .url = "", .want = "", .problem = "is empty"},
        {.name = "NoScheme", .url = "api.openai.com/v1", .want = "", .problem = "is no URL"},
        {.name = "OtherScheme", .url = "ftp://h/v1", .want = "", .problem = "another scheme"},
        {.name = "NoHost", .url = "https:///v1", .want = "", .problem = "no host"},
        {.name = "Query", .url = "https://h/v1?key=s3cret", .want = "", .problem = "query"},
        {.name = "Fragment", .url = "https://h/v1#s3cret", .want = "", .problem = "fragment"},
        {.name = "UserInfo",
         .url = "https://u:s3cret@h/v1",
         .want = "",
         .problem = "user information"},
        {.name = "PortZero", .url = "https://h:0/v1", .want = "", .problem = "host or port"},
        {.name = "PortTooLarge", .url = "https://h:65536", .want = "", .problem = "host or port"},
        {.name = "PortEmpty", .url = "https://h:/v1", .want = "", .problem = "host or port"},
        {.name = "SpaceInHost", .url = "https://h h/v1", .want = "", .problem = "host or port"},
        {.name = "BadIpv6", .url = "https://[zz::1]/v1", .want = "", .problem = "host or port"},
        {.name = "LineBreak", .url = "https://h/v1\r\nX: y", .want = "", .problem = "characters"},
        {.name = "DotSegment", .url = "https://h/a/../v1", .want = "", .problem = "dot segments"},
        {.name = "EmptySegment", .url = "https://h/a//v1", .want = "", .problem = "dot segments"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

using Texts = std::vector<std::string>;

rc::Gen<std::string> Part(Texts good, Texts bad) {
  return rc::gen::weightedOneOf<std::string>(
      {{4, rc::gen::elementOf(std::move(good))}, {1, rc::gen::elementOf(std::move(bad))}});
}

// Mostly URLs, or nearly: of parts that parsers like to read in different ways.
std::string AnyUrl() {
  const auto scheme =
      Part({"https://", "http://", "HttpS://"}, {"ftp://", "https:/", "https:", ""});
  const auto host =
      Part({"h", "API.Example.com", "mock_llm-1", "10.0.0.1", "1.2.3", "h.", "[::1]", "[FE80::a]"},
           {"[v1.x]", "[::1", ".h", "h..x", "-h", "u:p@h", "@", "h%41", "%2e", "h\\x", "\xC3\xA4",
            "h h", ""});
  const auto port = Part({"", ":443", ":0443", ":8080", ":65535"},
                         {":65536", ":0", ":", ":-1", ":+1", ":x", ":443:443"});
  const auto segment = Part({"/v1", "/a%20b", "/", "/...", "/%2F", "/x@y:z", "/a;b=c"},
                            {"/.", "/..", "/%2e", "/.%2E", "/%zz", "/%", "/a b", "/\r\nX: y",
                             "/\\..", "?q", "#f", "/\xC3\xA4"});
  std::string url = *scheme + *host + *port;
  const int segments = *rc::gen::inRange(0, 4);
  for (int i = 0; i < segments; ++i) url += *segment;
  if (*rc::gen::inRange(0, 4) == 0) {
    url.insert(*rc::gen::inRange<size_t>(0, url.size() + 1), 1, *rc::gen::arbitrary<char>());
  }
  return url;
}

// What is stored and what edges call are the same, whatever an editor writes.
TEST(BaseUrlPropertyTest, WhatIsAcceptedIsWhatEdgesCall) {
  setenv("RC_PARAMS", "max_success=10000", 0);
  int accepted = 0;
  EXPECT_TRUE(rc::check([&accepted] {
    const std::string url = AnyUrl();
    const auto stored = NormalizeBaseUrl(url, true);
    const auto wanted = text::ParseBaseUrl(url);
    RC_ASSERT(stored.ok() == wanted.ok());
    if (!stored.ok()) return;
    ++accepted;
    const auto called = text::ParseBaseUrl(*stored);
    RC_ASSERT(called.ok());
    RC_ASSERT(called->tls == wanted->tls);
    RC_ASSERT(called->host == wanted->host);
    RC_ASSERT(called->port == wanted->port);
    RC_ASSERT(called->authority == wanted->authority);
    RC_ASSERT(called->path == wanted->path);
    RC_ASSERT(*NormalizeBaseUrl(*stored, true) == *stored);
    RC_ASSERT(NormalizeBaseUrl(url, false).ok() == wanted->tls);
  }));
  EXPECT_GT(accepted, 1000) << "want URLs that say something";
}

struct OriginCase {
  std::string_view name, origin;
  bool want;
};
class OriginTest : public ::testing::TestWithParam<OriginCase> {};

TEST_P(OriginTest, TakesWhatBrowsersSend) {
  EXPECT_EQ(IsOrigin(GetParam().origin), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Origins, OriginTest,
                         ::testing::ValuesIn<OriginCase>({
                             {"Https", "https://app.example.com", true},
                             {"HttpWithPort", "http://localhost:3000", true},
                             {"SlashAtTheEnd", "https://app.example.com/", false},
                             {"Path", "https://app.example.com/x", false},
                             {"NoScheme", "app.example.com", false},
                             {"OtherScheme", "file://x", false},
                             {"UpperCase", "https://App.example.com", false},
                             {"UserInfo", "https://u@app.example.com", false},
                             {"PortEmpty", "https://app.example.com:", false},
                             {"Null", "null", false},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::routing
