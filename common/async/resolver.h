#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/async/asio.h"
#include "common/async/worker_pool.h"
#include "common/status/status.h"

namespace weir {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

// Looks names up on a few threads of its own: the system's look-up blocks, for as long as it likes,
// and one name whose server is silent must not stop the others. One per loop.
class Resolver {
 public:
  // Blocks; any thread.
  using LookUp =
      std::function<absl::StatusOr<Endpoints>(const std::string& host, const std::string& port)>;
  static constexpr int kThreads = 4;
  static constexpr size_t kMaxWaiting = 256;

  // An empty `look_up` is the system's.
  explicit Resolver(LookUp look_up = {});

  // One look-up; belongs to one coroutine.
  class Query {
   public:
    explicit Query(asio::any_io_executor executor);
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    // kUnavailable: no such name, or too many look-ups wait; kCancelled: Cancel(). Once.
    asio::awaitable<absl::StatusOr<Endpoints>> Run(Resolver* resolver, std::string host,
                                                   std::string port);
    // Run returns now; an answer that comes later is dropped.
    void Cancel();

   private:
    struct State;
    std::shared_ptr<State> state_;
  };

 private:
  const LookUp look_up_;
  WorkerPool workers_;  // The last: joined before what its work refers to goes.
};

}  // namespace weir
