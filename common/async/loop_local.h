#pragma once

#include <atomic>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>

#include "common/async/asio.h"

namespace weir {
namespace internal {

// What the loops keep for others. Asio owns one for each loop.
class LoopObjects final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit LoopObjects(asio::execution_context& context) : service(context) {
    // The services of what the objects are made of come first, so that they go last.
    auto& loop = static_cast<asio::io_context&>(context);
    asio::steady_timer timer(loop);
    asio::ip::tcp::socket socket(loop);
  }
  std::map<uint64_t, std::shared_ptr<void>> objects;

  // One that nobody has, whatever its objects are.
  static uint64_t NewKey() { return ++last_key_; }

 private:
  static inline std::atomic<uint64_t> last_key_ = 0;
  void shutdown() override { objects.clear(); }
};

}  // namespace internal

// One T for each event loop, made when a coroutine on it asks first, gone with the loop. What T
// refers to must outlive all loops that asked; T is used on its loop's thread alone. Thread-safe.
template <typename T>
class LoopLocal {
 public:
  using Make = std::function<std::unique_ptr<T>(asio::io_context&)>;
  explicit LoopLocal(Make make) : make_(std::move(make)) {}
  LoopLocal(const LoopLocal&) = delete;
  LoopLocal& operator=(const LoopLocal&) = delete;

  // Of the loop of `executor`, whose thread this is.
  T& Of(const asio::any_io_executor& executor) {
    auto& loop = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    auto& objects = asio::use_service<internal::LoopObjects>(loop).objects;
    const auto found = objects.find(key_);
    if (found != objects.end()) return *static_cast<T*>(found->second.get());
    std::shared_ptr<T> made = make_(loop);
    objects.emplace(key_, made);
    return *made;
  }

 private:
  // Not this object's address: another may come to lie there.
  const uint64_t key_ = internal::LoopObjects::NewKey();
  const Make make_;
};

}  // namespace weir
