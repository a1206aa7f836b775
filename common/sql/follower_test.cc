#include "common/sql/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/testing/fake_timers.h"
#include "common/testing/scoped_log.h"

namespace weir::sql {
namespace {

using namespace std::chrono_literals;

class FollowerTest : public ::testing::Test {
 protected:
  ~FollowerTest() override {
    follower_.reset();
    loop_.restart();
    loop_.poll();
  }

  void Start() {
    follower_ = std::make_unique<Follower>(
        "part", [this] { return Follow(); }, 1s,
        Follower::Deps{.loop = loop_, .timers = timers_, .workers = workers_});
  }
  absl::Status Follow() {
    ++runs_;
    while (slow_) std::this_thread::sleep_for(1ms);
    return fails_ ? status::Unavailable("gone") : absl::OkStatus();
  }
  // Runs the loop until there were so many runs, and a little longer.
  void RunUntil(int runs) {
    for (int i = 0; i < 5000 && runs_ < runs; ++i) Step();
    for (int i = 0; i < 20; ++i) Step();
    EXPECT_EQ(runs_, runs);
  }
  void Step() {
    loop_.restart();
    loop_.poll();
    std::this_thread::sleep_for(1ms);
  }

  asio::io_context loop_;
  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  WorkerPool workers_{"test", 1, 10};
  std::unique_ptr<Follower> follower_;
  std::atomic<int> runs_ = 0;
  std::atomic<bool> slow_ = false;
  std::atomic<bool> fails_ = false;
};

TEST_F(FollowerTest, RunsEachPeriodAndWhenRung) {
  Start();
  RunUntil(1);
  timers_.Advance(999ms, loop_);
  RunUntil(1);
  timers_.Advance(1ms, loop_);
  RunUntil(2);
  follower_->Ring();
  RunUntil(3);
  timers_.Advance(999ms, loop_);
  RunUntil(3);
  timers_.Advance(1ms, loop_);
  RunUntil(4);
}

TEST_F(FollowerTest, RingsDuringARunLeadToOneMore) {
  slow_ = true;
  Start();
  RunUntil(1);
  for (int i = 0; i < 10; ++i) follower_->Ring();
  RunUntil(1);
  slow_ = false;
  RunUntil(2);
}

TEST_F(FollowerTest, LogsAFailureOnce) {
  const testing::ScopedLog log;
  fails_ = true;
  Start();
  RunUntil(1);
  follower_->Ring();
  RunUntil(2);
  fails_ = false;
  follower_->Ring();
  RunUntil(3);
  follower_->Ring();
  RunUntil(4);
  EXPECT_THAT(log.WithEvent("store.unreachable"), ::testing::SizeIs(1));
  EXPECT_THAT(log.WithEvent("store.reachable"), ::testing::SizeIs(1));
}

TEST_F(FollowerTest, EndsDuringARunAndDuringItsWait) {
  slow_ = true;
  Start();
  RunUntil(1);
  follower_.reset();
  slow_ = false;
  RunUntil(1);
  Start();
  RunUntil(2);
  follower_.reset();
  timers_.Advance(10s, loop_);
  RunUntil(2);
}

}  // namespace
}  // namespace weir::sql
