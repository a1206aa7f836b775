#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "common/async/timers.h"
#include "common/status/status.h"

namespace weir::quota {

// Has each organisation rebuilt by one of those who need it, on whatever loops they are.
// Thread-safe.
class RedisRebuilds {
 private:
  struct Shared;

 public:
  RedisRebuilds();
  // Held by whoever rebuilds; the others go on when it says how that went, or is gone.
  class Lead {
   public:
    Lead(std::shared_ptr<Shared> shared, std::string organization)
        : shared_(std::move(shared)), organization_(std::move(organization)) {}
    Lead(Lead&&) noexcept = default;
    Lead& operator=(Lead&&) = delete;
    ~Lead() { End(status::Unavailable("whoever rebuilt the counters is gone")); }
    void End(absl::Status result);

   private:
    // Not the rebuilds: a coroutine of a loop that is left may hold this for longer.
    std::shared_ptr<Shared> shared_;
    std::string organization_;
  };

  // A lead: it is the caller's turn. None: somebody rebuilds; Await its end.
  std::optional<Lead> Begin(const std::string& organization);

  // How it went, as far as it ends within `wait`; kUnavailable where it does not. OK where nobody
  // rebuilds any more.
  asio::awaitable<absl::Status> Await(Timers& timers, std::string organization, Duration wait);

 private:
  struct Waiter {
    explicit Waiter(asio::any_io_executor executor)
        : wake(std::move(executor), asio::steady_timer::time_point::max()) {}
    asio::steady_timer wake;
    absl::Status result = status::Unavailable("the counters are still being rebuilt");
  };
  struct Shared {
    Mutex mutex;
    absl::flat_hash_map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting
        ABSL_GUARDED_BY(mutex);
  };
  const std::shared_ptr<Shared> shared_;
};

}  // namespace weir::quota
