#include "services/identity/key.h"

#include <gtest/gtest.h>

#include <set>

#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::identity {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::SeededRandom;
using testing::StatusIs;

const std::string kKey = FormatKey("wr_", "3fA9abcdEFGH", std::string(43, 'S'));

TEST(KeyTest, BringsBackTheParts) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = RandomBase62(random, kPublicIdLength);
    const std::string secret = RandomBase62(random, 43);
    const std::string text = FormatKey("wr_", id, secret);
    EXPECT_EQ(text.size(), kKeyLength);
    const auto parsed = ParseKey("wr_", text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->prefix, "wr_");
    EXPECT_EQ(parsed->public_id, id);
    EXPECT_EQ(parsed->secret, secret);
  }
}

TEST(KeyTest, NewKeysAreWellFormedAndDiffer) {
  SeededRandom random(2);
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.insert(NewKey("wa_", random));
    EXPECT_TRUE(ParseKey("wa_", *keys.rbegin()));
  }
  EXPECT_EQ(keys.size(), 1000u);
}

TEST(KeyTest, EveryChangedBitIsNoticed) {
  SeededRandom random(3);
  for (int round = 0; round < 20; ++round) {
    const std::string text = NewKey("wr_", random);
    for (size_t i = 0; i < 8 * text.size(); ++i) {
      std::string changed = text;
      changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
      EXPECT_FALSE(ParseKey("wr_", changed)) << i;
    }
  }
}

TEST(KeyTest, TwoSwappedCharactersAreNoticed) {
  SeededRandom random(4);
  const std::string text = NewKey("wr_", random);
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    std::string swapped = text;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_EQ(ParseKey("wr_", swapped).has_value(), swapped == text) << i;
  }
}

TEST(KeyTest, OtherLengthsAndPrefixesAreNotKeys) {
  for (size_t size = 0; size < kKey.size(); ++size)
    EXPECT_FALSE(ParseKey("wr_", kKey.substr(0, size)));
  EXPECT_FALSE(ParseKey("wr_", kKey + "0"));
  EXPECT_FALSE(ParseKey("wa_", kKey));
  EXPECT_FALSE(ParseKey("wr_", ""));
  EXPECT_FALSE(ParseKey("wr_", FormatKey("wr_", "3fA9abcdEFG-", std::string(43, 'S'))));
}

struct ShapeCase {
  std::string name, text;
  bool dev = false;
  bool good = false;
};
class KeyShapeTest : public ::testing::TestWithParam<ShapeCase> {};
TEST_P(KeyShapeTest, IsAcceptedOrRefusedWithoutShowingIt) {
  const SuppliedKeyRule rule = {.min_length = GetParam().dev ? 8u : 20u};
  const absl::Status shape = CheckKeyShape(GetParam().text, rule);
  EXPECT_EQ(shape.ok(), GetParam().good) << shape;
  if (!shape.ok()) {
    EXPECT_EQ(shape.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status::Message(shape)), Not(HasSubstr("secret")));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Cases, KeyShapeTest,
    ::testing::ValuesIn<ShapeCase>({
        {.name = "OfOurs", .text = kKey, .good = true},
        {.name = "OfOursCut", .text = kKey.substr(0, 64)},
        {.name = "LooksLikeOurs", .text = "wr_secret-value-long-enough"},
        {.name = "LooksLikeOursInDev", .text = "wr_secret-value", .dev = true},
        {.name = "Supplied20", .text = "secret--secret--1234", .good = true},
        {.name = "Supplied19", .text = "secret--secret--123"},
        {.name = "Supplied512", .text = std::string(512, 'a'), .good = true},
        {.name = "Supplied513", .text = std::string(513, 'a')},
        {.name = "Spaces", .text = "a secret with ~ spaces", .good = true},
        {.name = "ShortInDev", .text = "demo-api-key", .dev = true, .good = true},
        {.name = "EightInDev", .text = "12345678", .dev = true, .good = true},
        {.name = "SevenInDev", .text = "1234567", .dev = true},
        {.name = "Empty", .text = ""},
        {.name = "LineFeed", .text = "secret--secret--secret\n"},
        {.name = "NotAscii", .text = "secret--secret--secret\xc3\xa9"},
        {.name = "Nul", .text = std::string("secret--secret--secret\0", 23)},
    }),
    [](const auto& each) { return each.param.name; });

TEST(ShownTest, HidesWhatMayBeASecret) {
  EXPECT_EQ(Shown("team-a"), "team-a");
  EXPECT_EQ(Shown("a\nb"), "a\\nb");
  EXPECT_EQ(Shown("wr_abc"), "(6 characters)");
  EXPECT_EQ(Shown("wa_abc"), "(6 characters)");
  EXPECT_EQ(Shown(std::string(64, 'x')), "(64 characters)");
}

TEST(SuppliedPublicIdTest, TellsItselfApart) {
  SeededRandom random(5);
  const std::string id = NewSuppliedPublicId(random);
  EXPECT_EQ(id.size(), kPublicIdLength);
  EXPECT_EQ(id[0], 'x');
}

TEST(KeyHasherTest, DependsOnPepperAndKey) {
  const KeyHasher hasher("pepper-pepper-pepper"), other("other-other-other-ot");
  EXPECT_EQ(hasher(kKey).size(), 32u);
  EXPECT_EQ(hasher(kKey), hasher(kKey));
  EXPECT_NE(hasher(kKey), hasher(kKey + "x"));
  EXPECT_NE(hasher(kKey), other(kKey));
}

}  // namespace
}  // namespace weir::identity
