#include "common/async/timers.h"

#include <boost/asio/steady_timer.hpp>

namespace weir {

struct AsioTimers::Kernel {
  explicit Kernel(asio::io_context& loop) : timer(loop) {}
  asio::steady_timer timer;
  bool alive = true;
};

AsioTimers::AsioTimers(asio::io_context& loop, const Clock& clock)
    : clock_(clock), kernel_(std::make_shared<Kernel>(loop)) {}

AsioTimers::~AsioTimers() {
  kernel_->alive = false;
  kernel_->timer.cancel();
}

Timers::Id AsioTimers::At(MonotonicTime when, std::function<void()> fire) {
  const Id id = next_id_++;
  waiting_.emplace(std::pair(when, id), std::move(fire));
  when_.emplace(id, when);
  if (when < armed_) Arm();
  return id;
}

void AsioTimers::Cancel(Id id) {
  auto found = when_.find(id);
  if (found == when_.end()) return;
  waiting_.erase({found->second, id});
  when_.erase(found);
  // The kernel timer stays armed: one early wake-up costs less than two system calls.
}

void AsioTimers::Arm() {
  if (waiting_.empty()) {
    armed_ = MonotonicTime::max();
    return;
  }
  armed_ = waiting_.begin()->first.first;
  kernel_->timer.expires_at(armed_);
  kernel_->timer.async_wait([this, kernel = kernel_](ErrorCode error) {
    if (!error && kernel->alive) Fire();
  });
}

void AsioTimers::Fire() {
  const MonotonicTime now = clock_.Monotonic();
  // Only what is waiting now: what the callbacks add for "now" comes at the next turn.
  std::vector<std::function<void()>> due;
  while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
    auto first = waiting_.begin();
    when_.erase(first->first.second);
    due.push_back(std::move(first->second));
    waiting_.erase(first);
  }
  Arm();
  for (auto& each : due) each();
}

asio::awaitable<void> SleepFor(Timers& timers, Duration wait) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer wake(executor, asio::steady_timer::time_point::max());
  const Timers::Id id = timers.At(timers.clock().Monotonic() + wait, [&wake] { wake.cancel(); });
  co_await wake.async_wait(kTuple);
  timers.Cancel(id);
}

}  // namespace weir
