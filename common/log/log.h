#pragma once

#include <atomic>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "common/log/field.h"
#include "common/log/redacted.h"
#include "common/status/status.h"
#include "common/time/clock.h"

// A stable event name and fields with units, as one JSON object a line:
//
//   log::Warn("quota.reserve.denied", {{"tenant", call.tenant()}, {"retry_after_ms", 12}});
//   {"ts":"2025-11-21T10:00:00.000000Z","level":"warn","svc":"quota","event":"quota.reserve...",...}
//
// Debug = for whoever hunts a fault, Info = what happened, Warn = someone may have to act, Error =
// somebody must. Once per cause, where it is decided, never again on the way up.
//
// The one process-wide object of ours: a line must be possible from anywhere, also from where no
// dependency was handed in, and nothing a program does may depend on it. Before Configure lines go
// to stderr, unbuffered. Thread-safe. Does not wait for whoever reads the log (buffered_sink.h).
namespace weir::log {

enum class Level : int { kDebug, kInfo, kWarn, kError, kOff };

// "debug", "info", "warn", "error", "off".
std::optional<Level> ParseLevel(std::string_view name);
std::string_view LevelName(Level level);

struct Options {
  Level level = Level::kInfo;
  std::string service;           // "svc" of every line.
  std::string path;              // Appended to, made where it does not exist (0640). Empty: stdout.
  const Clock* clock = nullptr;  // Outlives the process's last line. Null: the machine's.
};

// Once, from main. A path that cannot be opened is kInvalidArgument, and the lines go on to stderr.
absl::Status Configure(Options options);

// May change while running.
void SetLevel(Level level);

// Returns when every line so far is with the operating system, after a second in any case. Runs by
// itself at a normal exit; main calls it before it ends in another way.
void Flush();

namespace internal {
extern std::atomic<int> current_level;
void Write(Level level, std::string_view event, std::initializer_list<Field> fields);
}  // namespace internal

// For fields that are dear to make: `if (log::Enabled(log::Level::kDebug)) ...`
inline bool Enabled(Level level) {
  return static_cast<int>(level) >= internal::current_level.load(std::memory_order_relaxed);
}

inline void Debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (Enabled(Level::kDebug)) internal::Write(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (Enabled(Level::kInfo)) internal::Write(Level::kInfo, event, fields);
}
inline void Warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (Enabled(Level::kWarn)) internal::Write(Level::kWarn, event, fields);
}
inline void Error(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (Enabled(Level::kError)) internal::Write(Level::kError, event, fields);
}

}  // namespace weir::log
