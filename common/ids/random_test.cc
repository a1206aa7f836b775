#include "common/ids/random.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "common/testing/fake_clock.h"
#include "common/testing/seeded_random.h"

namespace weir {
namespace {

using testing::FakeClock;
using ::testing::MatchesRegex;
using testing::SeededRandom;
using ::testing::StartsWith;

TEST(NewRequestIdTest, IsAUuidOfVersion7WithoutHyphens) {
  SeededRandom random(1);
  FakeClock clock;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(NewRequestId(clock.Now(), random),
                MatchesRegex("[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}"));
  }
}

TEST(NewRequestIdTest, BeginsWithTheMillisecondsOfItsTime) {
  SeededRandom random(1);
  // The example of RFC 9562, A.6: 2022-02-22 19:22:22 UTC.
  const WallTime time = FromUnixMicros(0x017F22E279B0 * 1000 + 999);
  EXPECT_THAT(NewRequestId(time, random), StartsWith("017f22e279b07"));
}

TEST(NewRequestIdTest, SortsByTime) {
  SeededRandom random(1);
  FakeClock clock;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.push_back(NewRequestId(clock.Now(), random));
    clock.Advance(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(std::ranges::is_sorted(ids));
}

TEST(NewRequestIdTest, DiffersWithinAMillisecond) {
  SeededRandom random(1);
  FakeClock clock;
  std::set<std::string> ids;
  for (int i = 0; i < 100'000; ++i) ids.insert(NewRequestId(clock.Now(), random));
  EXPECT_EQ(ids.size(), 100'000u);
}

// Of the 74 bits that are random each is sometimes set and sometimes not.
TEST(NewRequestIdTest, UsesAllItsRandomBits) {
  SeededRandom random(1);
  FakeClock clock;
  std::array<int, 128> set{};
  for (int i = 0; i < 200; ++i) {
    const std::string id = NewRequestId(clock.Now(), random);
    for (size_t bit = 0; bit < set.size(); ++bit) {
      const int digit = std::stoi(id.substr(bit / 4, 1), nullptr, 16);
      set[bit] += digit >> (3 - bit % 4) & 1;
    }
  }
  const auto fixed = [](int count) { return count == 0 || count == 200; };
  EXPECT_EQ(std::ranges::count_if(set, fixed), 128 - 74);
}

TEST(RandomBase62Test, IsAsLongAsAskedAndUsesAllItsDigits) {
  SeededRandom random(1);
  const std::string text = RandomBase62(random, 10'000);
  EXPECT_THAT(text, MatchesRegex("[0-9A-Za-z]{10000}"));
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 62u);
  EXPECT_EQ(RandomBase62(random, 0), "");
}

}  // namespace
}  // namespace weir
