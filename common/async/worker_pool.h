#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "common/status/status.h"

namespace weir {

// Threads for what must not run on an event loop: SQL, long texts, index builds. Idle threads do
// not wake up. Thread-safe.
class WorkerPool {
 public:
  // `name` (at most 15 bytes) shows in ps and gdb. `threads`: at least 1. At most `max_queued`
  // pieces of work wait.
  WorkerPool(std::string name, int threads, size_t max_queued);
  ~WorkerPool() { Stop(); }

  // Finishes what is queued, and takes nothing more. Once what the work refers to is about to go.
  // Not from one of its own threads.
  void Stop();

  // False where the queue is full or the pool is stopping: `work` will not run.
  // It must not throw.
  [[nodiscard]] bool TryPost(std::function<void()> work);

 private:
  void Run();

  const size_t max_queued_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// Runs `work` (returns absl::StatusOr<T> or absl::Status) on the pool and comes back to the
// coroutine's executor with its result. kUnavailable where the pool's queue is full. `work` must
// own what it touches: it runs to its end even if the coroutine is gone. Loops outlive the pool: a
// worker may still be leaving a loop whose last coroutine is done.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work>> RunOn(WorkerPool& pool, Work work) {
  using Result = std::invoke_result_t<Work>;
  auto executor = co_await asio::this_coro::executor;
  auto initiate = [&pool, executor](auto handler, Work job) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto guard = asio::make_work_guard(executor);
    auto run = [shared, executor, guard, job = std::move(job)]() mutable {
      auto result = std::make_shared<Result>(job());
      // All that holds the coroutine and its loop goes along: this thread has no part in it from
      // here on.
      asio::post(executor, [shared = std::move(shared), guard = std::move(guard), result] {
        std::move (*shared)(std::move(*result));
      });
    };
    if (!pool.TryPost(std::move(run))) {
      asio::post(executor, [shared] {
        std::move (*shared)(Result(status::Unavailable("the worker queue is full")));
      });
    }
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(
      initiate, asio::use_awaitable, std::move(work));
}

}  // namespace weir
