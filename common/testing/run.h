#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "common/async/asio.h"

namespace weir::testing {

// Runs a coroutine on `loop` until it is done, however many threads help; ends the test program
// after 10 s of real time.
template <typename T>
T RunUntilDone(asio::io_context& loop, asio::awaitable<T> work) {
  std::optional<T> result;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown, T value) {
    if (thrown) std::rethrow_exception(thrown);
    result.emplace(std::move(value));
  });
  auto guard = asio::make_work_guard(loop);
  loop.restart();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!result && std::chrono::steady_clock::now() < end) {
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  if (!result) {
    ADD_FAILURE() << "the coroutine did not finish within 10 s";
    std::abort();
  }
  return std::move(*result);
}
template <typename T>
T RunUntilDone(asio::awaitable<T> work) {
  asio::io_context loop;
  return RunUntilDone(loop, std::move(work));
}

// Runs what is ready on `loop` until `done`, or fails after 5 s of real time. For tests that put
// both ends of a connection on one thread, so that time itself can be virtual.
template <typename Done>
::testing::AssertionResult PumpUntil(asio::io_context& loop, Done done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (;;) {
    loop.restart();
    while (loop.poll() > 0) {
    }
    if (done()) return ::testing::AssertionSuccess();
    if (std::chrono::steady_clock::now() > end) {
      return ::testing::AssertionFailure() << "nothing came within 5 s";
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace weir::testing
