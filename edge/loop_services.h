#pragma once

#include <functional>
#include <memory>

#include "common/api/cache.h"
#include "common/api/guardrails.h"
#include "common/api/identity.h"
#include "common/api/quota.h"
#include "common/api/routing.h"
#include "common/async/timers.h"

namespace weir::edge {

// The services as one event loop asks them, and how that loop is run: services in other processes
// answer by what the loop has to look at too. On the loop's thread; outlives what runs on the loop.
class LoopServices {
 public:
  virtual ~LoopServices() = default;
  virtual api::Identity& identity() = 0;
  virtual api::Quota& quota() = 0;
  virtual api::Routing& routing() = 0;
  // Null: there is none, and what it would decide is not asked.
  virtual api::Guardrails* guardrails() { return nullptr; }
  virtual api::Cache* cache() { return nullptr; }

  // Of quota: nothing is spent without asking any more, and what is leased is given back.
  virtual void StopLeasing() {}
  // Leases that are not given back yet.
  virtual size_t leases() const { return 0; }

  // Runs `io` on this thread until it is stopped. Once.
  virtual void Run(asio::io_context& io) = 0;
  // Why the services cannot be relied on now, in one line; empty: they can.
  virtual std::string WhyNotReady() const = 0;
  // Destroys the coroutines that wait for an answer. Nobody runs the loop then, or later.
  virtual void Abandon() = 0;
};

// Makes them for the loop `io`, whose timers are `timers`. Both outlive what it makes.
using MakeLoopServices = std::function<absl::StatusOr<std::unique_ptr<LoopServices>>(
    asio::io_context& io, Timers& timers)>;

// Services of this process, which all loops share. All outlive the loops.
struct Cores {
  api::Identity& identity;
  api::Quota& quota;
  api::Routing& routing;
  api::Guardrails* guardrails = nullptr;  // Null: as LoopServices has it.
  api::Cache* cache = nullptr;
  // Quota's counters lie where they may be lost; the loops say what they have under way then.
  bool may_lose_holds = false;
};
MakeLoopServices SharedServices(Cores cores);

}  // namespace weir::edge
