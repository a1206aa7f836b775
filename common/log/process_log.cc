#include "common/log/process_log.h"

#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <vector>

#include "common/async/mutex.h"
#include "common/log/line.h"

namespace weir::log::internal {
namespace {

// Before Configure: each line at once, so that a start that fails has said why.
class StderrSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.data(), message.payload.size());
    line.push_back('\n');
    // There is nobody left to tell where stderr fails.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

const ProcessLog* StderrLog() {
  static const auto* log = new ProcessLog("", MachineClock(), std::make_shared<StderrSink>());
  return log;
}

spdlog::level::level_enum SpdlogLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      break;
  }
  return spdlog::level::off;
}

std::atomic<const ProcessLog*> current = nullptr;

}  // namespace

const Clock& MachineClock() {
  static const SystemClock clock;
  return clock;
}

ProcessLog::ProcessLog(std::string_view service, const Clock& clock,
                       std::shared_ptr<spdlog::sinks::sink> sink)
    : clock_(clock), logger_(std::make_shared<spdlog::logger>("weir", std::move(sink))) {
  for (size_t i = 0; i < heads_.size(); ++i) {
    heads_[i] = LineHead(LevelName(static_cast<Level>(i)), service);
  }
  logger_->set_level(spdlog::level::trace);  // log::Enabled has decided already.
}

void ProcessLog::AppendTo(std::string& out, Level level, WallTime now, std::string_view event,
                          std::initializer_list<Field> fields) const {
  AppendLine(out, now, heads_[static_cast<size_t>(level)], event, {fields.begin(), fields.size()});
}

void ProcessLog::Write(Level level, std::string_view event,
                       std::initializer_list<Field> fields) const {
  thread_local std::string line;
  const WallTime now = clock_.Now();
  line.clear();
  AppendTo(line, level, now, event, fields);
  logger_->log(now, spdlog::source_loc{}, SpdlogLevel(level), spdlog::string_view_t(line));
}

std::string ProcessLog::Line(Level level, std::string_view event,
                             std::initializer_list<Field> fields) const {
  std::string line;
  AppendTo(line, level, clock_.Now(), event, fields);
  return line;
}

const ProcessLog* Current() {
  const ProcessLog* log = current.load(std::memory_order_acquire);
  return log != nullptr ? log : StderrLog();
}

const ProcessLog* Replace(std::unique_ptr<const ProcessLog> next) {
  // Reachable for ever, so no leak; a handful at most, one in a program.
  static Mutex mutex;
  static auto* const kept = new std::vector<std::unique_ptr<const ProcessLog>>();
  MutexLock lock(mutex);
  kept->push_back(std::move(next));
  return current.exchange(kept->back().get(), std::memory_order_acq_rel);
}

void Restore(const ProcessLog* previous) { current.store(previous, std::memory_order_release); }

}  // namespace weir::log::internal
