#include "common/log/log.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "common/testing/fake_clock.h"
#include "common/testing/scoped_log.h"
#include "common/testing/status_matchers.h"

namespace weir::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using weir::testing::FakeClock;
using weir::testing::IsOk;
using weir::testing::ScopedLog;
using weir::testing::StatusIs;

TEST(LogTest, WritesEventAndFields) {
  ScopedLog log;
  Warn("quota.reserve.denied", {{"tenant", "acme"}, {"retry_after_ms", 12}});
  EXPECT_THAT(
      log.lines(),
      ElementsAre(R"({"ts":"2025-11-21T10:00:00.000000Z","level":"warn","svc":"test",)"
                  R"("event":"quota.reserve.denied","tenant":"acme","retry_after_ms":12})"));
}

TEST(LogTest, LeavesOutWhatIsBelowTheLevel) {
  ScopedLog log;
  SetLevel(Level::kWarn);
  Debug("a");
  Info("b");
  Warn("c");
  Error("d");
  SetLevel(Level::kOff);
  Error("e");
  EXPECT_THAT(log.lines(), ElementsAre(HasSubstr(R"("level":"warn","svc":"test","event":"c")"),
                                       HasSubstr(R"("level":"error","svc":"test","event":"d")")));
  EXPECT_FALSE(Enabled(Level::kError));
}

TEST(LogTest, ScopedLogGivesTheOldOneBack) {
  ScopedLog outer;
  {
    ScopedLog inner;
    Info("inner");
    EXPECT_THAT(inner.WithEvent("inner"), SizeIs(1));
  }
  Info("outer");
  EXPECT_THAT(outer.WithEvent("inner"), IsEmpty());
  EXPECT_THAT(outer.WithEvent("outer"), SizeIs(1));
}

TEST(LogTest, NamesLevels) {
  EXPECT_EQ(ParseLevel("debug"), Level::kDebug);
  EXPECT_EQ(ParseLevel("off"), Level::kOff);
  EXPECT_EQ(ParseLevel("WARN"), std::nullopt);
  EXPECT_EQ(LevelName(Level::kError), "error");
}

TEST(LogTest, ConfigureRefusesAPathItCannotOpen) {
  EXPECT_THAT(Configure({.path = "/nonexistent/weir.log"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "opening the log file '/nonexistent/weir.log': No such file or directory"));
}

TEST(LogTest, ConfigureAppendsToAFileThatOthersCannotRead) {
  static const FakeClock clock;  // As long as the process may log.
  const std::string path =
      ::testing::TempDir() + "/configured_" + std::to_string(::getpid()) + ".log";
  const internal::ProcessLog* before = internal::Current();
  std::ofstream(path) << "old line\n";
  ::chmod(path.c_str(), 0640);
  EXPECT_THAT(Configure({.service = "edge", .path = path, .clock = &clock}), IsOk());
  Info("process.started", {{"version", "1.2.3"}});
  std::thread([] { Info("from.a.thread"); }).join();
  Flush();
  internal::Restore(before);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(),
            "old line\n"
            R"({"ts":"2025-11-21T10:00:00.000000Z","level":"info","svc":"edge",)"
            R"("event":"process.started","version":"1.2.3"})"
            "\n"
            R"({"ts":"2025-11-21T10:00:00.000000Z","level":"info","svc":"edge",)"
            R"("event":"from.a.thread"})"
            "\n");
  ::unlink(path.c_str());
}

// A child process, because what is meant is the exit itself.
TEST(LogDeathTest, WritesPendingLinesAtANormalExit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ASSERT_THAT(Configure({.service = "edge", .path = "/dev/stderr"}), IsOk());
        Info("process.ends");
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "process.ends");
}

TEST(LogDeathTest, WritesToStderrBeforeConfigure) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Warn("config.refused", {{"path", "weir.yaml"}});
        ::_exit(1);  // Not buffered.
      },
      ::testing::ExitedWithCode(1), R"("event":"config.refused","path":"weir.yaml"})");
}

}  // namespace
}  // namespace weir::log
