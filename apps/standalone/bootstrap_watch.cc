#include "apps/standalone/bootstrap_watch.h"

#include <sys/inotify.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "common/log/log.h"

namespace weir::standalone {
namespace {

// Editors and config maps write several files in a row: they are one change.
constexpr Duration kQuiet = std::chrono::milliseconds(200);

}  // namespace

struct BootstrapWatch::State {
  State(asio::io_context& loop, int fd, Timers& its_timers, WorkerPool& its_workers)
      : events(loop, fd), timers(its_timers), workers(its_workers) {}
  asio::posix::stream_descriptor events;
  Timers& timers;
  WorkerPool& workers;
  std::function<absl::Status()> apply;
};

absl::StatusOr<std::unique_ptr<BootstrapWatch>> BootstrapWatch::Start(
    const std::string& folder, asio::io_context& loop, Timers& timers, WorkerPool& workers,
    std::function<absl::Status()> apply) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return status::Unavailable("watching '{}': {}", folder, std::strerror(errno));
  auto state = std::make_shared<State>(loop, fd, timers, workers);
  state->apply = std::move(apply);
  ErrorCode ignored;
  state->events.non_blocking(true, ignored);  // Else Asio waits in read_some.
  const uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE;
  if (::inotify_add_watch(fd, folder.c_str(), changes) < 0) {
    return status::Unavailable("watching '{}': {}", folder, std::strerror(errno));
  }
  asio::co_spawn(loop, Follow(state), asio::detached);
  return std::unique_ptr<BootstrapWatch>(new BootstrapWatch(std::move(state)));
}

BootstrapWatch::~BootstrapWatch() {
  ErrorCode ignored;
  state_->events.close(ignored);
}

asio::awaitable<void> BootstrapWatch::Follow(std::shared_ptr<State> state) {
  std::array<char, 4096> names;
  for (;;) {
    auto [error, read] = co_await state->events.async_read_some(asio::buffer(names), kTuple);
    if (error) co_return;
    co_await SleepFor(state->timers, kQuiet);
    // What came meanwhile is the same change.
    ErrorCode none_left;
    while (state->events.read_some(asio::buffer(names), none_left) > 0 && !none_left) {
    }
    const absl::Status applied = co_await RunOn(state->workers, state->apply);
    // What was in force stays in force.
    if (!applied.ok()) log::Error("bootstrap.refused", {{"reason", status::Message(applied)}});
  }
}

}  // namespace weir::standalone
