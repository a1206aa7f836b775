#include "edge/pipeline/address_limiter.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "common/testing/fake_clock.h"

namespace weir::edge {
namespace {

using ::weir::testing::FakeClock;

using asio::ip::make_address;
using std::chrono::milliseconds;

int Admitted(AddressLimiter& limiter, const std::string& address, int tries) {
  int admitted = 0;
  for (int i = 0; i < tries; ++i) admitted += limiter.Admit(make_address(address)) ? 1 : 0;
  return admitted;
}

TEST(AddressLimiterTest, ZeroIsNoLimit) {
  const FakeClock clock;
  AddressLimiter limiter(0, 0, clock);
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 10'000), 10'000);
}

TEST(AddressLimiterTest, ABurstAndThenTheRate) {
  FakeClock clock;
  AddressLimiter limiter(10, 5, clock);
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 20), 5);
  clock.Advance(milliseconds(99));
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 20), 0);
  clock.Advance(milliseconds(2));
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 20), 1);
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 20), 5) << "no more than the burst is saved up";
}

TEST(AddressLimiterTest, AddressesDoNotShare) {
  const FakeClock clock;
  AddressLimiter limiter(1, 1, clock);
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 3), 1);
  EXPECT_EQ(Admitted(limiter, "192.0.2.2", 3), 1);
  EXPECT_EQ(Admitted(limiter, "2001:db8:1::1", 3), 1);
}

// One customer has a whole /64: its addresses are as cheap as ports.
TEST(AddressLimiterTest, AddressesOfOneV6NetworkShare) {
  const FakeClock clock;
  AddressLimiter limiter(1, 2, clock);
  EXPECT_EQ(Admitted(limiter, "2001:db8::1", 1), 1);
  EXPECT_EQ(Admitted(limiter, "2001:db8::ffff:2", 1), 1);
  EXPECT_EQ(Admitted(limiter, "2001:db8::3", 1), 0);
  EXPECT_EQ(Admitted(limiter, "2001:db8:0:1::3", 1), 1);
}

TEST(AddressLimiterTest, AV4AddressIsTheSameInsideV6) {
  const FakeClock clock;
  AddressLimiter limiter(1, 1, clock);
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 1), 1);
  EXPECT_EQ(Admitted(limiter, "::ffff:192.0.2.1", 1), 0);
  EXPECT_EQ(Admitted(limiter, "::ffff:192.0.2.2", 1), 1);
}

TEST(AddressLimiterTest, TheLeastRecentAddressIsForgotten) {
  const FakeClock clock;
  AddressLimiter limiter(0.001, 1, clock);
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 2), 1);
  for (uint32_t i = 0; i < 1'000; ++i) limiter.Admit(asio::ip::address_v4(0x0A000000 + i));
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 1), 0) << "still known, and recent again";
  for (uint32_t i = 0; i < 100'000; ++i) limiter.Admit(asio::ip::address_v4(0x0B000000 + i));
  EXPECT_EQ(Admitted(limiter, "192.0.2.1", 1), 1);
}

TEST(AddressLimiterTest, LoopsShareTheRateOfAnAddress) {
  const FakeClock clock;
  AddressLimiter limiter(1, 1'000, clock);
  std::atomic<int> admitted{0};
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 4; ++loop) {
    loops.emplace_back([&, loop] {
      admitted += Admitted(limiter, "192.0.2.1", 1'000);
      for (uint32_t i = 0; i < 2'000; ++i) {
        limiter.Admit(asio::ip::address_v4(0x0A000000 + i * 4 + static_cast<uint32_t>(loop)));
      }
    });
  }
  for (std::thread& each : loops) each.join();
  EXPECT_EQ(admitted, 1'000);
}

}  // namespace
}  // namespace weir::edge
