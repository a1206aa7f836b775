#include "common/rpc/polled_loop.h"

#include <algorithm>
#include <chrono>

#include "common/async/beat.h"

namespace weir::rpc {
namespace {

// Completions between two looks at the sockets.
constexpr int kAtOnce = 128;
// How long the sockets wait while an answer is expected. Shorter costs CPU where cores are shared,
// longer delays requests that come meanwhile.
constexpr Duration kAwait = std::chrono::microseconds(100);
constexpr Duration kShortestPause = std::chrono::milliseconds(1);
constexpr Duration kLongPause = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::milliseconds(200);
// Long pauses in a row, before the longest.
constexpr int kLongPauses = 50;

gpr_timespec After(Duration wait) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(wait.count(), GPR_TIMESPAN));
}

void Complete(void* raw, bool ok) { TagOf(raw)->Complete(ok); }

}  // namespace

PolledLoop::~PolledLoop() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) Complete(tag, ok);
}

void PolledLoop::Expect(int change) {
  expected_ += change;
  if (change <= 0) return;
  pause_ = kShortestPause;
  long_pauses_ = 0;
}

bool PolledLoop::RunCompletions() {
  void* tag = nullptr;
  bool ok = false;
  const gpr_timespec now = gpr_time_0(GPR_CLOCK_MONOTONIC);
  int ran = 0;
  while (ran < kAtOnce && queue_.AsyncNext(&tag, &ok, now) == grpc::CompletionQueue::GOT_EVENT) {
    Complete(tag, ok);
    ++ran;
  }
  return ran > 0;
}

void PolledLoop::AwaitCompletion(Duration longest) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, After(longest)) == grpc::CompletionQueue::GOT_EVENT) {
    Complete(tag, ok);
  }
}

void PolledLoop::Idle() {
  if (expected_ > 0) return AwaitCompletion(kAwait);
  const bool is_long_idle = long_pauses_ >= kLongPauses;
  pause_ = std::clamp(pause_ * 2, kShortestPause, is_long_idle ? kLongestPause : kLongPause);
  if (pause_ == kLongPause) ++long_pauses_;
  const bool is_longest = pause_ == kLongestPause;
  io_.run_one_for(is_longest ? UntilNextBeat(std::chrono::steady_clock::now(), pause_) : pause_);
}

void PolledLoop::Run() {
  while (!io_.stopped()) {
    const bool handled = io_.poll() > 0;
    const bool completed = RunCompletions();
    if (!handled && !completed) Idle();
  }
}

}  // namespace weir::rpc
