#pragma once

#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/mutex.h"
#include "common/log/log.h"
#include "common/log/process_log.h"
#include "common/testing/fake_clock.h"

namespace weir::testing {

// Catches what the process logs while it lives, from debug up, instead of the log before. One at a
// time. Thread-safe.
//
//   ScopedLog log;
//   ...
//   EXPECT_THAT(log.WithEvent("quota.reserve.denied"), ElementsAre(HasSubstr("acme")));
class ScopedLog {
 public:
  ScopedLog()
      : level_(log::internal::current_level.load()),
        sink_(std::make_shared<Sink>()),
        previous_(log::internal::Replace(
            std::make_unique<log::internal::ProcessLog>("test", Clock(), sink_))) {
    log::SetLevel(log::Level::kDebug);
  }
  ~ScopedLog() {
    log::internal::Restore(previous_);
    log::internal::current_level.store(level_);
  }
  ScopedLog(const ScopedLog&) = delete;
  ScopedLog& operator=(const ScopedLog&) = delete;

  // Whole lines, without line feeds, oldest first. "ts" stands still at FakeClock's start; "svc" is
  // "test".
  std::vector<std::string> lines() const { return sink_->lines(); }

  std::vector<std::string> WithEvent(std::string_view event) const {
    const std::string needle = "\"event\":\"" + std::string(event) + "\"";
    std::vector<std::string> found;
    for (std::string& each : sink_->lines()) {
      if (each.find(needle) != std::string::npos) found.push_back(std::move(each));
    }
    return found;
  }

 private:
  class Sink final : public spdlog::sinks::sink {
   public:
    void log(const spdlog::details::log_msg& message) override {
      MutexLock lock(mutex_);
      lines_.emplace_back(message.payload.data(), message.payload.size());
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
    std::vector<std::string> lines() const {
      MutexLock lock(mutex_);
      return lines_;
    }

   private:
    mutable Mutex mutex_;
    std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  };

  static const FakeClock& Clock() {
    static const FakeClock clock;
    return clock;
  }

  const int level_;
  const std::shared_ptr<Sink> sink_;
  const log::internal::ProcessLog* const previous_;
};

}  // namespace weir::testing
