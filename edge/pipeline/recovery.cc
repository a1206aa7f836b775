#include "edge/pipeline/recovery.h"

#include <atomic>

#include "common/log/log.h"

namespace weir::edge {
namespace {

constexpr Duration kInterval = std::chrono::seconds(10);
constexpr Duration kPause = std::chrono::seconds(1);
constexpr Duration kReadPoll = std::chrono::milliseconds(10);

// What a worker found; owned by both sides, so that neither waits for the other at the end.
struct Scan {
  absl::StatusOr<std::vector<Adopted>> found = std::vector<Adopted>();
  std::atomic<bool> done{false};
};

}  // namespace

asio::awaitable<void> Recovery::Look() {
  auto scan = std::make_shared<Scan>();
  const bool posted = deps_.workers.TryPost([scan, directory = deps_.directory] {
    scan->found = AdoptOutboxes(directory);
    scan->done.store(true, std::memory_order_release);
  });
  if (!posted) co_return;  // The next look finds it.
  while (!scan->done.load(std::memory_order_acquire)) co_await SleepFor(deps_.timers, kReadPoll);
  if (!scan->found.ok()) {
    log::Error("edge.outbox.unreadable", {{"reason", status::Message(scan->found.status())}});
    co_return;
  }
  for (Adopted& each : *scan->found) {
    if (!each.settlements.empty() || each.unreadable > 0) {
      log::Info("edge.outbox.adopted",
                {{"settlements", each.settlements.size()}, {"unreadable", each.unreadable}});
    }
    adopted_.push_back(std::move(each));
  }
}

// False: quota cannot be asked now.
asio::awaitable<bool> Recovery::SettleAll() {
  while (!adopted_.empty()) {
    Adopted& oldest = adopted_.front();
    while (!oldest.settlements.empty()) {
      quota::v1::SettleRequest copy = oldest.settlements.back();
      const auto settled = co_await deps_.quota.Settle(api::CallContext{}, std::move(copy));
      if (!settled.ok() && !IsRefusedForGood(settled.status())) {
        log::Warn("edge.settle.waiting",
                  {{"settlements", waiting()}, {"reason", status::Message(settled.status())}});
        co_return false;
      }
      if (!settled.ok()) {
        deps_.refused.Put(oldest.settlements.back(), status::Message(settled.status()));
      }
      oldest.settlements.pop_back();
    }
    oldest.discard();
    adopted_.pop_front();
  }
  co_return true;
}

asio::awaitable<void> Recovery::SettleFirst(Duration wait) {
  const MonotonicTime end = deps_.timers.clock().Monotonic() + wait;
  co_await Look();
  for (;;) {
    const bool done = co_await SettleAll();
    if (done || deps_.timers.clock().Monotonic() >= end) co_return;
    co_await SleepFor(deps_.timers, kPause);
  }
}

asio::awaitable<void> Recovery::Run() {
  MonotonicTime next_look = deps_.timers.clock().Monotonic() + kInterval;
  for (;;) {
    co_await SleepFor(deps_.timers, adopted_.empty() ? kInterval : kPause);
    if (deps_.timers.clock().Monotonic() >= next_look) {
      next_look = deps_.timers.clock().Monotonic() + kInterval;
      co_await Look();
    }
    co_await SettleAll();
  }
}

size_t Recovery::waiting() const {
  size_t all = 0;
  for (const Adopted& each : adopted_) all += each.settlements.size();
  return all;
}

}  // namespace weir::edge
