#include "common/routing/rotation.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace weir::routing {
namespace {

// Turns as digits: 0b101 of 3 -> "0202..."; '-' where nobody is available.
std::string Turns(Rotation& rotation, MemberSet available, size_t size, int calls) {
  std::string turns;
  for (int i = 0; i < calls; ++i) {
    const std::optional<size_t> member = rotation.Next(available, size);
    turns += member ? static_cast<char>('0' + *member) : '-';
  }
  return turns;
}

struct TurnsCase {
  std::string_view name;
  MemberSet available;
  size_t size;
  std::string_view want;
};
class RotationTurnsTest : public ::testing::TestWithParam<TurnsCase> {};

TEST_P(RotationTurnsTest, PassesOverWhoIsOut) {
  Rotation rotation;
  EXPECT_EQ(Turns(rotation, GetParam().available, GetParam().size, 6), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Sets, RotationTurnsTest,
    ::testing::ValuesIn<TurnsCase>({
        {.name = "All", .available = 0b111, .size = 3, .want = "012012"},
        {.name = "One", .available = 0b1, .size = 1, .want = "000000"},
        {.name = "FirstOut", .available = 0b110, .size = 3, .want = "121212"},
        {.name = "MiddleOut", .available = 0b101, .size = 3, .want = "020202"},
        {.name = "LastOut", .available = 0b011, .size = 3, .want = "010101"},
        {.name = "OnlyLast", .available = 0b100, .size = 3, .want = "222222"},
        {.name = "None", .available = 0, .size = 3, .want = "------"},
        {.name = "BitsPastTheEndDoNotCount", .available = 0b111000, .size = 3, .want = "------"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RotationTest, GoesOnWhereItWasWhenSomebodyComesBack) {
  Rotation rotation;
  EXPECT_EQ(Turns(rotation, 0b111, 3, 1), "0");
  EXPECT_EQ(Turns(rotation, 0b101, 3, 3), "202");
  EXPECT_EQ(Turns(rotation, 0b111, 3, 4), "0120");
}

TEST(RotationTest, FitsARouteThatShrinks) {
  Rotation rotation;
  EXPECT_EQ(Turns(rotation, 0b11111, 5, 4), "0123");
  EXPECT_EQ(Turns(rotation, 0b11, 2, 3), "010");
}

TEST(RotationTest, HasRoomForSixtyFour) {
  Rotation rotation;
  for (size_t want = 0; want < kMaxMembers; ++want) {
    ASSERT_EQ(rotation.Next(~MemberSet{0}, kMaxMembers), want);
  }
  EXPECT_EQ(rotation.Next(~MemberSet{0}, kMaxMembers), 0u);
}

TEST(RotationTest, PeekPassesNoTurn) {
  Rotation rotation;
  rotation.Next(0b111, 3);
  EXPECT_EQ(rotation.Peek(0b111, 3), 1u);
  EXPECT_EQ(rotation.Peek(0b111, 3), 1u);
  EXPECT_EQ(rotation.Next(0b111, 3), 1u);
}

TEST(RotationTest, GivesExactSharesToEightThreads) {
  constexpr size_t kMembers = 3;
  constexpr int kThreads = 8;
  constexpr int kCalls = 30'000;  // Each; divides by kMembers in all.
  Rotation rotation;
  std::array<std::atomic<int>, kMembers> shares{};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) ++shares[*rotation.Next(0b111, kMembers)];
    });
  }
  for (std::thread& each : threads) each.join();
  for (const std::atomic<int>& each : shares) {
    EXPECT_EQ(each, kThreads * kCalls / static_cast<int>(kMembers));
  }
}

}  // namespace
}  // namespace weir::routing
