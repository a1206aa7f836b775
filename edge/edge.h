#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/async/worker_pool.h"
#include "common/ids/random.h"
#include "common/metrics/registry.h"
#include "edge/config.h"
#include "edge/loop_services.h"

namespace weir::edge {

// The HTTP face: listeners, event loops, and a pipeline on each loop. Decides nothing; asks the
// services behind their interfaces, wherever they run.
class Edge {
 public:
  struct Deps {
    MakeLoopServices services;  // What it refers to must outlive this object, as all of these.
    WorkerPool& workers;        // For fsync.
    const Clock& clock;
    Random& random;
    metrics::Registry& metrics;
    // What /readyz tells beside "ok" (http::OpsSources); null: nothing.
    std::function<std::string()> remark = nullptr;
  };

  // Opens everything that can fail: outboxes, listeners, TLS. Nothing is accepted yet. `config` is
  // valid. kInvalidArgument: a PEM file cannot be used; kUnavailable: an address is taken, or the
  // outboxes' folder cannot be written.
  static absl::StatusOr<std::unique_ptr<Edge>> Create(EdgeConfig config, Deps deps);
  virtual ~Edge() = default;

  // Starts the loops; settles what an earlier process left in its outboxes, then accepts. Returns
  // at once. Once.
  virtual void Start() = 0;

  // Leaves in order: not ready, no new connections, open answers finish within `config.drain`,
  // settlements reach the ledger. Blocks until then, some 10 s longer than `config.drain` at most.
  // Once, and after Start.
  virtual void Drain() = 0;

  // Serves requests: the routing table is there, and nothing drains. Any thread.
  virtual bool ready() const = 0;
  // Ports in the order of `config.listeners`, and of the ops listener.
  virtual std::vector<uint16_t> ports() const = 0;
  virtual uint16_t ops_port() const = 0;
};

}  // namespace weir::edge
