#include "common/log/buffered_sink.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace weir::log {
namespace {

constexpr Duration kFlushWait = std::chrono::seconds(1);
constexpr int kPollMillis = 50;

// A pipe that polls as writable takes PIPE_BUF bytes at least; more might block for as long as its
// reader likes.
size_t ChunkOf(int fd) {
  struct stat about{};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? SSIZE_MAX : PIPE_BUF;
}

MonotonicTime SteadyNow() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

// Signals belong to the other threads, and a reader that went away is EPIPE here instead of
// SIGPIPE.
void BlockAllSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

BufferedSink::BufferedSink(int fd, DroppedLine dropped_line)
    : fd_(fd), chunk_(ChunkOf(fd)), dropped_line_(std::move(dropped_line)) {
  writer_ = std::thread([this] { Run(); });
}

BufferedSink::~BufferedSink() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    give_up_ = SteadyNow() + kFlushWait;
    wake_.notify_all();
  }
  writer_.join();
}

void BufferedSink::log(const spdlog::details::log_msg& message) {
  MutexLock lock(mutex_);
  Append({message.payload.data(), message.payload.size()}, message.level >= spdlog::level::warn);
}

void BufferedSink::Append(std::string_view line, bool urgent) {
  if (!Fits(line.size())) {
    ++dropped_;
    ++unreported_;
    return;
  }
  const bool was_empty = pending_.empty();
  pending_ += line;
  pending_.push_back('\n');
  appended_bytes_ += line.size() + 1;
  // Only what changes the thread's mind wakes it: most lines cost no system call.
  const bool hurry = !urgent_ && (urgent || pending_.size() >= kFullBytes);
  urgent_ = urgent_ || hurry;
  if (was_empty || hurry) wake_.notify_one();
}

bool BufferedSink::Fits(size_t line_bytes) const {
  return pending_.size() + in_flight_bytes_ + line_bytes + 1 <= kMaxPendingBytes;
}

void BufferedSink::flush() {
  MutexLock lock(mutex_);
  const uint64_t target = appended_bytes_;
  const MonotonicTime end = SteadyNow() + kFlushWait;
  urgent_ = true;
  wake_.notify_one();
  while (done_bytes_ < target) {
    if (idle_.wait_until(mutex_, end) == std::cv_status::timeout) return;
  }
}

uint64_t BufferedSink::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

bool BufferedSink::WaitForWork() {
  while (pending_.empty() && !stopping_) {
    urgent_ = false;
    wake_.wait(mutex_);
  }
  const MonotonicTime end = SteadyNow() + kMaxDelay;
  while (!urgent_ && !stopping_) {
    if (wake_.wait_until(mutex_, end) == std::cv_status::timeout) break;
  }
  return !pending_.empty();
}

void BufferedSink::Run() {
  BlockAllSignals();
  std::string batch;
  std::string_view unwritten;
  for (;;) {
    {
      MutexLock lock(mutex_);
      Settle(batch, unwritten);
      batch.clear();
      if (!WaitForWork()) return;
      batch.swap(pending_);
      in_flight_bytes_ = batch.size();
      urgent_ = false;
    }
    unwritten = WriteOut(batch);
  }
}

void BufferedSink::Settle(std::string_view batch, std::string_view unwritten) {
  done_bytes_ += in_flight_bytes_;
  in_flight_bytes_ = 0;
  const auto lost = static_cast<uint64_t>(std::count(unwritten.begin(), unwritten.end(), '\n'));
  dropped_ += lost;
  unreported_ += lost;
  const std::string_view written = batch.substr(0, batch.size() - unwritten.size());
  if (!written.empty() && written.back() != '\n') {
    pending_.insert(pending_.begin(), '\n');  // Ends the line that was torn.
    ++appended_bytes_;
  }
  if (!written.empty() && unwritten.empty() && unreported_ > 0) {
    const std::string line = dropped_line_(unreported_);
    if (Fits(line.size())) {
      unreported_ = 0;
      Append(line, /*urgent=*/true);
    }
  }
  idle_.notify_all();
}

// Writes `batch`; returns what could not be.
std::string_view BufferedSink::WriteOut(std::string_view batch) {
  while (!batch.empty()) {
    const size_t written = WriteSome(batch);
    if (written == 0) break;
    batch.remove_prefix(written);
  }
  return batch;
}

// Bytes taken; 0 when they never will be.
size_t BufferedSink::WriteSome(std::string_view rest) {
  for (;;) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int count = ::poll(&ready, 1, kPollMillis);
    if (count == 0 || (count < 0 && errno == EINTR)) {
      if (Stopping()) return 0;
      continue;
    }
    const ssize_t written = ::write(fd_, rest.data(), std::min(rest.size(), chunk_));
    if (written > 0) return static_cast<size_t>(written);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return 0;
  }
}

bool BufferedSink::Stopping() const {
  MutexLock lock(mutex_);
  return stopping_ && SteadyNow() >= give_up_;
}

}  // namespace weir::log
