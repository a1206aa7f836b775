#pragma once

#include <gtest/gtest.h>

#include <optional>

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

}  // namespace weir::testing
