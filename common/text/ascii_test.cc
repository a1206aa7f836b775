#include "common/text/ascii.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace weir::text {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

TEST(AsciiTest, ComparesWithoutCase) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-Type", "content-TYPE"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_FALSE(EqualsIgnoreCase("content-type", "content-typ"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));  // 0x20 apart, but no letters.
  EXPECT_FALSE(EqualsIgnoreCase("\xC3\x84", "\xC3\xA4"));
}

TEST(AsciiTest, FindsPrefixesAndSuffixesWithoutCase) {
  EXPECT_TRUE(StartsWithIgnoreCase("Bearer abc", "bearer "));
  EXPECT_TRUE(StartsWithIgnoreCase("x", ""));
  EXPECT_FALSE(StartsWithIgnoreCase("Bear", "bearer "));
  EXPECT_TRUE(EndsWithIgnoreCase("api.EXAMPLE.com", ".example.com"));
  EXPECT_FALSE(EndsWithIgnoreCase("com", ".example.com"));
}

TEST(AsciiTest, ChangesCaseOfAsciiAlone) {
  EXPECT_EQ(ToLower("GPT-4O \xC3\x84"), "gpt-4o \xC3\x84");
  EXPECT_EQ(ToUpper("log.level_1 \xC3\xA4"), "LOG.LEVEL_1 \xC3\xA4");
}

TEST(AsciiTest, TrimsBothEnds) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(AsciiTest, SplitsWithoutDroppingEmptyParts) {
  EXPECT_THAT(Split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("a,", ','), ElementsAre("a", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(AsciiTest, SplitsOnceAtTheFirstSeparator) {
  EXPECT_THAT(SplitOnce("key=a=b", '='), Optional(Pair("key", "a=b")));
  EXPECT_THAT(SplitOnce("=", '='), Optional(Pair("", "")));
  EXPECT_EQ(SplitOnce("key", '='), std::nullopt);
}

TEST(AsciiTest, MapsIgnoreCase) {
  const std::map<std::string, int, LessIgnoreCase> headers = {{"X-Api-Key", 1}, {"accept", 2}};
  EXPECT_EQ(headers.find(std::string_view("x-api-KEY"))->second, 1);
  EXPECT_EQ(headers.find(std::string_view("x-api-key2")), headers.end());
}

}  // namespace
}  // namespace weir::text
