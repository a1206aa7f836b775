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
 public:
  // Held by whoever rebuilds; the others go on when it says how that went, or is gone.
  class Lead {
   public:
    Lead(RedisRebuilds& all, std::string organization)
        : all_(&all), organization_(std::move(organization)) {}
    Lead(Lead&& other) noexcept
        : all_(std::exchange(other.all_, nullptr)), organization_(std::move(other.organization_)) {}
    Lead& operator=(Lead&&) = delete;
    ~Lead() { End(status::Unavailable("whoever rebuilt the counters is gone")); }
    void End(absl::Status result);

   private:
    RedisRebuilds* all_;
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
  void Finish(const std::string& organization, const absl::Status& result);

  Mutex mutex_;
  absl::flat_hash_map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::quota
