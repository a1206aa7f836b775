#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/async/asio.h"

namespace weir {
namespace at_once_internal {

template <typename Item>
struct Work {
  Work(asio::any_io_executor loop, std::vector<Item> todo,
       std::function<asio::awaitable<void>(Item)> how)
      : items(std::move(todo)),
        act(std::move(how)),
        over(std::move(loop), asio::steady_timer::time_point::max()) {}
  std::vector<Item> items;
  std::function<asio::awaitable<void>(Item)> act;
  size_t next = 0;
  size_t running = 0;
  std::exception_ptr thrown;  // The first.
  asio::steady_timer over;
};

template <typename Item>
asio::awaitable<void> TakeItems(std::shared_ptr<Work<Item>> work) {
  while (work->next < work->items.size()) {
    Item item = std::move(work->items[work->next++]);
    try {
      co_await work->act(std::move(item));
    } catch (...) {
      if (!work->thrown) work->thrown = std::current_exception();
    }
  }
  if (--work->running == 0) work->over.cancel();
}

}  // namespace at_once_internal

// Acts on every item, begun in their order, on at most `most` (above 0) of them at a time;
// completes when all are done, and throws what the first of them threw. On the loop of the caller;
// what `act` uses lives as long as what runs there.
template <typename Item>
asio::awaitable<void> ForEachAtOnce(std::vector<Item> items, size_t most,
                                    std::function<asio::awaitable<void>(Item)> act) {
  auto executor = co_await asio::this_coro::executor;
  const size_t takers = std::min(most, items.size());
  if (takers == 0) co_return;
  const auto work =
      std::make_shared<at_once_internal::Work<Item>>(executor, std::move(items), std::move(act));
  work->running = takers;
  for (size_t i = 1; i < takers; ++i) {
    asio::co_spawn(executor, at_once_internal::TakeItems<Item>(work), asio::detached);
  }
  co_await at_once_internal::TakeItems<Item>(work);
  while (work->running > 0) co_await work->over.async_wait(kTuple);
  if (work->thrown) std::rethrow_exception(work->thrown);
}

}  // namespace weir
