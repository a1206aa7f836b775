#include "edge/http/peer_watch.h"

#include <gmock/gmock.h>

#include <memory>

#include "common/testing/fake_timers.h"

namespace weir::edge {
namespace {

using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;

using std::chrono::milliseconds;
using std::chrono::seconds;

class PeerWatchTest : public ::testing::Test {
 protected:
  void Advance(Duration step) { timers_.Advance(step, loop_); }

  asio::io_context loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  PeerWatch watch_{timers_};
};

TEST_F(PeerWatchTest, LooksFourTimesASecond) {
  int looked = 0;
  PeerWatch::Watched watched(watch_, [&] { ++looked; });
  Advance(milliseconds(249));
  EXPECT_EQ(looked, 0);
  Advance(milliseconds(1));
  EXPECT_EQ(looked, 1);
  Advance(seconds(1));
  EXPECT_EQ(looked, 5);
}

TEST_F(PeerWatchTest, LooksAtEveryone) {
  int first = 0;
  int second = 0;
  PeerWatch::Watched one(watch_, [&] { ++first; });
  PeerWatch::Watched two(watch_, [&] { ++second; });
  Advance(milliseconds(250));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(PeerWatchTest, StopsWithTheLastRequestAndStartsWithTheNext) {
  int looked = 0;
  auto watched = std::make_unique<PeerWatch::Watched>(watch_, [&] { ++looked; });
  Advance(milliseconds(250));
  watched.reset();
  Advance(seconds(5));
  EXPECT_EQ(looked, 1);
  PeerWatch::Watched again(watch_, [&] { ++looked; });
  Advance(milliseconds(250));
  EXPECT_EQ(looked, 2);
}

TEST_F(PeerWatchTest, ACheckMayEndOtherRequestsAndBeginNewOnes) {
  int looked = 0;
  std::unique_ptr<PeerWatch::Watched> watched[3];
  for (int i = 0; i < 3; ++i) {
    watched[i] = std::make_unique<PeerWatch::Watched>(watch_, [&, i] {
      ++looked;
      for (int other = 0; other < 3; ++other) {
        if (other != i) watched[other] = nullptr;
      }
      watched[(i + 1) % 3] = std::make_unique<PeerWatch::Watched>(watch_, [&] { looked += 100; });
    });
  }
  Advance(milliseconds(250));
  EXPECT_EQ(looked % 100, 1);
  Advance(milliseconds(250));
  EXPECT_GE(looked, 100);
}

}  // namespace
}  // namespace weir::edge
