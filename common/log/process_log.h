#pragma once

#include <spdlog/logger.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "common/log/log.h"

namespace weir::log::internal {

// Lives as long as the process.
const Clock& MachineClock();

// What the free functions of log.h write to. Immutable once current, and never destroyed: a thread
// may still be inside it.
class ProcessLog {
 public:
  // `clock` outlives it.
  ProcessLog(std::string_view service, const Clock& clock,
             std::shared_ptr<spdlog::sinks::sink> sink);

  void Write(Level level, std::string_view event, std::initializer_list<Field> fields) const;
  // The line of Write, alone.
  std::string Line(Level level, std::string_view event, std::initializer_list<Field> fields) const;
  void Flush() const { logger_->flush(); }

 private:
  void AppendTo(std::string& out, Level level, WallTime now, std::string_view event,
                std::initializer_list<Field> fields) const;

  const Clock& clock_;
  std::array<std::string, 4> heads_;  // By level.
  std::shared_ptr<spdlog::logger> logger_;
};

// The current one; the one on stderr until Configure. Never null.
const ProcessLog* Current();

// Makes `next` current; returns the one before. Both stay alive for the rest of the process. For
// Configure and for tests.
const ProcessLog* Replace(std::unique_ptr<const ProcessLog> next);
void Restore(const ProcessLog* previous);

}  // namespace weir::log::internal
