#include "edge/http/header_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::edge {
namespace {

struct NameCase {
  std::string_view name, header;
  bool want;
};
class IsTokenTest : public testing::TestWithParam<NameCase> {};

TEST_P(IsTokenTest, IsAToken) { EXPECT_EQ(IsToken(GetParam().header), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(Names, IsTokenTest,
                         testing::ValuesIn<NameCase>({
                             {.name = "Usual", .header = "X-Api-Key", .want = true},
                             {.name = "Underscore", .header = "api_key", .want = true},
                             {.name = "EveryMark", .header = "!#$%&'*+-.^_`|~", .want = true},
                             {.name = "Empty", .header = "", .want = false},
                             {.name = "Space", .header = "a b", .want = false},
                             {.name = "Colon", .header = "a:", .want = false},
                             {.name = "LineEnd", .header = "a\r\n", .want = false},
                             {.name = "NotAscii", .header = "gr\xc3\xbc\xc3\x9f", .want = false},
                         }),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(IsHeaderValueTest, NothingEndsTheLine) {
  EXPECT_TRUE(IsHeaderValue(""));
  EXPECT_TRUE(IsHeaderValue("Bearer sk-1\tx"));
  EXPECT_TRUE(IsHeaderValue("gr\xc3\xbc\xc3\x9f"));
  EXPECT_FALSE(IsHeaderValue("a\nb"));
  EXPECT_FALSE(IsHeaderValue("a\rb"));
  EXPECT_FALSE(IsHeaderValue(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsHeaderValue("a\x7f"));
}

TEST(IsNeverForwardedTest, KeepsCredentialsAndFramingWhateverTheirCase) {
  for (const std::string_view each :
       {"Authorization", "x-api-key", "API_KEY", "Cookie", "Content-Length", "transfer-encoding",
        "Host", "TE", "x-request-id", "www-authenticate"}) {
    EXPECT_TRUE(IsNeverForwarded(each)) << each;
  }
  for (const std::string_view each : {"accept", "openai-beta", "x-tenant", "authorizations", ""}) {
    EXPECT_FALSE(IsNeverForwarded(each)) << each;
  }
}

}  // namespace
}  // namespace weir::edge
