#include "common/log/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "common/log/buffered_sink.h"
#include "common/log/line.h"
#include "common/log/process_log.h"

namespace weir::log {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"debug", "info", "warn", "error", "off"};

absl::StatusOr<int> Open(const std::string& path) {
  if (path.empty()) return STDOUT_FILENO;
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    return status::InvalidArgument("opening the log file '{}': {}", path,
                                   std::generic_category().message(errno));
  }
  return fd;
}

}  // namespace

std::optional<Level> ParseLevel(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view LevelName(Level level) { return kNames[static_cast<size_t>(level)]; }

absl::Status Configure(Options options) {
  WEIR_ASSIGN_OR_RETURN(const int fd, Open(options.path));
  const Clock& clock = options.clock != nullptr ? *options.clock : internal::MachineClock();
  const std::string head = LineHead(LevelName(Level::kWarn), options.service);
  auto dropped_line = [head, &clock](uint64_t dropped) {
    const Field field("lines", dropped);
    std::string line;
    AppendLine(line, clock.Now(), head, "log.dropped", {&field, 1});
    return line;
  };
  auto sink = std::make_shared<BufferedSink>(fd, std::move(dropped_line));
  internal::Replace(
      std::make_unique<internal::ProcessLog>(options.service, clock, std::move(sink)));
  SetLevel(options.level);
  std::atexit(Flush);
  return absl::OkStatus();
}

void SetLevel(Level level) {
  internal::current_level.store(static_cast<int>(level), std::memory_order_relaxed);
}

void Flush() { internal::Current()->Flush(); }

namespace internal {

std::atomic<int> current_level = static_cast<int>(Level::kInfo);

void Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  Current()->Write(level, event, fields);
}

}  // namespace internal
}  // namespace weir::log
