#include "services/quota/ledger_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace weir::quota {
LedgerWriter::LedgerWriter(const QuotaConfig& config, Ledger& ledger)
    : batch_(static_cast<size_t>(config.ledger_batch)),
      max_queued_(static_cast<size_t>(config.ledger_queue)),
      linger_(config.ledger_linger),
      ledger_(ledger),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "quota-ledger");
}

LedgerWriter::~LedgerWriter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

asio::awaitable<absl::StatusOr<bool>> LedgerWriter::Append(LedgerRow row) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto initiate = [this](auto handler, asio::any_io_executor its_executor, LedgerRow its_row) {
    Enqueue(std::move(its_row), std::move(its_executor), std::move(handler));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(
      initiate, asio::use_awaitable, std::move(executor), std::move(row));
}

void LedgerWriter::Enqueue(LedgerRow row, asio::any_io_executor executor, Handler handler) {
  Pending pending{std::move(row), {executor, asio::make_work_guard(executor), std::move(handler)}};
  if (TryEnqueue(pending)) return;
  asio::post(executor, [handler = std::move(pending.waiter.handler)]() mutable {
    std::move(handler)(status::Unavailable("the ledger's queue is full: settle again later"));
  });
}

bool LedgerWriter::TryEnqueue(Pending& pending) {
  size_t waiting = 0;
  {
    MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(pending));
    waiting = queue_.size();
  }
  // The first one wakes the writer, the last one of a group ends its wait.
  if (waiting == 1 || waiting == batch_) wake_.notify_one();
  return true;
}

LedgerWriter::Group LedgerWriter::TakeGroup() {
  MutexLock lock(mutex_);
  while (!stopping_ && queue_.empty()) wake_.wait(mutex_);
  const auto end = std::chrono::steady_clock::now() + linger_;
  while (!stopping_ && queue_.size() < batch_) {
    if (wake_.wait_until(mutex_, end) == std::cv_status::timeout) break;
  }
  Group group;
  while (!queue_.empty() && group.rows.size() < batch_) {
    group.rows.push_back(std::move(queue_.front().row));
    group.waiters.push_back(std::move(queue_.front().waiter));
    queue_.pop_front();
  }
  return group;
}

void LedgerWriter::Run() {
  for (;;) {
    Group group = TakeGroup();
    if (group.rows.empty()) return;
    Answer(group.waiters, ledger_.Append(group.rows));
  }
}

void LedgerWriter::Answer(std::vector<Waiter>& waiters,
                          const absl::StatusOr<std::vector<bool>>& duplicates) {
  struct One {
    Waiter waiter;  // With its guard, which must go on its own loop: that loop may be gone right
                    // after.
    Result result;
  };
  struct Loop {
    asio::any_io_executor executor;
    std::vector<One> answers;
  };
  std::vector<Loop> loops;
  for (size_t i = 0; i < waiters.size(); ++i) {
    Waiter& waiter = waiters[i];
    auto loop = std::ranges::find(loops, waiter.executor, &Loop::executor);
    if (loop == loops.end()) loop = loops.insert(loop, Loop{waiter.executor, {}});
    Result result = duplicates.ok() ? Result((*duplicates)[i]) : Result(duplicates.status());
    loop->answers.push_back({std::move(waiter), std::move(result)});
  }
  // One post wakes a loop once for all that it waits for.
  for (Loop& each : loops) {
    asio::post(each.executor, [answers = std::move(each.answers)]() mutable {
      for (One& each : answers) std::move(each.waiter.handler)(std::move(each.result));
    });
  }
}

}  // namespace weir::quota
