#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "services/quota/config.h"
#include "services/quota/ledger.h"

namespace weir::quota {

// Where settlements go to last.
class LedgerSink {
 public:
  virtual ~LedgerSink() = default;
  // Completes on the caller's executor when the row (not null) is durable: true where the ledger
  // had it already. kUnavailable: it is not in the ledger as far as is known; append it again.
  virtual asio::awaitable<absl::StatusOr<bool>> Append(std::unique_ptr<LedgerRow> row) = 0;
};

// Adds rows to a ledger in groups, on one thread of its own: a commit costs a disk flush, however
// many rows it carries. A group closes when it has `ledger_batch` rows or `ledger_linger` after its
// first one; an idle writer does not wake up.
//
// Thread-safe. Append answers kUnavailable at once where `ledger_queue` rows wait.
class LedgerWriter final : public LedgerSink {
 public:
  // `ledger` must outlive this object.
  LedgerWriter(const QuotaConfig& config, Ledger& ledger);
  // Commits what waits. The loops of all callers must still be there.
  ~LedgerWriter() override;

  asio::awaitable<absl::StatusOr<bool>> Append(std::unique_ptr<LedgerRow> row) override;

 private:
  using Result = absl::StatusOr<bool>;
  using Handler = asio::any_completion_handler<void(Result)>;
  struct Waiter {
    size_t row;  // In its group.
    Handler handler;
  };
  // Those of one loop, which runs until they are answered.
  struct Waiters {
    asio::executor_work_guard<asio::any_io_executor> loop;
    std::vector<Waiter> all;
  };
  struct Group {
    std::vector<LedgerRow> rows;
    std::vector<Waiters> waiters;
  };
  struct Answers;

  void Enqueue(LedgerRow& row, const asio::any_io_executor& executor, Handler handler);
  // False: nothing was taken.
  bool TryEnqueue(LedgerRow& row, const asio::any_io_executor& executor, Handler& handler);
  void Run();
  // No rows: stopping, and nothing waits.
  Group TakeGroup();
  bool GroupIsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t batch_;
  const size_t max_queued_;
  const Duration linger_;
  Ledger& ledger_;

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Group> queue_ ABSL_GUARDED_BY(mutex_);  // All but the last are full.
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;        // Rows.
  size_t last_group_ ABSL_GUARDED_BY(mutex_) = 0;    // Rows that it had.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::quota
