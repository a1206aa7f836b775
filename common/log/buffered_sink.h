#pragma once

#include <spdlog/sinks/sink.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/async/mutex.h"
#include "common/time/clock.h"

namespace weir::log {

// Lines to a file descriptor, written by one thread of its own: log() appends to a buffer and never
// waits for the reader.
//
// Written when 64 KiB are pending, at once for warnings and errors, and otherwise 100 ms after the
// first line. With nothing pending the thread sleeps without a timeout. With 1 MiB unwritten, as
// when the reader of a pipe stands still, lines are dropped and counted; so are those of a write
// that fails. The first write that works again is followed by what `dropped_line` makes of the
// count. Thread-safe.
class BufferedSink final : public spdlog::sinks::sink {
 public:
  static constexpr size_t kFullBytes = 64 << 10;
  static constexpr size_t kMaxPendingBytes = 1 << 20;
  static constexpr Duration kMaxDelay = std::chrono::milliseconds(100);

  // The line, without a line feed, that says how many were dropped.
  using DroppedLine = std::function<std::string(uint64_t dropped)>;

  // Borrows `fd`, which outlives the sink.
  BufferedSink(int fd, DroppedLine dropped_line);
  // Writes what is pending, as far as the reader takes it within a second.
  ~BufferedSink() override;

  // The payload, which has no line feed, as one line. Waits for a lock alone.
  void log(const spdlog::details::log_msg& message) override;
  // Returns once every line so far is written or dropped; after a second in any case.
  void flush() override;
  // A payload is a whole line already.
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  // Since the start.
  uint64_t dropped() const;

 private:
  void Append(std::string_view line, bool urgent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  bool Fits(size_t line_bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False when it is time to end.
  bool WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes note of what became of the last batch.
  void Settle(std::string_view batch, std::string_view unwritten)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string_view WriteOut(std::string_view batch);
  size_t WriteSome(std::string_view rest);
  bool Stopping() const;

  const int fd_;
  const size_t chunk_;  // The most that one write takes without blocking.
  const DroppedLine dropped_line_;

  mutable Mutex mutex_;
  std::condition_variable_any wake_;  // The thread: lines, a hurry, or the end.
  std::condition_variable_any idle_;  // flush(): a batch is done.
  std::string pending_ ABSL_GUARDED_BY(mutex_);
  size_t in_flight_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the batch that is being written.
  uint64_t appended_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t done_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t unreported_ ABSL_GUARDED_BY(mutex_) = 0;  // Of dropped_, not yet in a line.
  bool urgent_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  MonotonicTime give_up_ ABSL_GUARDED_BY(mutex_){};  // When stopping: no write after this.
  std::thread writer_;                               // Last: starts when all else is there.
};

}  // namespace weir::log
