#pragma once

#include <deque>
#include <memory>
#include <string>

#include "common/api/quota.h"
#include "common/async/timers.h"
#include "common/async/worker_pool.h"
#include "edge/pipeline/outbox.h"
#include "edge/pipeline/quarantine.h"

namespace weir::edge {

// Brings into the ledger what edges that are gone left in the outbox directory: of this process's
// predecessor, and of others that share the directory. One a process, on one loop.
class Recovery {
 public:
  struct Deps {
    std::string directory;
    api::Quota& quota;  // All must outlive this object.
    Quarantine& refused;
    WorkerPool& workers;  // Reads the files.
    Timers& timers;
  };
  explicit Recovery(Deps deps) : deps_(std::move(deps)) {}

  // Returns when all that is there now is settled, so that strict limits count it; after `wait` in
  // any case: then the ledger is out of reach, and Run goes on.
  asio::awaitable<void> SettleFirst(Duration wait);
  // Looks every 10 s, and settles what it finds. Ends with its loop.
  asio::awaitable<void> Run();

  // Settlements that wait for a ledger that cannot be reached.
  size_t waiting() const;

 private:
  asio::awaitable<void> Look();
  asio::awaitable<bool> SettleAll();
  asio::awaitable<bool> SayGone(std::string instance);
  struct Wave;
  asio::awaitable<void> SettleOne(std::shared_ptr<Wave> wave, quota::v1::SettleRequest settlement);

  const Deps deps_;
  std::deque<Adopted> adopted_;
};

}  // namespace weir::edge
