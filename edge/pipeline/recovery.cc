#include "edge/pipeline/recovery.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <iterator>

#include "common/log/log.h"

namespace weir::edge {
namespace {

constexpr Duration kInterval = std::chrono::seconds(10);
constexpr Duration kPause = std::chrono::seconds(1);
constexpr Duration kReadPoll = std::chrono::milliseconds(10);
// Settlements under way together: the ledger commits in groups, and each group takes its time.
constexpr size_t kAtOnce = 256;

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

// Settlements that are under way together, and what became of them.
struct Recovery::Wave {
  explicit Wave(asio::any_io_executor executor)
      : over(std::move(executor), asio::steady_timer::time_point::max()) {}

  size_t open = 0;
  bool some_refused = false;
  std::vector<quota::v1::SettleRequest> failed;
  absl::Status why;  // The last one of them failed.
  asio::steady_timer over;
};

asio::awaitable<void> Recovery::SettleOne(std::shared_ptr<Wave> wave,
                                          quota::v1::SettleRequest settlement) {
  quota::v1::SettleRequest copy = settlement;
  const auto settled = co_await deps_.quota.Settle(api::CallContext{}, std::move(copy));
  if (api::IsRefusedForGood(settled.status())) {
    deps_.refused.Put(settlement, status::Message(settled.status()));
    wave->some_refused = true;
  } else if (!settled.ok()) {
    wave->failed.push_back(std::move(settlement));
    wave->why = settled.status();
  }
  if (--wave->open == 0) wave->over.cancel();
}

// All that the edge dispatched is settled: what else it held was never spent. False: quota cannot
// be told now.
asio::awaitable<bool> Recovery::SayGone(std::string instance) {
  quota::v1::HeartbeatRequest gone;
  gone.set_edge_id(std::move(instance));
  gone.set_gone(true);
  const auto told = co_await deps_.quota.Heartbeat(api::CallContext{}, std::move(gone));
  if (told.ok() || api::IsRefusedForGood(told.status())) co_return true;
  log::Warn("edge.heartbeat.failed", {{"reason", status::Message(told.status())}});
  co_return false;
}

// False: quota cannot be asked now.
asio::awaitable<bool> Recovery::SettleAll() {
  const auto executor = co_await asio::this_coro::executor;
  while (!adopted_.empty()) {
    std::vector<quota::v1::SettleRequest>& left = adopted_.front().settlements;
    const auto wave = std::make_shared<Wave>(executor);
    const size_t some = std::min(left.size(), kAtOnce);
    wave->open = some;
    for (size_t i = 0; i < some; ++i) {
      asio::co_spawn(executor, SettleOne(wave, std::move(left.back())), asio::detached);
      left.pop_back();
    }
    while (wave->open > 0) co_await wave->over.async_wait(kTuple);
    std::ranges::move(wave->failed, std::back_inserter(left));
    if (wave->some_refused) adopted_.front().is_whole = false;
    if (!wave->failed.empty()) {
      log::Warn("edge.settle.waiting",
                {{"settlements", waiting()}, {"reason", status::Message(wave->why)}});
      co_return false;
    }
    if (!left.empty()) continue;
    // Else what it held lapses, and counts as spent.
    if (adopted_.front().is_whole) {
      const bool said = co_await SayGone(adopted_.front().instance);
      if (!said) co_return false;
    }
    adopted_.front().discard();
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
