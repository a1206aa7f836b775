#include "services/quota/ledger_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace weir::quota {
namespace {

// So many are answered in one turn of their loop; then its requests have theirs.
constexpr size_t kAnswersATurn = 32;

}  // namespace

// What the waiters of one loop hear. Their guard must go on that loop, which may be gone right
// after.
struct LedgerWriter::Answers {
  Waiters waiters;
  std::shared_ptr<const absl::StatusOr<std::vector<bool>>> duplicates;
  size_t next = 0;

  void operator()() {
    const size_t end = std::min(next + kAnswersATurn, waiters.all.size());
    for (; next < end; ++next) {
      Waiter& waiter = waiters.all[next];
      Result result =
          duplicates->ok() ? Result((**duplicates)[waiter.row]) : Result(duplicates->status());
      std::move(waiter.handler)(std::move(result));
    }
    if (next == waiters.all.size()) return;
    const asio::any_io_executor loop = waiters.loop.get_executor();
    asio::post(loop, std::move(*this));
  }
};

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

asio::awaitable<absl::StatusOr<bool>> LedgerWriter::Append(std::unique_ptr<LedgerRow> row) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  // The row goes into its group; what waits for it keeps nothing of it. Taken first: who has the
  // handler may go on here.
  auto initiate = [this, &executor, &row](auto handler) {
    const std::unique_ptr<LedgerRow> taken = std::move(row);
    Enqueue(*taken, executor, std::move(handler));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(
      initiate, asio::use_awaitable);
}

void LedgerWriter::Enqueue(LedgerRow& row, const asio::any_io_executor& executor, Handler handler) {
  if (TryEnqueue(row, executor, handler)) return;
  asio::post(executor, [handler = std::move(handler)]() mutable {
    std::move(handler)(status::Unavailable("the ledger's queue is full: settle again later"));
  });
}

bool LedgerWriter::TryEnqueue(LedgerRow& row, const asio::any_io_executor& executor,
                              Handler& handler) {
  bool first = false;
  bool full = false;
  {
    MutexLock lock(mutex_);
    if (stopping_ || queued_ >= max_queued_) return false;
    first = queue_.empty();
    if (first || queue_.back().rows.size() >= batch_) {
      queue_.emplace_back();
      queue_.back().rows.reserve(last_group_);
    }
    Group& group = queue_.back();
    const auto of_loop = [&](const Waiters& each) { return each.loop.get_executor() == executor; };
    auto waiters = std::ranges::find_if(group.waiters, of_loop);
    if (waiters == group.waiters.end()) {
      group.waiters.push_back({asio::make_work_guard(executor), {}});
      waiters = std::prev(group.waiters.end());
    }
    waiters->all.push_back({group.rows.size(), std::move(handler)});
    group.rows.push_back(std::move(row));
    ++queued_;
    full = queue_.size() == 1 && GroupIsFull();
  }
  // The first one wakes the writer, the last one of a group ends its wait.
  if (first || full) wake_.notify_one();
  return true;
}

bool LedgerWriter::GroupIsFull() const { return queue_.front().rows.size() >= batch_; }

LedgerWriter::Group LedgerWriter::TakeGroup() {
  MutexLock lock(mutex_);
  while (!stopping_ && queue_.empty()) wake_.wait(mutex_);
  if (queue_.empty()) return {};
  const auto end = std::chrono::steady_clock::now() + linger_;
  while (!stopping_ && !GroupIsFull()) {
    if (wake_.wait_until(mutex_, end) == std::cv_status::timeout) break;
  }
  Group group = std::move(queue_.front());
  queue_.pop_front();
  queued_ -= group.rows.size();
  last_group_ = group.rows.size();
  return group;
}

void LedgerWriter::Run() {
  for (;;) {
    Group group = TakeGroup();
    if (group.rows.empty()) return;
    const auto duplicates =
        std::make_shared<const absl::StatusOr<std::vector<bool>>>(ledger_.Append(group.rows));
    // One post wakes a loop once for all that it waits for.
    for (Waiters& each : group.waiters) {
      const asio::any_io_executor loop = each.loop.get_executor();
      asio::post(loop, Answers{std::move(each), duplicates});
    }
  }
}

}  // namespace weir::quota
