#include "common/log/buffered_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/details/log_msg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace weir::log {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

// Both ends of a pipe; the sink gets the one, the test reads the other.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    CloseReader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  bool HasBytesWithin(std::chrono::milliseconds wait) const {
    pollfd ready{.fd = ends_[0], .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, static_cast<int>(wait.count())) == 1;
  }
  // What comes until `pause` passes without a byte.
  std::string Read(std::chrono::milliseconds pause = std::chrono::milliseconds(300)) const {
    std::string all;
    while (HasBytesWithin(pause)) {
      char some[4096];
      const ssize_t size = ::read(ends_[0], some, sizeof(some));
      if (size <= 0) break;
      all.append(some, static_cast<size_t>(size));
    }
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

std::string DroppedLine(uint64_t dropped) { return "dropped " + std::to_string(dropped); }

void Log(BufferedSink& sink, std::string_view line,
         spdlog::level::level_enum level = spdlog::level::info) {
  sink.log(
      spdlog::details::log_msg("test", level, spdlog::string_view_t(line.data(), line.size())));
}

size_t CountLines(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(BufferedSinkTest, HoldsInfoBackAndWritesItSoon) {
  Pipe pipe;
  BufferedSink sink(pipe.writer(), DroppedLine);
  Log(sink, "first");
  Log(sink, "second");
  EXPECT_FALSE(pipe.HasBytesWithin(std::chrono::milliseconds(20)));
  EXPECT_EQ(pipe.Read(), "first\nsecond\n");
}

TEST(BufferedSinkTest, WritesAWarningAtOnceWithWhatWasBeforeIt) {
  Pipe pipe;
  BufferedSink sink(pipe.writer(), DroppedLine);
  Log(sink, "info");
  const auto start = std::chrono::steady_clock::now();
  Log(sink, "warning", spdlog::level::warn);
  EXPECT_TRUE(pipe.HasBytesWithin(std::chrono::seconds(5)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(80));
  EXPECT_EQ(pipe.Read(), "info\nwarning\n");
}

TEST(BufferedSinkTest, FlushReturnsWhenAllIsWritten) {
  Pipe pipe;
  BufferedSink sink(pipe.writer(), DroppedLine);
  sink.flush();  // Nothing to do is no reason to wait.
  for (int i = 0; i < 100; ++i) Log(sink, "line");
  sink.flush();
  EXPECT_TRUE(pipe.HasBytesWithin(std::chrono::milliseconds(0)));
  EXPECT_EQ(CountLines(pipe.Read()), 100U);
}

TEST(BufferedSinkTest, WritesWhatIsPendingWhenItEnds) {
  Pipe pipe;
  {
    Log(*std::make_unique<BufferedSink>(pipe.writer(), DroppedLine), "last");
  }
  EXPECT_EQ(pipe.Read(std::chrono::milliseconds(0)), "last\n");
}

TEST(BufferedSinkTest, DropsAndCountsWhileTheReaderStandsStill) {
  Pipe pipe;
  BufferedSink sink(pipe.writer(), DroppedLine);
  const std::string line(999, 'x');
  constexpr int kLines = 3000;  // Thrice what may be pending.
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kLines; ++i) Log(sink, line, spdlog::level::err);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  const uint64_t dropped = sink.dropped();
  EXPECT_GT(dropped, 1500U);

  const std::string read = pipe.Read();
  EXPECT_EQ(CountLines(read), kLines - dropped + 1);
  EXPECT_THAT(read, EndsWith("dropped " + std::to_string(dropped) + "\n"));
  EXPECT_EQ(sink.dropped(), dropped);
}

TEST(BufferedSinkTest, EndsWithinASecondThoughNobodyReads) {
  Pipe pipe;
  std::optional<BufferedSink> sink(std::in_place, pipe.writer(), DroppedLine);
  for (int i = 0; i < 500; ++i) Log(*sink, std::string(999, 'x'));
  const auto start = std::chrono::steady_clock::now();
  sink.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

TEST(BufferedSinkTest, SurvivesAReaderThatWentAway) {
  Pipe pipe;
  pipe.CloseReader();
  BufferedSink sink(pipe.writer(), DroppedLine);
  Log(sink, "to nobody", spdlog::level::err);
  sink.flush();
  EXPECT_EQ(sink.dropped(), 1U);
}

// A file that may not grow for a while: as with a full disk, a write takes a part and then fails.
TEST(BufferedSinkTest, EndsATornLineAndReportsWhatWasLost) {
  std::string path = ::testing::TempDir() + "/torn_log_XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  {
    BufferedSink sink(fd, DroppedLine);
    const rlimit small{.rlim_cur = 8, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    Log(sink, "one");
    Log(sink, "two is torn");
    sink.flush();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(sink.dropped(), 1U);
    Log(sink, "three");
    sink.flush();
  }
  char text[100] = {};
  EXPECT_GT(::pread(fd, text, sizeof(text) - 1, 0), 0);
  EXPECT_STREQ(text, "one\ntwo \nthree\ndropped 1\n");
  ::close(fd);
  ::unlink(path.c_str());
}

TEST(BufferedSinkTest, KeepsTheLinesOfManyThreadsWhole) {
  Pipe pipe;
  std::string read;
  std::thread reader([&] { read = pipe.Read(std::chrono::seconds(1)); });
  {
    BufferedSink sink(pipe.writer(), DroppedLine);
    std::vector<std::thread> writers;
    for (char name : {'a', 'b', 'c', 'd'}) {
      writers.emplace_back([&sink, name] {
        for (int i = 0; i < 200; ++i) Log(sink, std::string(100, name));
      });
    }
    for (std::thread& each : writers) each.join();
  }
  reader.join();
  EXPECT_EQ(read.size(), 4U * 200 * 101);
  for (size_t at = 0; at + 101 <= read.size(); at += 101) {
    ASSERT_EQ(read.substr(at, 101), std::string(100, read[at]) + "\n");
  }
}

std::set<std::string> Threads() {
  std::set<std::string> ids;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    ids.insert(each.path().filename());
  }
  return ids;
}

// How often a thread of this process went to sleep by itself.
std::string Sleeps(const std::string& thread) {
  std::ifstream status("/proc/self/task/" + thread + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("voluntary_ctxt_switches")) return line;
  }
  return "the thread is gone";
}

TEST(BufferedSinkTest, DoesNotWakeUpWhileIdle) {
  const std::set<std::string> before = Threads();
  Pipe pipe;
  BufferedSink sink(pipe.writer(), DroppedLine);
  Log(sink, "line");
  EXPECT_EQ(pipe.Read(), "line\n");
  std::string thread;
  for (const std::string& each : Threads()) {
    if (!before.contains(each)) thread = each;
  }
  const std::string sleeps = Sleeps(thread);
  EXPECT_THAT(sleeps, StartsWith("voluntary"));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(Sleeps(thread), sleeps);
}

}  // namespace
}  // namespace weir::log
