#include "apps/standalone/bootstrap_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/testing/status_matchers.h"
#include "common/time/clock.h"

namespace weir::standalone {
namespace {

using testing::IsOk;
using testing::StatusIs;

class BootstrapWatchTest : public ::testing::Test {
 protected:
  BootstrapWatchTest() {
    std::string name = (std::filesystem::temp_directory_path() / "bootstrap-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~BootstrapWatchTest() override {
    watch_.reset();
    loop_.poll();
    workers_.Stop();
    std::filesystem::remove_all(folder_);
  }

  absl::Status Start(const std::string& folder) {
    auto watch = BootstrapWatch::Start(folder, loop_, timers_, workers_, [this] {
      const int running = ++running_;
      most_running_ = std::max<int>(most_running_, running);
      // Long enough for another change to come meanwhile.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      --running_;
      ++applied_;
      return applied_ == 1 ? first_answer_ : absl::OkStatus();
    });
    if (watch.ok()) watch_ = *std::move(watch);
    return watch.status();
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  // Runs the loop until `count` applies are done, at most 5 s.
  void RunUntilApplied(int count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (applied_ < count && std::chrono::steady_clock::now() < end) {
      loop_.run_one_for(std::chrono::milliseconds(50));
    }
  }

  std::string folder_;
  SystemClock clock_;
  asio::io_context loop_;
  AsioTimers timers_{loop_, clock_};
  WorkerPool workers_{"test", 2, 16};
  std::unique_ptr<BootstrapWatch> watch_;
  absl::Status first_answer_;
  std::atomic<int> running_ = 0, most_running_ = 0, applied_ = 0;
};

TEST_F(BootstrapWatchTest, AppliesOnceForFilesThatAreWrittenInARow) {
  ASSERT_THAT(Start(folder_), IsOk());
  Write("a.yaml", "one");
  Write("b.yaml", "two");
  RunUntilApplied(1);
  EXPECT_EQ(applied_, 1);
  // Nothing more comes of the same change.
  loop_.run_for(std::chrono::milliseconds(400));
  EXPECT_EQ(applied_, 1);
}

TEST_F(BootstrapWatchTest, AppliesAgainAndNeverTwiceAtATime) {
  ASSERT_THAT(Start(folder_), IsOk());
  for (int i = 1; i <= 3; ++i) {
    Write("a.yaml", std::to_string(i));
    RunUntilApplied(i);
  }
  EXPECT_EQ(applied_, 3);
  EXPECT_EQ(most_running_, 1);
}

TEST_F(BootstrapWatchTest, GoesOnAfterDocumentsThatAreRefused) {
  first_answer_ = status::InvalidArgument("a.yaml:1: nonsense");
  ASSERT_THAT(Start(folder_), IsOk());
  Write("a.yaml", "bad");
  RunUntilApplied(1);
  Write("a.yaml", "good");
  RunUntilApplied(2);
  EXPECT_EQ(applied_, 2);
}

TEST_F(BootstrapWatchTest, AFolderThatIsMissingIsNamed) {
  EXPECT_THAT(Start("/nowhere/at/all"),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("/nowhere/at/all")));
}

}  // namespace
}  // namespace weir::standalone
